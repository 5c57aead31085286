// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What the pipeline tells; called on its own threads, so implementations only pass it on. */
public interface PipelineEvents {
    /** A drain has ended. */
    void drained();

    /** A record of so many keys is in the journal, forced to disk; how long that took. */
    void journaled(long record, int keys, long nanos);

    /** A batch is about to be written, for the {@code attempt}th time in a row since the last success. */
    void writing(CounterSink sink, CounterBatch batch, int attempt);

    /** A batch is in the sink, whether the reply said so or the ledger. */
    void written(CounterSink sink, long fromRecord, long toRecord, int keys, int attempt, long nanos);

    /**
     * Something failed and is tried again.
     *
     * @param fatal whether a person has to act first
     */
    void failed(CounterSink sink, Throwable error, boolean fatal, int failures, long retryNanos);

    /** A report on an instance did not get to the sink; nothing depends on it. */
    void notReported(CounterSink sink, Throwable error);

    /** Entries were set aside. */
    void quarantined(CounterSink sink, List<QuarantinedEntry> entries);

    /** The sink's mark was found lower than before: the store went back in time. */
    void rewound(CounterSink sink, long fromRecord, long toRecord);

    /** Records that the store lost are no longer here either. */
    void gap(CounterSink sink, long fromRecord, long toRecord, long deltaSum);

    /**
     * The journal could not be written.
     *
     * @param failures in a row
     * @param retryNanos until it is tried again; 0 if it is not, as the cache is being closed
     */
    void journalFailed(Throwable error, int failures, long retryNanos);

    /** The journal can be written again. */
    void journalWorks();

    /** Another instance's records are all in the required sinks; so many of them were perhaps not there before. */
    void adopted(UUID instanceId, long records);

    /**
     * Another instance's journal cannot be adopted.
     *
     * @param instanceId null if it is not known which
     */
    void notAdopted(@Nullable UUID instanceId, String why);

    /** The pipeline, or one best-effort sink's part of it, has stopped for good. */
    void stopped(@Nullable CounterSink sink, PipelineState state, String why);
}
