// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.LimitPolicy;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Totals read together with an instance's mark, and what the instance has on the way, show everything once. */
@Timeout(120)
class PendingIT {
    private static final long RUN_NANOS =
            TimeUnit.MILLISECONDS.toNanos(Long.getLong("everycount.hammer.millis", 4_000));
    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final JdbcCounterSink readers = sink();
    private final CounterTotals totals = readers.totals();

    @AfterEach
    void dropDatabase() {
        readers.close();
        database.close();
    }

    /** With a pool of its own: many reads, instead of many connections. */
    private JdbcCounterSink sink() {
        return JdbcCounterSink.builder(
                        database.jdbcUrl(),
                        PostgresServer.shared().user(),
                        PostgresServer.shared().password())
                .build();
    }

    private CounterCache cache() {
        CounterCache cache = CounterCache.builder(
                        JdbcCounterSink.builder(database.dataSource()).build())
                .flushInterval(Duration.ofMillis(1))
                .maxKeys(2_000)
                .onLimit(LimitPolicy.block(Duration.ofSeconds(60)))
                .build();
        while (cache.stats().sinks().get(0).failing()) {
            Thread.onSpinWait(); // until the tables are there, or the test's time is up
        }
        return cache;
    }

    /** Adds to one key, saying how much before and after. */
    private static final class Adder extends Thread {
        private final CounterCache cache;
        private final AtomicBoolean stop;
        private final AtomicReference<Throwable> failure;
        volatile long started;
        volatile long done;

        Adder(CounterCache cache, AtomicBoolean stop, AtomicReference<Throwable> failure) {
            this.cache = cache;
            this.stop = stop;
            this.failure = failure;
            setDaemon(true);
        }

        @Override
        public void run() {
            byte[] key = {'k'};
            try {
                for (int i = 0; !stop.get(); i++) {
                    started = done + 1;
                    if (i % 2 == 0) {
                        cache.add("k", 1);
                    } else {
                        cache.add(key, 0, 1, 1);
                    }
                    done = started;
                    cache.increment("other" + i % 3_000);
                    if (i % 50 == 0) {
                        // Leaves the processors to those who read.
                        LockSupport.parkNanos(100_000);
                    }
                }
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
            }
        }
    }

    @Test
    void totals_and_what_two_instances_have_pending_show_each_increment_once() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<CounterCache> caches = List.of(cache(), cache());
        List<Adder> adders = new ArrayList<>();
        for (CounterCache cache : caches) {
            Adder adder = new Adder(cache, stop, failure);
            adders.add(adder);
            adder.start();
        }
        CounterCache mine = caches.get(0);
        UUID id = mine.stats().sinks().get(0).instanceId();
        Adder adder = adders.get(0);
        long reads = 0;
        long untold = 0;
        long end = System.nanoTime() + RUN_NANOS;
        try {
            while (System.nanoTime() - end < 0 && failure.get() == null) {
                long before = adder.done;
                Totals read = totals.get(List.of("k"), id);
                OptionalLong pending = mine.pending("k", read.appliedRecord().orElseThrow());
                long after = adder.started;
                if (pending.isEmpty()) {
                    untold++;
                    continue;
                }
                long sum = read.value("k") + pending.getAsLong();
                assertThat(sum).isBetween(before, after + adders.get(1).started);
                reads++;
            }
        } finally {
            stop.set(true);
        }
        for (Adder a : adders) {
            a.join();
        }
        assertThat(failure.get()).isNull();
        caches.get(1).close();
        Totals read = totals.get(List.of("k"), id);
        assertThat(read.value("k")
                        + mine.pending("k", read.appliedRecord().orElseThrow()).orElseThrow())
                .as("exact when it is quiet")
                .isEqualTo(adders.get(0).done + adders.get(1).done);
        mine.close();
        read = totals.get(List.of("k"), id);
        assertThat(read.value("k")).isEqualTo(adders.get(0).done + adders.get(1).done);
        assertThat(mine.pending("k", read.appliedRecord().orElseThrow())).hasValue(0);
        System.out.printf(
                "pending: %,d reads, %,d not told; %,d and %,d increments; %,d batches%n",
                reads,
                untold,
                adders.get(0).done,
                adders.get(1).done,
                mine.stats().sinks().get(0).batches());
        assertThat(reads).isGreaterThan(10);
        assertThat(untold).isZero();
    }

    @Test
    void a_read_with_one_instance_that_adds_alone_is_exact() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CounterCache cache = cache();
        UUID id = cache.stats().sinks().get(0).instanceId();
        Adder adder = new Adder(cache, stop, failure);
        adder.start();
        long reads = 0;
        long least = 0;
        long end = System.nanoTime() + RUN_NANOS;
        try {
            while (System.nanoTime() - end < 0 && failure.get() == null) {
                long before = adder.done;
                Totals read = totals.get(List.of("k"), id);
                long pending =
                        cache.pending("k", read.appliedRecord().orElseThrow()).orElseThrow();
                long after = adder.started;
                assertThat(read.value("k") + pending).isBetween(Math.max(before, least), after);
                least = read.value("k") + pending;
                reads++;
            }
        } finally {
            stop.set(true);
        }
        adder.join();
        assertThat(failure.get()).isNull();
        cache.close();
        assertThat(totals.get("k").value("k")).isEqualTo(adder.done);
        assertThat(reads).isGreaterThan(10);
    }

    @Test
    void an_instance_that_the_ledger_does_not_know_has_no_record_and_one_that_wrote_nothing_has_0() throws Exception {
        CounterCache cache = cache();
        UUID id = cache.stats().sinks().get(0).instanceId();
        assertThat(totals.get(List.of("k"), UUID.randomUUID()).appliedRecord()).isEmpty();
        assertThat(totals.get(List.of("k"), id).appliedRecord()).hasValue(0);
        assertThat(totals.get(List.of(), id).appliedRecord()).hasValue(0);
        assertThat(totals.get(List.of("k")).appliedRecord()).isEmpty();
        cache.add("k", 3);
        cache.add("l", 4);
        cache.flush(Duration.ofSeconds(30));
        Totals read = totals.get(List.of("l", "k", "m"), id);
        assertThat(read.entries()).extracting(Total::value).containsExactly(3L, 4L);
        assertThat(read.appliedRecord()).hasValue(cache.stats().sinks().get(0).appliedRecord());
        cache.close();
    }
}
