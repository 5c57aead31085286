// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.flush.PipelineState;
import io.everycount.sink.CounterSink;
import io.everycount.sink.EverycountException;
import io.everycount.sink.QuarantinedEntry;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * What a cache logs: a line for each change, and one now and then while a failure lasts; none for each flush. Each has
 * the pair {@code event}, and others, for logs that are read by programs. Called on the callback executor.
 */
final class EventLog {
    private static final Logger LOG = LoggerFactory.getLogger(CounterCache.class);
    private static final int EVERY = 20;

    /** Sinks whose failure was logged, with the number of failures. */
    private final Map<CounterSink, Integer> failing = new ConcurrentHashMap<>();

    /** Sinks that set something aside of every batch lately, with the number of such batches in a row. */
    private final Map<CounterSink, Integer> quarantining = new ConcurrentHashMap<>();

    private final Set<CounterSink> quarantinedNow = ConcurrentHashMap.newKeySet();

    /** Sinks that did not take a report and have not taken a batch since. */
    private final Set<CounterSink> unreported = ConcurrentHashMap.newKeySet();

    /** Our own errors say what happened and what to do; of others the class says more than the message. */
    static @Nullable String brief(@Nullable Throwable error) {
        if (error == null) {
            return null;
        }
        String message = error.getMessage();
        return error instanceof EverycountException && message != null ? message : error.toString();
    }

    private static LoggingEventBuilder of(LoggingEventBuilder line, String event, @Nullable CounterSink sink) {
        line = line.addKeyValue("event", event);
        return sink == null ? line : line.addKeyValue("sink", sink.name());
    }

    private static boolean isWorthALine(int inARow) {
        return inARow == 1 || inARow % EVERY == 0;
    }

    void listenerFailed(Throwable error) {
        of(LOG.atWarn(), "listener_failed", null).setCause(error).log("A listener failed; counting goes on");
    }

    void written(CounterSink sink) {
        Integer failures = failing.remove(sink);
        if (failures != null) {
            of(LOG.atInfo(), "sink_works", sink)
                    .addKeyValue("failures", failures)
                    .log("{} works again after {} failures", sink.name(), failures);
        }
        if (!quarantinedNow.remove(sink)) {
            quarantining.remove(sink);
        }
        unreported.remove(sink);
    }

    void notReported(CounterSink sink, Throwable error) {
        if (unreported.add(sink)) {
            of(LOG.atInfo(), "not_reported", sink)
                    .log(
                            "{} did not take a report on this instance; nothing depends on it: {}",
                            sink.name(),
                            brief(error));
        }
        LOG.debug("The failure of a report to {}", sink.name(), error);
    }

    void failed(CounterSink sink, Throwable error, boolean fatal, int failures) {
        if (failing.put(sink, failures) != null && !isWorthALine(failures)) {
            return;
        }
        of(LOG.atWarn(), "sink_failed", sink)
                .addKeyValue("failures", failures)
                .addKeyValue("fatal", fatal)
                .log(
                        "{} failed, {} times in a row now; increments are kept and it is tried again{}: {}",
                        sink.name(),
                        failures,
                        fatal ? ", but somebody has to mend this" : "",
                        brief(error));
        LOG.debug("The failure of {}", sink.name(), error);
    }

    /** Before {@link #written} of the same batch. */
    void quarantined(CounterSink sink, List<QuarantinedEntry> entries) {
        quarantinedNow.add(sink);
        int inARow = quarantining.merge(sink, 1, Integer::sum);
        if (isWorthALine(inARow)) {
            of(LOG.atWarn(), "quarantined", sink)
                    .addKeyValue("entries", entries.size())
                    .addKeyValue("batches", inARow)
                    .log(
                            "{} put {} entries into quarantine{}; the first because: {}",
                            sink.name(),
                            entries.size(),
                            inARow == 1 ? "" : ", and some of each of the " + (inARow - 1) + " batches before",
                            entries.get(0).reason());
        }
    }

    void rewound(CounterSink sink, long fromRecord, long toRecord) {
        of(LOG.atWarn(), "rewound", sink)
                .addKeyValue("from", fromRecord)
                .addKeyValue("to", toRecord)
                .log(
                        "{} went back in time, from record {} to {}; what is kept of these records is written again",
                        sink.name(),
                        fromRecord,
                        toRecord);
    }

    void gap(CounterSink sink, long afterRecord, long upToRecord, long deltaSum) {
        of(LOG.atError(), "gap", sink)
                .addKeyValue("after", afterRecord)
                .addKeyValue("to", upToRecord)
                .addKeyValue("deltas", deltaSum)
                .log(
                        "{} went back further than records are kept: records {} to {}, deltas of {} in all, are lost",
                        sink.name(),
                        afterRecord + 1,
                        upToRecord,
                        deltaSum);
    }

    void journalFailed(Throwable error, int failures, boolean last) {
        if (isWorthALine(failures)) {
            of(LOG.atError(), "journal_failed", null)
                    .addKeyValue("failures", failures)
                    .log(
                            "The journal could not be written, {} times in a row now; {}: {}",
                            failures,
                            last ? "it is not tried again" : "increments stay in memory and it is tried again",
                            brief(error));
            LOG.debug("The failure of the journal", error);
        }
    }

    void journalWorks() {
        of(LOG.atInfo(), "journal_works", null).log("The journal can be written again");
    }

    void adopted(UUID instanceId, long records) {
        of(LOG.atInfo(), "adopted", null)
                .addKeyValue("instance", instanceId)
                .addKeyValue("records", records)
                .log(
                        "Adopted instance {}, which left its journal: its last {} records are in the sinks now",
                        instanceId,
                        records);
    }

    void notAdopted(@Nullable UUID instanceId, String why) {
        LoggingEventBuilder line = of(LOG.atError(), "not_adopted", null);
        if (instanceId != null) {
            line = line.addKeyValue("instance", instanceId);
        }
        line.log(
                "The journal{} that nobody holds cannot be adopted: {}",
                instanceId == null ? "" : " of instance " + instanceId,
                why);
    }

    void stopped(@Nullable CounterSink sink, PipelineState state, String why) {
        of(LOG.atError(), "stopped", sink).addKeyValue("state", state).log("Stopped, {}: {}", state, why);
    }
}
