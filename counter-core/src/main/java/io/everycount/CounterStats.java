// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What became of everything drained from the cells so far. Amounts are sums of deltas modulo 2^64, and
 *
 * <pre>accepted = persisted + quarantined + lost + pending</pre>
 *
 * holds for every snapshot. Increments that no drain has taken yet are in none of them.
 *
 * @param instanceId this cache's name in the ledger of its first sink
 * @param state running, or why not
 * @param stateMessage a sentence, if not running
 * @param accepted taken from the cells by drains
 * @param persisted in the totals of every required sink
 * @param quarantined set aside by the required sink that is furthest behind; each sink's own is with it
 * @param lost in gaps: that store went back in time further than records were kept
 * @param pending on the way
 * @param pendingKeys the keys of the records that it is in, each counted as often as it is in a record
 * @param pendingBytes what that takes in memory, about: an entry counts as its key and 40 bytes, half of which it takes only
 *     while many are summed up
 * @param maxPendingBytes what it may take before increments stay in their cells
 * @param retainedBytes what is persisted and kept for a store that goes back in time, counted in the same way
 * @param lastRecord the number of the last record
 * @param appliedRecord the last one that every required sink has
 * @param freshness no increment that is not persisted is older than this
 * @param drains so far
 * @param keysInUse distinct keys with a cell, about
 * @param maxKeys how many there may be
 * @param crowdedTables how often a table got a keyed hash because too many keys collided
 * @param waiters increments of asynchronous calls that wait for their acknowledgement
 * @param overflowed increments counted under the overflow key instead of their own
 * @param rejected increments turned away, by reason
 * @param eventsLeftOut events that a slow listener did not get
 * @param journal the journal; null if there is none
 * @param sinks one entry for each sink
 */
public record CounterStats(
        UUID instanceId,
        State state,
        @Nullable String stateMessage,
        long accepted,
        long persisted,
        long quarantined,
        long lost,
        long pending,
        long pendingKeys,
        long pendingBytes,
        long maxPendingBytes,
        long retainedBytes,
        long lastRecord,
        long appliedRecord,
        Duration freshness,
        long drains,
        long keysInUse,
        long maxKeys,
        long crowdedTables,
        int waiters,
        long overflowed,
        Map<RejectedException.Reason, Long> rejected,
        long eventsLeftOut,
        @Nullable Journal journal,
        List<Sink> sinks) {
    /** Whether a cache works. */
    public enum State {
        /** Takes increments and writes them, or will when the sink can be reached. */
        RUNNING,
        /** Closed by its user. */
        CLOSED,
        /** Another process has taken over this instance's ledger entry. */
        FENCED,
        /** The sink's ledger does not agree with this instance's history. */
        FORKED,
        /** A defect or a lack of memory stopped the drainer. */
        FAILED
    }

    /**
     * The journal.
     *
     * @param directory of this instance
     * @param bytes what it takes on disk
     * @param maxBytes what it may take
     * @param segments its files
     * @param commits how often it was forced to disk
     * @param lastCommit how long that took the last time
     * @param slowestCommit how long it took at most
     * @param poisonedSegments files that are not written to any more, because that failed
     * @param problem why nothing gets into it at the moment; null if something does
     * @param adopted other instances that left their journal, and whose records have all been written since
     * @param adopting such instances whose records are being written
     * @param unadoptable such instances whose records cannot be written; the log says why
     * @param forked directories whose history does not agree with the sink's ledger; somebody has to decide
     */
    public record Journal(
            Path directory,
            long bytes,
            long maxBytes,
            int segments,
            long commits,
            Duration lastCommit,
            Duration slowestCommit,
            long poisonedSegments,
            @Nullable String problem,
            int adopted,
            int adopting,
            int unadoptable,
            int forked) {}

    /**
     * One sink.
     *
     * @param name as the sink says
     * @param instanceId this cache's name in its ledger
     * @param required whether acknowledgements wait for it
     * @param state running, or why not
     * @param quarantined the sum of deltas it set aside
     * @param quarantinedEntries how many entries it set aside so far, of adopted instances too
     * @param lost the sum of deltas in gaps that it had to be told of
     * @param gaps how often it had to be told of one
     * @param failing whether it has not been reached yet, or the last attempt failed
     * @param appliedRecord the last record that it has
     * @param batches written so far
     * @param retries attempts that failed so far
     * @param rewinds how often it went back in time
     * @param replayedRecords how many records it has been, or will be, written again because of that
     * @param lastError what failed last, until something succeeds
     */
    public record Sink(
            String name,
            UUID instanceId,
            boolean required,
            State state,
            long quarantined,
            long quarantinedEntries,
            long lost,
            long gaps,
            boolean failing,
            long appliedRecord,
            long batches,
            long retries,
            long rewinds,
            long replayedRecords,
            @Nullable String lastError) {}
}
