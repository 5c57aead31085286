// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import org.jspecify.annotations.Nullable;

/**
 * How a journal is doing.
 *
 * @param bytes its segments take on disk, the spare included
 * @param segments how many, the spare not included
 * @param appends records appended since it was opened
 * @param forces how often a segment was forced since then
 * @param lastForceNanos how long the last one took
 * @param maxForceNanos how long the longest took
 * @param poisonedSegments how many could not be written to the end, since it was opened
 * @param failing whether the last attempt to write failed
 * @param lastError what went wrong last, be it long ago; null if nothing has
 * @param spareReady whether the next segment is prepared
 */
public record JournalStats(
        long bytes,
        int segments,
        long appends,
        long forces,
        long lastForceNanos,
        long maxForceNanos,
        long poisonedSegments,
        boolean failing,
        @Nullable String lastError,
        boolean spareReady) {}
