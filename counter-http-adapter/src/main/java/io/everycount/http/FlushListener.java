// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.RejectedException;
import io.everycount.http.live.FlushTimes;
import io.everycount.sink.QuarantinedEntry;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** Notes how long flushes take, and tells another listener everything. */
final class FlushListener implements CounterListener {
    private final CounterListener other;
    private final FlushTimes times;

    FlushListener(CounterListener other, FlushTimes times) {
        this.other = other;
        this.times = times;
    }

    @Override
    public void flushSucceeded(Flush flush) {
        // Zero: only the ledger said that it was applied.
        if (!flush.took().isZero()) {
            times.add(flush.took().toNanos());
        }
        other.flushSucceeded(flush);
    }

    @Override
    public void flushStarted(Flush flush) {
        other.flushStarted(flush);
    }

    @Override
    public void flushRetried(String sink, int failures, Throwable error, Duration wait) {
        other.flushRetried(sink, failures, error, wait);
    }

    @Override
    public void flushFailed(String sink, int failures, Throwable error, Duration wait) {
        other.flushFailed(sink, failures, error, wait);
    }

    @Override
    public void quarantined(String sink, List<QuarantinedEntry> entries) {
        other.quarantined(sink, entries);
    }

    @Override
    public void rejected(RejectedException.Reason reason, long count) {
        other.rejected(reason, count);
    }

    @Override
    public void rewound(String sink, long fromRecord, long toRecord) {
        other.rewound(sink, fromRecord, toRecord);
    }

    @Override
    public void gapDeclared(String sink, long afterRecord, long upToRecord, long deltaSum) {
        other.gapDeclared(sink, afterRecord, upToRecord, deltaSum);
    }

    @Override
    public void journaled(long record, int keys, Duration took) {
        other.journaled(record, keys, took);
    }

    @Override
    public void journalFailed(Throwable error, int failures, Duration wait) {
        other.journalFailed(error, failures, wait);
    }

    @Override
    public void journalWorks() {
        other.journalWorks();
    }

    @Override
    public void adopted(UUID instanceId, long records) {
        other.adopted(instanceId, records);
    }

    @Override
    public void stopped(CounterStats.State state, String message) {
        other.stopped(state, message);
    }
}
