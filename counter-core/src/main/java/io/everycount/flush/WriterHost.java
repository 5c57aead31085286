// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.QuarantinedEntry;
import java.util.List;
import java.util.UUID;

/** Whose records a {@link SinkWriter} writes: a cache's own, or those of an instance that it has adopted. */
interface WriterHost {
    /** Whether writing ends now, wherever it is. */
    boolean isAbandoned();

    /** Whether no more records will come. */
    boolean isComplete();

    /** No increment that is in no record yet is older than this moment. */
    long lastDrainNanos();

    /** Whether records after a mark are to be written without waiting for the next interval. */
    boolean isFlushDue(long mark);

    /** Who writes to a store for this host: the first one to ask. */
    SinkWriter claimStore(SinkWriter writer, UUID storeId);

    /** A writer's sink has set entries aside. Told before the mark that covers them. */
    void quarantined(SinkWriter writer, long upToRecord, List<QuarantinedEntry> entries);

    /** A writer has learned where its sink is. */
    void markMoved(SinkWriter writer);

    /** A writer has stopped for good. */
    void stoppedBy(SinkWriter writer, PipelineState why, String message);
}
