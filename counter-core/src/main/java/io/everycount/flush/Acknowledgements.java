// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.QuarantinedEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The stages of drains whose records are not in all required sinks yet, oldest first. Its lock is
 * shared by the drainer and the sinks' writers only; futures are completed outside it.
 */
final class Acknowledgements {
    private record Waiting(DrainStage stage, long afterRecord, long upToRecord) {}

    private record Quarantine(long afterRecord, long upToRecord, Set<String> keys) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final ArrayDeque<Quarantine> quarantines = new ArrayDeque<>();
    private long previousDrainAfter;
    private long previousDrainUpTo;
    private long applied;
    private @Nullable PipelineStoppedException stopped;

    /** A drain has ended, with its increments in records up to a number. */
    void drained(DrainStage stage, long upToRecord) {
        PipelineStoppedException end;
        synchronized (this) {
            // An increment that waits for this drain may have been taken along by the one before.
            waiting.add(new Waiting(stage, previousDrainAfter, upToRecord));
            previousDrainAfter = previousDrainUpTo;
            previousDrainUpTo = upToRecord;
            end = stopped;
        }
        if (end != null) {
            fail(end);
        } else {
            completeApplied();
        }
    }

    /** Entries of a batch were set aside by a required sink. Told before the mark that covers them. */
    synchronized void quarantined(long afterRecord, long upToRecord, List<QuarantinedEntry> entries) {
        Set<String> keys = new HashSet<>();
        entries.forEach(e -> keys.add(e.key()));
        quarantines.add(new Quarantine(afterRecord, upToRecord, keys));
    }

    /** The lowest mark of the required sinks has changed. An acknowledgement given is not taken back. */
    void applied(long record) {
        synchronized (this) {
            applied = Math.max(applied, record);
        }
        completeApplied();
    }

    private void completeApplied() {
        List<Runnable> completions = new ArrayList<>();
        synchronized (this) {
            Waiting oldest = waiting.peek();
            while (oldest != null && oldest.upToRecord <= applied) {
                waiting.remove();
                Set<String> keys = quarantinedBetween(oldest.afterRecord, oldest.upToRecord);
                DrainStage stage = oldest.stage;
                completions.add(() -> stage.confirmed().complete(keys));
                oldest = waiting.peek();
            }
            long from = oldest == null ? previousDrainAfter : oldest.afterRecord;
            quarantines.removeIf(q -> q.upToRecord <= from);
        }
        completions.forEach(Runnable::run);
    }

    private Set<String> quarantinedBetween(long after, long upTo) {
        Set<String> keys = new HashSet<>();
        for (Quarantine q : quarantines) {
            if (q.upToRecord > after && q.afterRecord < upTo) {
                keys.addAll(q.keys);
            }
        }
        return Set.copyOf(keys);
    }

    /** Ends all waiting, now and from now on. */
    void fail(PipelineStoppedException why) {
        List<Waiting> left;
        synchronized (this) {
            stopped = why;
            left = List.copyOf(waiting);
            waiting.clear();
        }
        left.forEach(w -> w.stage.confirmed().completeExceptionally(why));
    }
}
