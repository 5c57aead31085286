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
    /** Beyond so many quarantined keys the oldest are forgotten: who still waits for them has waited long. */
    private static final int QUARANTINED_KEYS_MAX = 100_000;

    private record Waiting(DrainStage stage, long upToRecord) {}

    private record Quarantine(long upToRecord, Set<String> keys) {}

    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private volatile List<Quarantine> quarantines = List.of();
    private long applied;
    private @Nullable PipelineStoppedException stopped;

    /** A drain has ended, with its increments in records up to a number. */
    void drained(DrainStage stage, long upToRecord) {
        PipelineStoppedException end;
        synchronized (this) {
            waiting.add(new Waiting(stage, upToRecord));
            end = stopped;
        }
        if (end != null) {
            fail(end);
        } else {
            completeApplied();
        }
    }

    /** Entries of a batch were set aside by a required sink. Told before the mark that covers them. */
    synchronized void quarantined(long upToRecord, List<QuarantinedEntry> entries) {
        Set<String> keys = new HashSet<>();
        entries.forEach(e -> keys.add(e.key()));
        List<Quarantine> all = new ArrayList<>(quarantines);
        all.add(new Quarantine(upToRecord, keys));
        int total = all.stream().mapToInt(q -> q.keys.size()).sum();
        while (total > QUARANTINED_KEYS_MAX && all.size() > 1) {
            total -= all.remove(0).keys.size();
        }
        quarantines = List.copyOf(all);
    }

    /** Whether any increment that came after a record may have been set aside. Takes no lock. */
    boolean hasQuarantinedAfter(long record) {
        for (Quarantine q : quarantines) {
            if (q.upToRecord > record) {
                return true;
            }
        }
        return false;
    }

    /** Whether an increment of a key that came after a record may have been set aside. Takes no lock. */
    boolean isQuarantined(String key, long afterRecord) {
        for (Quarantine q : quarantines) {
            if (q.upToRecord > afterRecord && q.keys.contains(key)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The lowest mark of the required sinks is now this. It can go down, when a store goes back in time;
     * acknowledgements given stay given, but new ones wait for the records to be there again.
     */
    void applied(long record) {
        synchronized (this) {
            applied = record;
        }
        completeApplied();
    }

    private void completeApplied() {
        List<DrainStage> reached = new ArrayList<>();
        synchronized (this) {
            for (Waiting oldest = waiting.peek();
                    oldest != null && oldest.upToRecord <= applied;
                    oldest = waiting.peek()) {
                waiting.remove();
                reached.add(oldest.stage);
            }
        }
        reached.forEach(DrainStage::confirm);
    }

    /** Ends all waiting, now and from now on. */
    void fail(PipelineStoppedException why) {
        List<Waiting> left;
        synchronized (this) {
            if (stopped == null) {
                stopped = why;
            }
            left = List.copyOf(waiting);
            waiting.clear();
        }
        left.forEach(w -> w.stage.fail(why));
    }
}
