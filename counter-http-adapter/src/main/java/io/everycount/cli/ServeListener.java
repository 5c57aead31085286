// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.RejectedException;
import io.everycount.sink.QuarantinedEntry;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what a cache does, a line for each change of state and none for a flush that went well, and tells
 * when it has stopped. Passes everything on to another listener.
 */
final class ServeListener implements CounterListener {
    private static final Logger LOG = LoggerFactory.getLogger(ServeListener.class);

    private final CounterListener next;
    private final Consumer<String> stopped;
    private volatile boolean failing;

    ServeListener(CounterListener next, Consumer<String> stopped) {
        this.next = next;
        this.stopped = stopped;
    }

    @Override
    public void flushSucceeded(Flush flush) {
        if (failing) {
            failing = false;
            LOG.info("{} is written to again", flush.sink());
        }
        next.flushSucceeded(flush);
    }

    @Override
    public void flushRetried(String sink, int failures, Throwable error, Duration wait) {
        if (!failing) {
            failing = true;
            LOG.warn(
                    "{} cannot be written; increments are still taken and kept in memory until it can: {}",
                    sink,
                    error.getMessage());
        }
        next.flushRetried(sink, failures, error, wait);
    }

    @Override
    public void flushFailed(String sink, int failures, Throwable error, Duration wait) {
        if (!failing) {
            failing = true;
            LOG.error(
                    "{} cannot be written until somebody mends it; increments are kept in memory: {}",
                    sink,
                    error.getMessage());
        }
        next.flushFailed(sink, failures, error, wait);
    }

    @Override
    public void quarantined(String sink, List<QuarantinedEntry> entries) {
        LOG.warn("{} has refused {} entries; they are in its quarantine", sink, entries.size());
        next.quarantined(sink, entries);
    }

    @Override
    public void rejected(RejectedException.Reason reason, long count) {
        next.rejected(reason, count);
    }

    @Override
    public void rewound(String sink, long fromRecord, long toRecord) {
        LOG.warn(
                "{} went back in time, from record {} to {}; what is missing is written again",
                sink,
                fromRecord,
                toRecord);
        next.rewound(sink, fromRecord, toRecord);
    }

    @Override
    public void gapDeclared(String sink, long afterRecord, long upToRecord, long deltaSum) {
        LOG.error(
                "{} went back further than records are kept: those after {} up to {} are lost, deltas of {} in all",
                sink,
                afterRecord,
                upToRecord,
                deltaSum);
        next.gapDeclared(sink, afterRecord, upToRecord, deltaSum);
    }

    @Override
    public void stopped(CounterStats.State state, String message) {
        LOG.error("the cache has stopped ({}): {}", state, message);
        stopped.accept("the cache has stopped (" + state + "): " + message);
        next.stopped(state, message);
    }

    @Override
    public void flushStarted(Flush flush) {
        next.flushStarted(flush);
    }
}
