// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.sink.QuarantinedEntry;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * Hears what a cache does. Called on the cache's callback executor, one call after another unless that
 * executor is the caller's own; may call the cache, {@link CounterCache#flush} included. If calls
 * take longer than events come, events are left out and counted in {@link CounterStats#eventsLeftOut}.
 */
public interface CounterListener {
    /** Hears nothing. */
    CounterListener NONE = new CounterListener() {};

    /**
     * A batch on its way to one sink.
     *
     * @param sink the sink's name
     * @param afterRecord the batch has the records after this one
     * @param upToRecord up to and including this one
     * @param keys how many keys it has; 0 if only the ledger said that it was applied
     * @param attempt 1 for the first try since the last success
     * @param took how long the write took; zero before it ended, or if only the ledger said so
     */
    record Flush(String sink, long afterRecord, long upToRecord, int keys, int attempt, Duration took) {}

    /** A batch is about to be written. */
    default void flushStarted(Flush flush) {}

    /** A batch is in the sink. */
    default void flushSucceeded(Flush flush) {}

    /**
     * Something failed that can pass by itself, and is tried again.
     *
     * @param sink the sink's name
     * @param failures in a row so far
     * @param error what failed
     * @param wait until the next attempt
     */
    default void flushRetried(String sink, int failures, Throwable error, Duration wait) {}

    /**
     * Something failed that a person has to mend. It is still tried again, slowly.
     *
     * @param sink the sink's name
     * @param failures in a row so far
     * @param error what failed; its message says what to do
     * @param wait until the next attempt
     */
    default void flushFailed(String sink, int failures, Throwable error, Duration wait) {}

    /** Entries are in the sink's quarantine instead of its totals. */
    default void quarantined(String sink, List<QuarantinedEntry> entries) {}

    /** So many increments were rejected since the last drain, for this reason. */
    default void rejected(RejectedException.Reason reason, long count) {}

    /** The store went back in time; records after {@code toRecord} up to {@code fromRecord} are written again. */
    default void rewound(String sink, long fromRecord, long toRecord) {}

    /** Records after one and up to another are lost: the store went back further than they were kept. */
    default void gapDeclared(String sink, long afterRecord, long upToRecord, long deltaSum) {}

    /**
     * A record is in the journal, forced to disk. While there is something to count, that is every few milliseconds;
     * a listener that is slow misses these first.
     *
     * @param record its number
     * @param keys how many it has
     * @param took how long it took to be written and forced
     */
    default void journaled(long record, int keys, Duration took) {}

    /**
     * The journal could not be written; increments stay in their cells, and it is tried again.
     *
     * @param failures in a row so far
     * @param wait until the next attempt; zero if there is none, as the cache is being closed
     */
    default void journalFailed(Throwable error, int failures, Duration wait) {}

    /** The journal can be written again. */
    default void journalWorks() {}

    /**
     * What another instance left in its journal is in the required sinks now.
     *
     * @param records of its last ones that may not have been there before
     */
    default void adopted(UUID instanceId, long records) {}

    /**
     * The cache, or its part for one best-effort sink, has stopped and takes or writes nothing more.
     *
     * @param state why
     * @param message what happened and what to do
     */
    default void stopped(CounterStats.State state, String message) {}
}
