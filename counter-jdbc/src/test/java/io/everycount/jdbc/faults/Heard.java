// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.sink.QuarantinedEntry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a cache told its listener. */
final class Heard implements CounterListener {
    private final List<String> errors = new ArrayList<>();
    private final Map<String, Integer> states = new TreeMap<>();
    private final List<QuarantinedEntry> quarantined = new ArrayList<>();
    private final List<String> stopped = new ArrayList<>();
    private int writes;
    private int foundApplied;
    private int rewinds;
    private int gaps;
    private long gapSum;

    @Override
    public synchronized void flushSucceeded(Flush flush) {
        writes++;
        if (flush.took().isZero()) {
            foundApplied++;
        }
    }

    @Override
    public synchronized void flushRetried(String sink, int failures, Throwable error, Duration wait) {
        failed("", error);
    }

    @Override
    public synchronized void flushFailed(String sink, int failures, Throwable error, Duration wait) {
        failed("fatal ", error);
    }

    private void failed(String kind, Throwable error) {
        errors.add(kind + error.getMessage());
        states.merge(state(error), 1, Integer::sum);
    }

    private static String state(Throwable error) {
        for (Throwable at = error; at != null; at = at.getCause()) {
            if (at instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return "none";
    }

    @Override
    public synchronized void quarantined(String sink, List<QuarantinedEntry> entries) {
        quarantined.addAll(entries);
    }

    @Override
    public synchronized void rewound(String sink, long fromRecord, long toRecord) {
        rewinds++;
    }

    @Override
    public synchronized void gapDeclared(String sink, long afterRecord, long upToRecord, long deltaSum) {
        gaps++;
        gapSum += deltaSum;
    }

    @Override
    public synchronized void stopped(CounterStats.State state, String message) {
        stopped.add(state + ": " + message);
    }

    /** Writes that are in the sink, however that was learned. */
    synchronized int writes() {
        return writes;
    }

    /** Writes whose reply never came, but which the ledger showed to be applied. */
    synchronized int foundApplied() {
        return foundApplied;
    }

    synchronized int failures() {
        return errors.size();
    }

    /** How many failures had this SQLSTATE. */
    synchronized int failures(String state) {
        return states.getOrDefault(state, 0);
    }

    /** How many failures from one on said all of this; "fatal" is said by those that a person has to mend. */
    synchronized boolean saidSince(int failure, String... words) {
        return errors.subList(failure, errors.size()).stream()
                .anyMatch(error -> List.of(words).stream().allMatch(error::contains));
    }

    synchronized int rewinds() {
        return rewinds;
    }

    synchronized int gaps() {
        return gaps;
    }

    synchronized long gapSum() {
        return gapSum;
    }

    synchronized List<QuarantinedEntry> quarantined() {
        return List.copyOf(quarantined);
    }

    synchronized List<String> stopped() {
        return List.copyOf(stopped);
    }

    @Override
    public synchronized String toString() {
        return writes + " writes, " + foundApplied + " of them found applied, failures " + states + ", " + rewinds
                + " rewinds, " + gaps + " gaps, " + quarantined.size() + " quarantined, stopped " + stopped
                + ", last error: " + (errors.isEmpty() ? "none" : errors.get(errors.size() - 1));
    }
}
