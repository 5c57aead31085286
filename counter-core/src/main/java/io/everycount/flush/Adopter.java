// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalOpenException;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.RecoveryProgress;
import io.everycount.sink.CounterSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Looks for journals that nobody holds, of instances that crashed or were scaled away, and brings what is in them to
 * our sinks: at the start, and then once in a while. It works on a thread of its own.
 */
public final class Adopter {
    private final JournalRoot root;
    private final Journal own;
    private final List<CounterSink> required;
    private final List<CounterSink> bestEffort;
    private final PipelineSettings settings;
    private final PipelineEvents events;
    private final RecoveryProgress progress;
    private final long intervalNanos;
    private final Worker worker;
    private final List<Adoption> adoptions = new ArrayList<>();

    /** Those that could not be adopted when that was tried last, and the reasons that were told. */
    private final Set<UUID> leftAlone = new HashSet<>();

    private final Map<UUID, String> told = new HashMap<>();

    private long lookAgain;
    private volatile boolean closing;
    private volatile int adopted;
    private volatile int adopting;
    private volatile int unadoptable;
    private volatile int forked;

    /**
     * @param own the journal of the cache whose sinks these are: what it is bound to is what they lead to
     * @param intervalNanos between looks
     */
    public Adopter(
            JournalRoot root,
            Journal own,
            List<CounterSink> required,
            List<CounterSink> bestEffort,
            String threadName,
            PipelineSettings settings,
            PipelineEvents events,
            RecoveryProgress progress,
            long intervalNanos) {
        this.root = root;
        this.own = own;
        this.required = required;
        this.bestEffort = bestEffort;
        this.settings = settings;
        this.events = events;
        this.progress = progress;
        this.intervalNanos = intervalNanos;
        lookAgain = settings.clock().getAsLong();
        worker = new Worker(threadName + "-adopt", this::step);
    }

    /** Starts the thread. Call once. */
    public void start() {
        worker.start();
    }

    /** Instances whose records are all in the sinks, thanks to this. */
    public int adopted() {
        return adopted;
    }

    /** Instances whose records are on their way. */
    public int adopting() {
        return adopting;
    }

    /** Directories that are not opened, because their history does not agree with a sink's ledger. */
    public int forked() {
        return forked;
    }

    /** Journals that should be adopted but cannot be; the log says why. */
    public int unadoptable() {
        return unadoptable;
    }

    /**
     * Ends the thread, wherever it is, and frees the journals. What is not in the sinks stays for others to adopt.
     *
     * @param nanos how long to wait for a write under way
     */
    public void close(long nanos) throws InterruptedException {
        requestClose();
        worker.join(nanos);
    }

    /** Asks for that without waiting. */
    public void requestClose() {
        closing = true;
        worker.signal();
    }

    /** Does what is due and returns the nanoseconds until something else is. */
    long step() {
        if (closing) {
            for (Adoption adoption : List.copyOf(adoptions)) {
                adoption.abandon();
                end(adoption);
            }
            return Worker.DONE;
        }
        long now = settings.clock().getAsLong();
        if (now - lookAgain >= 0) {
            lookAgain = now + intervalNanos;
            look();
        }
        long wait = lookAgain - settings.clock().getAsLong();
        for (Adoption adoption : List.copyOf(adoptions)) {
            boolean before = adoption.isDone();
            long due = adoption.step();
            if (adoption.isDone() && !before) {
                adopted = adopted + 1;
            }
            if (due == Worker.DONE) {
                end(adoption);
            } else {
                wait = Math.min(wait, due);
            }
        }
        adopting = (int) adoptions.stream().filter(a -> !a.isDone()).count();
        return Math.max(0, wait);
    }

    private void look() {
        for (int i = 0; i < required.size(); i++) {
            if (own.store(i) == null) {
                // Which store our sinks lead to is not known yet, so it cannot be compared.
                lookAgain = settings.clock().getAsLong() + Math.min(intervalNanos, 1_000_000_000L);
                return;
            }
        }
        leftAlone.clear();
        try {
            forked = root.forked();
            while (!closing && adoptOne()) {
                // One after the other.
            }
        } catch (IOException e) {
            events.notAdopted(null, String.valueOf(e.getMessage()));
        }
        told.keySet().retainAll(leftAlone);
        unadoptable = leftAlone.size();
    }

    /** False if there is no other. */
    private boolean adoptOne() throws IOException {
        try {
            Journal found = root.adopt(leftAlone, this::problem, progress);
            if (found != null) {
                begin(found);
            }
            return found != null;
        } catch (JournalOpenException e) {
            refuse(e.instanceId(), String.valueOf(e.getMessage()));
            return true;
        }
    }

    private void begin(Journal found) throws IOException {
        boolean begun = false;
        try {
            adoptions.add(new Adoption(found, required, bestEffort, settings, events));
            begun = true;
        } finally {
            if (!begun) {
                // Without memory for it, say: the lock must not stay.
                found.close();
            }
        }
    }

    private @Nullable String problem(int sinks, IntFunction<@Nullable UUID> stores) {
        if (sinks > required.size()) {
            return "it was written to " + sinks + " sinks, and this process requires " + required.size()
                    + "; start one that requires them all";
        }
        for (int i = 0; i < required.size() + bestEffort.size(); i++) {
            UUID theirs = stores.apply(i);
            UUID ours = own.store(i);
            if (theirs != null && ours != null && !theirs.equals(ours)) {
                return "it was written to store " + theirs + ", and our sink leads to " + ours
                        + "; start a process whose sink leads there, or move the directory away";
            }
        }
        return null;
    }

    /** Until the next look; it is told once. */
    private void refuse(UUID instanceId, String why) {
        leftAlone.add(instanceId);
        if (!why.equals(told.put(instanceId, why))) {
            events.notAdopted(instanceId, why);
        }
    }

    private void end(Adoption adoption) {
        adoptions.remove(adoption);
        try {
            adoption.end();
        } catch (IOException e) {
            events.notAdopted(adoption.instanceId(), String.valueOf(e.getMessage()));
        }
        String stopped = adoption.stopped();
        if (stopped != null) {
            events.notAdopted(adoption.instanceId(), stopped);
        }
    }
}
