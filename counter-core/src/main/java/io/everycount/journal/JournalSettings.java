// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * How a journal works.
 *
 * @param segmentBytes the length of a segment, but for one whose first record is longer
 * @param bytesMax how much the segments of one instance may take on disk, the spare included
 * @param housekeeping runs what needs no haste: preparing the next segment, deleting old ones
 * @param random for the salt of an opening and for new instances' ids
 * @param clockNanos as {@link System#nanoTime}, to time what the disk takes
 */
public record JournalSettings(
        int segmentBytes, long bytesMax, Executor housekeeping, RandomGenerator random, LongSupplier clockNanos) {
    private static final int SEGMENT_BYTES_MIN = 512;
    private static final int SEGMENTS_MIN = 4;

    /**
     * @throws IllegalArgumentException if a segment is shorter than 512 bytes, or there is no room for four
     */
    public JournalSettings {
        if (segmentBytes < SEGMENT_BYTES_MIN) {
            throw new IllegalArgumentException(
                    "a segment of " + segmentBytes + " bytes is shorter than " + SEGMENT_BYTES_MIN);
        }
        if (bytesMax < (long) SEGMENTS_MIN * segmentBytes) {
            throw new IllegalArgumentException("a journal of " + bytesMax + " bytes has no room for " + SEGMENTS_MIN
                    + " segments of " + segmentBytes);
        }
    }
}
