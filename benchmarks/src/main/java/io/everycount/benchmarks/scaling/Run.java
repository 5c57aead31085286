// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.scaling;

import io.everycount.CounterCache;
import io.everycount.CounterListener;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Instances that count the same keys into one database for a while, as replicas behind a load balancer do.
 *
 * @param instances how many
 * @param keys that each touches in an interval
 * @param keysPerSecond written
 * @param walPerKey bytes of write-ahead log
 * @param made increments, all of which the database has
 */
record Run(int instances, int keys, double keysPerSecond, double walPerKey, long made) {
    /** So often each key is touched in a second. */
    private static final int PASSES = 10;

    private static final Duration LONG = Duration.ofMinutes(5);

    /** Seconds from one flush of an instance to its next. */
    double secondsBetweenFlushes() {
        return (double) instances * keys / keysPerSecond;
    }

    /**
     * @throws IllegalStateException if the database does not have what was counted
     */
    static Run of(PostgresServer server, int instances, int keys, Duration interval, Duration window) throws Exception {
        AtomicLong written = new AtomicLong();
        AtomicBoolean stopped = new AtomicBoolean();
        AtomicLong made = new AtomicLong();
        try (TestDatabase database = server.newDatabase();
                Fleet fleet = new Fleet(database, instances, interval, written)) {
            List<Thread> threads = new ArrayList<>();
            for (CounterCache cache : fleet.caches) {
                // All rows are there before anything is measured.
                touch(cache, keys, made);
                cache.flush(LONG);
                Thread thread = new Thread(() -> count(cache, keys, stopped, made));
                threads.add(thread);
                thread.start();
            }
            // Once around, so that instances no longer begin together.
            TimeUnit.NANOSECONDS.sleep(window.toNanos() / 4);
            long wal = database.walBytes();
            long keysBefore = written.get();
            long start = System.nanoTime();
            // The window that is measured.
            TimeUnit.NANOSECONDS.sleep(window.toNanos());
            double seconds = (System.nanoTime() - start) / 1e9;
            double rate = (written.get() - keysBefore) / seconds;
            double perKey = (database.walBytes() - wal) / (rate * seconds);
            stopped.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
            for (CounterCache cache : fleet.caches) {
                cache.flush(LONG);
            }
            long stored = database.number("SELECT sum(value) FROM everycount_counter");
            if (stored != made.get()) {
                throw new IllegalStateException(made + " increments were made, and the database has " + stored);
            }
            return new Run(instances, keys, rate, perKey, stored);
        }
    }

    private static final class Fleet implements AutoCloseable {
        final List<JdbcCounterSink> sinks = new ArrayList<>();
        final List<CounterCache> caches = new ArrayList<>();

        Fleet(TestDatabase database, int instances, Duration interval, AtomicLong written) {
            for (int i = 0; i < instances; i++) {
                JdbcCounterSink sink = JdbcCounterSink.builder(
                                database.jdbcUrl(),
                                database.server().user(),
                                database.server().password())
                        .build();
                sinks.add(sink);
                caches.add(CounterCache.builder(sink)
                        .flushInterval(interval)
                        .maxKeys(2_000_000)
                        .listener(new CounterListener() {
                            @Override
                            public void flushSucceeded(Flush flush) {
                                written.addAndGet(flush.keys());
                            }
                        })
                        .build());
            }
        }

        @Override
        public void close() {
            caches.forEach(CounterCache::close);
            sinks.forEach(JdbcCounterSink::close);
        }
    }

    private static void count(CounterCache cache, int keys, AtomicBoolean stopped, AtomicLong made) {
        long due = System.nanoTime();
        while (!stopped.get()) {
            touch(cache, keys, made);
            due = Math.max(due + 1_000_000_000L / PASSES, System.nanoTime());
            for (long left = due - System.nanoTime(); left > 0 && !stopped.get(); left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }

    private static void touch(CounterCache cache, int keys, AtomicLong made) {
        for (int k = 0; k < keys; k++) {
            cache.add("scaling/page/" + k, 1);
        }
        made.addAndGet(keys);
    }
}
