// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import io.everycount.model.ModelStore.Op;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An acknowledgement is given when the sink has the increment, never earlier. */
@Timeout(120)
class AcknowledgementTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final long HAMMER_NANOS =
            TimeUnit.MILLISECONDS.toNanos(Long.getLong("everycount.hammer.millis", 2_500));

    /** What the hammer needs to know of something that counts. */
    interface Counts {
        void add(String key);

        /** Returns when everything added before is in the sink. */
        void flush() throws Exception;

        long total(String key);
    }

    /** Each thread adds to keys of its own and looks, after each acknowledgement, whether they are in the sink. */
    private static long early(Counts counts, int threads, LongAdder checks) throws Exception {
        AtomicLong early = new AtomicLong();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        long deadline = System.nanoTime() + HAMMER_NANOS;
        List<Thread> all = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            String own = "own" + t;
            Thread thread = new Thread(() -> {
                long mine = 0;
                try {
                    for (int i = 0; System.nanoTime() - deadline < 0; i++) {
                        String fresh = own + ":" + i;
                        counts.add(fresh);
                        counts.add(own);
                        mine++;
                        counts.flush();
                        checks.increment();
                        if (counts.total(fresh) != 1 || counts.total(own) != mine) {
                            early.incrementAndGet();
                        }
                    }
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            });
            all.add(thread);
            thread.start();
        }
        for (Thread thread : all) {
            thread.join();
        }
        if (failure.get() != null) {
            throw new AssertionError(failure.get());
        }
        return early.get();
    }

    private record CacheCounts(CounterCache cache, ModelStore store, boolean async) implements Counts {
        @Override
        public void add(String key) {
            cache.increment(key);
        }

        @Override
        public void flush() throws Exception {
            if (async) {
                // Its acknowledgement covers what was added before.
                CompletableFuture<Void> done = cache.addAsync("shared", 1).toCompletableFuture();
                done.get(60, TimeUnit.SECONDS);
            } else {
                cache.flush(LONG);
            }
        }

        @Override
        public long total(String key) {
            return store.total(key);
        }
    }

    @ParameterizedTest(name = "by addAsync: {0}")
    @ValueSource(booleans = {false, true})
    void never_comes_early_while_tables_grow_and_keys_are_evicted(boolean async) throws Exception {
        ModelStore store = new ModelStore("store", Guard.STRICT, 1);
        store.faults((op, argument) ->
                op == Op.WRITE && ThreadLocalRandom.current().nextInt(16) == 0 ? Fault.AFTER : Fault.NONE);
        CounterCache cache = CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .maxKeys(3_000)
                .onLimit(LimitPolicy.block(LONG))
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(2))
                .build();
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread churn = new Thread(() -> {
            try {
                for (long i = 0; !stop.get(); i++) {
                    cache.increment("churn" + i);
                    if (i % 200 == 0) {
                        cache.flush(LONG);
                    }
                }
            } catch (Throwable t) {
                failure.set(t);
            }
        });
        churn.start();
        LongAdder checks = new LongAdder();
        long early = early(new CacheCounts(cache, store, async), 6, checks);
        stop.set(true);
        churn.join();
        assertThat(failure.get()).isNull();
        CounterStats stats = cache.close(LONG).stats();
        System.out.printf(
                "acknowledgements: %,d checked, %d early; %,d drains, %,d batches, %,d retries%n",
                checks.sum(),
                early,
                stats.drains(),
                stats.sinks().get(0).batches(),
                stats.sinks().get(0).retries());
        assertThat(early).isZero();
        assertThat(checks.sum()).isGreaterThan(100);
    }

    @Test
    void the_hammer_sees_acknowledgements_of_the_drain_under_way_instead_of_the_next() throws Exception {
        Map<String, Long> sink = new ConcurrentHashMap<>();
        AtomicReference<ConcurrentHashMap<String, LongAdder>> map = new AtomicReference<>(new ConcurrentHashMap<>());
        AtomicLong ended = new AtomicLong();
        AtomicBoolean stop = new AtomicBoolean();
        Thread drainer = new Thread(() -> {
            while (!stop.get()) {
                map.getAndSet(new ConcurrentHashMap<>()).forEach((key, sum) -> sink.merge(key, sum.sum(), Long::sum));
                ended.incrementAndGet();
            }
        });
        drainer.start();
        Counts hasty = new Counts() {
            @Override
            public void add(String key) {
                map.get().computeIfAbsent(key, k -> new LongAdder()).increment();
            }

            @Override
            public void flush() {
                long now = ended.get();
                while (ended.get() == now) {
                    Thread.onSpinWait();
                }
            }

            @Override
            public long total(String key) {
                return sink.getOrDefault(key, 0L);
            }
        };
        LongAdder checks = new LongAdder();
        long early = early(hasty, 6, checks);
        stop.set(true);
        drainer.join();
        System.out.printf(
                "negative control: acknowledged with the drain under way: %,d of %,d early%n", early, checks.sum());
        assertThat(early).isPositive();
    }

    @Test
    void a_callback_on_an_acknowledgement_may_flush() throws Exception {
        ModelStore store = new ModelStore("store");
        CounterCache cache =
                CounterCache.builder(store).flushInterval(Duration.ofMillis(5)).build();
        CompletableFuture<Long> seen = cache.addAsync("a", 1)
                .thenApply(ignored -> {
                    cache.increment("b");
                    flush(cache);
                    return store.total("b");
                })
                .toCompletableFuture();
        assertThat(seen.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        cache.close();
    }

    @Test
    void a_callback_may_wait_for_a_flush_that_more_callbacks_depend_on() throws Exception {
        ModelStore store = new ModelStore("store");
        CounterCache cache =
                CounterCache.builder(store).flushInterval(Duration.ofMillis(1)).build();
        AtomicInteger done = new AtomicInteger();
        int calls = 200;
        for (int i = 0; i < calls; i++) {
            cache.addAsync("a" + i, 1).thenRun(() -> {
                flush(cache);
                done.incrementAndGet();
            });
        }
        Await.until(() -> done.get() == calls);
        cache.close();
    }

    @Test
    void a_listener_may_flush() throws Exception {
        ModelStore store = new ModelStore("store");
        AtomicReference<CounterCache> cache = new AtomicReference<>();
        AtomicInteger flushes = new AtomicInteger();
        cache.set(CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .listener(new CounterListener() {
                    @Override
                    public void flushSucceeded(Flush flush) {
                        if (flushes.get() < 20) {
                            cache.get().increment("from the listener");
                            CompletableFuture<Void> stage =
                                    cache.get().addAsync("async", 1).toCompletableFuture();
                            AcknowledgementTest.flush(cache.get());
                            flushes.incrementAndGet();
                            assertThat(stage).isNotNull();
                        }
                    }
                })
                .build());
        cache.get().increment("a");
        Await.until(() -> flushes.get() == 20);
        cache.get().close();
        assertThat(store.total("from the listener")).isEqualTo(20);
    }

    @Test
    void a_listener_that_throws_changes_nothing() throws Exception {
        ModelStore store = new ModelStore("store");
        CounterCache cache = CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .listener(new CounterListener() {
                    @Override
                    public void flushStarted(Flush flush) {
                        throw new IllegalStateException("from a test");
                    }
                })
                .build();
        cache.increment("a");
        cache.flush(LONG);
        cache.increment("a");
        assertThat(cache.close(LONG).isComplete()).isTrue();
        assertThat(store.total("a")).isEqualTo(2);
    }

    @Test
    void callbacks_run_on_the_executor_they_are_given() throws Exception {
        ForkJoinPool pool = new ForkJoinPool(1);
        CounterCache cache = CounterCache.builder(new ModelStore("store"))
                .flushOnlyWhenAsked()
                .callbackExecutor(pool)
                .build();
        CompletableFuture<Thread> callback = cache.addAsync("a", 1)
                .thenApply(ignored -> Thread.currentThread())
                .toCompletableFuture();
        cache.flush(LONG);
        Thread ran = callback.get(60, TimeUnit.SECONDS);
        assertThat(ran.getName()).contains("ForkJoinPool");
        cache.close();
        pool.shutdown();
    }

    @Test
    void a_flush_that_runs_out_of_time_says_so_and_loses_nothing() throws Exception {
        ModelStore store = new ModelStore("store");
        store.faults((op, argument) -> Fault.BEFORE);
        CounterCache cache = CounterCache.builder(store)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
                .build();
        cache.add("a", 3);
        assertThatThrownBy(() -> cache.flush(Duration.ofMillis(30)))
                .isInstanceOf(UnconfirmedException.class)
                .hasMessageContaining("not everything was in the sink after PT0.03S");
        store.faults((op, argument) -> Fault.NONE);
        cache.flush(LONG);
        assertThat(store.total("a")).isEqualTo(3);
        cache.close();
    }

    @Test
    void a_flush_can_be_interrupted() throws Exception {
        ModelStore store = new ModelStore("store");
        CountDownLatch goOn = new CountDownLatch(1);
        store.beforeWrite(() -> Await.on(goOn));
        CounterCache cache = CounterCache.builder(store).build();
        cache.add("a", 3);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> cache.flush(LONG)).isInstanceOf(InterruptedException.class);
        goOn.countDown();
        cache.flush(LONG);
        assertThat(store.total("a")).isEqualTo(3);
        cache.close();
    }

    @Test
    void waiters_are_bounded_and_the_one_too_many_is_not_counted() throws Exception {
        ModelStore store = new ModelStore("store");
        CounterCache cache =
                CounterCache.builder(store).flushOnlyWhenAsked().maxWaiters(3).build();
        List<CompletableFuture<Void>> stages = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            stages.add(cache.addAsync("a", 1).toCompletableFuture());
        }
        assertThatThrownBy(() -> cache.addAsync("a", 1))
                .isInstanceOfSatisfying(
                        RejectedException.class,
                        e -> assertThat(e.reason()).isEqualTo(RejectedException.Reason.WAITER_LIMIT))
                .hasMessageContaining("3 increments wait");
        assertThatThrownBy(() -> cache.addAsync("", 1)).isInstanceOf(RejectedException.class);
        cache.flush(LONG);
        CompletableFuture.allOf(stages.toArray(new CompletableFuture<?>[0])).get(60, TimeUnit.SECONDS);
        Await.until(() -> cache.stats().waiters() == 0);
        assertThat(store.total("a")).isEqualTo(3);
        cache.close();
    }

    @Test
    void an_increment_in_quarantine_is_told_to_who_waits_for_it_and_to_nobody_else() throws Exception {
        ModelStore store = new ModelStore("store");
        store.poison(key -> key.equals("bad"));
        CounterCache cache = CounterCache.builder(store).flushOnlyWhenAsked().build();
        CompletableFuture<Void> bad = cache.addAsync("bad", 1).toCompletableFuture();
        CompletableFuture<Void> good = cache.addAsync("good", 1).toCompletableFuture();
        cache.flush(LONG);
        good.get(60, TimeUnit.SECONDS);
        assertThatThrownBy(() -> bad.get(60, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        QuarantinedException.class, e -> assertThat(e.key()).isEqualTo("bad"));
        assertThat(cache.close(LONG).stats().quarantined()).isEqualTo(1);
    }

    @Test
    void sums_add_up_in_every_snapshot() throws Exception {
        ModelStore store = new ModelStore("store", Guard.STRICT, 32);
        store.poison(key -> key.equals("k3"));
        store.faults((op, argument) -> {
            if (op != Op.QUARANTINED && ThreadLocalRandom.current().nextInt(10) == 0) {
                store.rewind(2);
            }
            return ThreadLocalRandom.current().nextInt(4) == 0 ? Fault.AFTER : Fault.NONE;
        });
        CounterCache cache = CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .retain(Duration.ofSeconds(1), 500)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(2))
                .build();
        AtomicBoolean stop = new AtomicBoolean();
        Thread adder = new Thread(() -> {
            for (int i = 0; !stop.get(); i++) {
                cache.increment("k" + i % 7);
            }
        });
        adder.start();
        long previous = 0;
        long deadline = System.nanoTime() + HAMMER_NANOS / 2;
        while (System.nanoTime() - deadline < 0) {
            CounterStats s = cache.stats();
            assertThat(s.persisted() + s.quarantined() + s.lost() + s.pending()).isEqualTo(s.accepted());
            assertThat(s.accepted()).isGreaterThanOrEqualTo(previous);
            assertThat(s.persisted()).isBetween(0L, s.accepted());
            assertThat(s.quarantined()).isNotNegative();
            assertThat(s.pending()).isNotNegative();
            assertThat(s.retainedBytes()).isNotNegative();
            previous = s.accepted();
        }
        stop.set(true);
        adder.join();
        store.faults((op, argument) -> Fault.NONE);
        cache.close(LONG);
        assertThat(previous).isPositive();
    }

    private static void flush(CounterCache cache) {
        try {
            cache.flush(LONG);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
