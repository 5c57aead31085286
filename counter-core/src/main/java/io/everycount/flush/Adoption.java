// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.Journal;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Another instance's records, taken over with its journal's lock: they are written to our sinks under its own id, and
 * nothing is ever added to them. When all are there, the journal stays for as long as records are retained, and its
 * marks are looked at, so that a store that goes back in time is mended; then it is retired.
 *
 * <p>For the adopter's thread alone, but for what is volatile.
 */
final class Adoption implements WriterHost {
    private final Journal journal;
    private final RecordLog log;
    private final PipelineSettings settings;
    private final PipelineEvents events;
    private final List<SinkWriter> writers = new ArrayList<>();
    private final Map<UUID, SinkWriter> stores = new ConcurrentHashMap<>();
    private volatile boolean abandoned;
    private boolean announced;
    private @Nullable String stopped;
    private long completeNanos;

    /**
     * @param journal read-only, locked; ours to close
     */
    Adoption(
            Journal journal,
            List<CounterSink> required,
            List<CounterSink> bestEffort,
            PipelineSettings settings,
            PipelineEvents events) {
        this.journal = journal;
        this.settings = settings;
        this.events = events;
        log = new RecordLog(settings.recordKeysMax(), 0, journal.recovered(), settings.epochClock());
        journal.dropRecovered();
        required.forEach(sink -> addWriter(sink, true));
        bestEffort.forEach(sink -> addWriter(sink, false));
    }

    private void addWriter(CounterSink sink, boolean required) {
        int number = writers.size();
        UUID id = InstanceIds.ofSink(journal.instanceId(), number);
        writers.add(new SinkWriter(sink, required, id, settings, log, new StoreBinding(journal, number), this, events));
    }

    UUID instanceId() {
        return journal.instanceId();
    }

    Journal journal() {
        return journal;
    }

    /** Makes a writer that is at work, perhaps waiting, do no more than that. */
    void abandon() {
        abandoned = true;
    }

    /** Why this cannot go on; null if it can. */
    @Nullable
    String stopped() {
        return stopped;
    }

    /** Does what is due; returns the nanoseconds until something else is, {@link Worker#DONE} when it is over. */
    long step() {
        long wait = Long.MAX_VALUE;
        for (SinkWriter writer : writers) {
            long due = writer.step();
            if (stopped != null) {
                return Worker.DONE;
            }
            wait = due == Worker.DONE ? wait : Math.min(wait, due);
        }
        if (!isApplied()) {
            return wait;
        }
        long now = settings.clock().getAsLong();
        if (!announced) {
            announced = true;
            completeNanos = now;
            events.adopted(
                    journal.instanceId(), log.last().record() - log.start().record());
        }
        long until = completeNanos + settings.retainedNanos();
        if (until - now > 0) {
            return Math.min(wait, until - now);
        }
        // What may have to be written again goes only after one more look. Nobody waits for a sink that is not
        // required.
        return writers.stream().allMatch(w -> !w.isRequired() || w.lastContactNanos() - until >= 0)
                ? Worker.DONE
                : wait;
    }

    /** Whether all its records have been in every required sink. */
    boolean isDone() {
        return announced;
    }

    private boolean isApplied() {
        return writers.stream()
                .filter(SinkWriter::isRequired)
                .map(SinkWriter::progress)
                .allMatch(p -> p.known() && p.mark().record() == log.last().record());
    }

    /** For use after the last step: the directory goes if all is done, and stays for others if not. */
    void end() throws IOException {
        try (journal) {
            if (stopped == null && !abandoned && isApplied()) {
                journal.retire();
            }
        }
    }

    @Override
    public boolean isAbandoned() {
        return abandoned;
    }

    @Override
    public boolean isComplete() {
        return true;
    }

    @Override
    public long lastDrainNanos() {
        return settings.clock().getAsLong();
    }

    @Override
    public boolean isFlushDue(long mark) {
        return true;
    }

    @Override
    public SinkWriter claimStore(SinkWriter writer, UUID storeId) {
        SinkWriter earlier = stores.putIfAbsent(storeId, writer);
        return earlier == null ? writer : earlier;
    }

    @Override
    public void quarantined(SinkWriter writer, long upToRecord, List<QuarantinedEntry> entries) {
        // Whoever waited for them is gone.
    }

    @Override
    public void markMoved(SinkWriter writer) {
        // Everything stays until it is retired: it is as long as a journal at most.
    }

    @Override
    public void stoppedBy(SinkWriter writer, PipelineState why, String message) {
        if (!writer.isRequired()) {
            return;
        }
        stopped = message;
        if (why == PipelineState.FORKED) {
            try {
                journal.markForked(message);
            } catch (IOException e) {
                events.journalFailed(e, 1, 0);
            }
        }
    }
}
