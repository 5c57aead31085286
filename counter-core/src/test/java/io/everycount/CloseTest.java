// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.InMemorySink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class CloseTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void closing_saves_what_was_counted_and_says_so() throws Exception {
        InMemorySink sink = new InMemorySink();
        CounterCache cache = CounterCache.builder(sink).flushOnlyWhenAsked().build();
        cache.add("a", 5);
        cache.counter("b").add(6);
        cache.add("c", 1L << 50);
        CloseReport report = cache.close(LONG);
        assertThat(report.isComplete()).isTrue();
        assertThat(sink.totals()).isEqualTo(Map.of("a", 5L, "b", 6L, "c", 1L << 50));
        assertThat(report.stats().persisted()).isEqualTo(11 + (1L << 50));
        assertThat(report.stats().state()).isEqualTo(CounterStats.State.CLOSED);
    }

    @Test
    void a_second_close_returns_the_first_ones_report() throws Exception {
        CounterCache cache = CounterCache.builder(new InMemorySink()).build();
        cache.increment("a");
        CloseReport first = cache.close(LONG);
        assertThat(cache.close(LONG)).isSameAs(first);
        cache.close();
    }

    @Test
    void closes_at_the_same_time_return_one_report() throws Exception {
        CounterCache cache = CounterCache.builder(new InMemorySink()).build();
        cache.increment("a");
        List<CompletableFuture<CloseReport>> reports = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            reports.add(CompletableFuture.supplyAsync(() -> {
                try {
                    return cache.close(LONG);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }));
        }
        CloseReport one = reports.get(0).join();
        assertThat(reports).allSatisfy(r -> assertThat(r.join()).isSameAs(one));
    }

    @Test
    void after_closing_everything_is_rejected_and_stats_still_work() throws Exception {
        CounterCache cache = CounterCache.builder(new InMemorySink()).build();
        Counter handle = cache.counter("h");
        cache.close(LONG);
        List<Runnable> calls = List.of(
                () -> cache.increment("a"),
                () -> cache.add("a", 1L << 50),
                () -> cache.add(new byte[] {'a'}, 0, 1, 1),
                () -> cache.add(new byte[] {'a'}, 0, 1, 1L << 50),
                () -> cache.addAll(Map.of("a", 1L)),
                () -> cache.addAll(Map.of("a", 1L << 50)),
                () -> cache.addAsync("a", 1),
                () -> cache.counter("a"),
                handle::increment,
                () -> handle.add(1L << 50));
        for (Runnable call : calls) {
            assertThatThrownBy(call::run).isInstanceOfSatisfying(RejectedException.class, e -> {
                assertThat(e.reason()).isEqualTo(RejectedException.Reason.CLOSED);
                assertThat(e).hasMessageContaining("closed").hasMessageContaining("nothing was counted");
            });
        }
        assertThat(cache.stats().accepted()).isZero();
        assertThat(cache.stats().rejected()).containsEntry(RejectedException.Reason.CLOSED, (long) calls.size());
        handle.close();
    }

    @Test
    void a_dead_sink_leaves_everything_unsaved_by_key() throws Exception {
        ModelStore dead = new ModelStore("dead");
        dead.faults((op, argument) -> Fault.BEFORE);
        CounterCache cache =
                CounterCache.builder(dead).flushInterval(Duration.ofMillis(1)).build();
        cache.add("a", 5);
        Await.until(() -> cache.stats().pending() == 5);
        cache.add("a", 2);
        cache.add("b", -3);
        CloseReport report = cache.close(Duration.ofMillis(50));
        assertThat(report.isComplete()).isFalse();
        assertThat(report.unsaved()).isEqualTo(Map.of("a", 7L, "b", -3L));
        assertThat(report.unknown()).isEmpty();
        assertThat(report.stats().pending()).isEqualTo(4);
        assertThatThrownBy(cache::close)
                .isInstanceOf(UnconfirmedException.class)
                .hasMessageContaining("deltas of 2 keys are not")
                .hasMessageContaining("dead");
    }

    @Test
    void a_write_under_way_when_time_runs_out_is_unknown_and_what_came_after_it_unsaved() throws Exception {
        ModelStore store = new ModelStore("stuck");
        CountDownLatch inWrite = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        store.beforeWrite(() -> {
            inWrite.countDown();
            Await.on(goOn);
        });
        CounterCache cache =
                CounterCache.builder(store).flushInterval(Duration.ofMillis(1)).build();
        cache.add("a", 5);
        Await.on(inWrite);
        cache.add("a", 2);
        cache.add("b", 3);
        CloseReport report = cache.close(Duration.ZERO);
        assertThat(report.unknown()).isEqualTo(Map.of("a", 5L));
        assertThat(report.unsaved()).isEqualTo(Map.of("a", 2L, "b", 3L));
        goOn.countDown();
        Await.until(() -> store.total("a") == 5);
    }

    @Test
    void a_write_whose_outcome_is_not_known_yet_is_unknown() throws Exception {
        ModelStore store = new ModelStore("store");
        store.faults((op, argument) -> op == Op.WRITE ? Fault.AFTER : op == Op.LEDGER ? Fault.BEFORE : Fault.NONE);
        CounterCache cache = CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
                .build();
        cache.add("a", 5);
        Await.until(() -> cache.stats().sinks().get(0).retries() > 3);
        CloseReport report = cache.close(Duration.ofMillis(20));
        assertThat(report.unknown()).isEqualTo(Map.of("a", 5L));
        assertThat(report.unsaved()).isEmpty();
    }

    @Test
    void what_is_pending_behind_a_gap_not_yet_declared_is_unsaved() throws Exception {
        ModelStore store = new ModelStore("store");
        CounterCache cache = CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .retain(Duration.ZERO, 0)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
                .ledgerCheckInterval(Duration.ofMillis(10))
                .build();
        cache.add("a", 5);
        cache.flush(LONG);
        store.faults((op, argument) -> op == Op.GAP ? Fault.BEFORE : Fault.NONE);
        store.rewind(100);
        Await.until(() -> cache.stats().sinks().get(0).rewinds() == 1);
        cache.add("b", 3);
        CloseReport report = cache.close(Duration.ofMillis(50));
        assertThat(report.isComplete()).isFalse();
        assertThat(report.unsaved()).isEqualTo(Map.of("b", 3L));
        assertThat(report.stats().pending()).isEqualTo(8);
    }

    @Test
    void a_report_never_calls_unsaved_what_is_saved_however_close_the_race() throws Exception {
        long seed = Long.getLong("everycount.seed", new Random().nextLong());
        Random random = new Random(seed);
        int unknown = 0;
        for (int round = 0; round < 3_000; round++) {
            ModelStore store = new ModelStore("store");
            String name = "race" + round;
            CounterCache cache = CounterCache.builder(store)
                    .name(name)
                    .flushInterval(Duration.ofMillis(1))
                    .build();
            int spin = random.nextInt(20_000);
            cache.add("a", 1);
            if (random.nextBoolean()) {
                cache.flush(LONG);
            }
            cache.add("a", 2);
            for (int i = 0; i < spin; i++) {
                Thread.onSpinWait();
            }
            CloseReport report = cache.close(Duration.ZERO);
            Await.until(() -> !Await.threadRuns(name + "-sink-1"));
            long saved = store.total("a");
            long unsaved = report.unsaved().getOrDefault("a", 0L);
            long unclear = report.unknown().getOrDefault("a", 0L);
            unknown += unclear == 0 ? 0 : 1;
            assertThat(saved)
                    .as("round %d of seed %d: unsaved %d, unknown %d", round, seed, unsaved, unclear)
                    .isBetween(3 - unsaved - unclear, 3 - unsaved);
        }
        System.out.printf("close race: %d of 3000 closes met a write under way (seed %d)%n", unknown, seed);
    }

    @Test
    void adds_that_race_with_closing_are_saved_exactly_if_they_returned() throws Exception {
        for (int round = 0; round < 200; round++) {
            InMemorySink sink = new InMemorySink();
            CounterCache cache = CounterCache.builder(sink)
                    .flushInterval(Duration.ofMillis(1))
                    .build();
            AtomicLong accepted = new AtomicLong();
            Queue<RejectedException.Reason> rejections = new ConcurrentLinkedQueue<>();
            List<Thread> threads = new ArrayList<>();
            CountDownLatch running = new CountDownLatch(4);
            for (int t = 0; t < 4; t++) {
                int kind = t;
                Thread thread = new Thread(() -> {
                    Counter handle = cache.counter("k");
                    byte[] utf8 = {'k'};
                    long mine = 0;
                    while (true) {
                        try {
                            switch (kind) {
                                case 0 -> cache.increment("k");
                                case 1 -> cache.add(utf8, 0, 1, 1);
                                case 2 -> handle.increment();
                                default -> {
                                    cache.addAll(Map.of("k", 3L, "k2", -(1L << 41), "k3", (1L << 41) - 2));
                                }
                            }
                            mine++;
                            if (mine == 100) {
                                running.countDown();
                            }
                        } catch (RejectedException e) {
                            // So many large deltas can outrun the drains; that is no reason to stop.
                            if (e.reason() != RejectedException.Reason.LARGE_DELTA_LIMIT) {
                                rejections.add(e.reason());
                                break;
                            }
                        }
                    }
                    accepted.addAndGet(mine);
                });
                threads.add(thread);
                thread.start();
            }
            Await.on(running);
            CloseReport report = cache.close(LONG);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(rejections).hasSize(4).containsOnly(RejectedException.Reason.CLOSED);
            assertThat(report.isComplete()).isTrue();
            assertThat(sink.totals().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(accepted.get());
        }
    }

    @Test
    void an_interrupted_close_has_closed_the_cache_all_the_same() throws Exception {
        ModelStore store = new ModelStore("stuck");
        CountDownLatch goOn = new CountDownLatch(1);
        store.beforeWrite(() -> Await.on(goOn));
        CounterCache cache = CounterCache.builder(store).build();
        cache.increment("a");
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> cache.close(LONG)).isInstanceOf(InterruptedException.class);
        Await.until(() -> {
            try {
                cache.increment("a");
                return false;
            } catch (RejectedException e) {
                return e.reason() == RejectedException.Reason.CLOSED;
            }
        });
        goOn.countDown();
    }

    @Test
    void acknowledgements_that_closing_cannot_give_end_as_unconfirmed() throws Exception {
        ModelStore dead = new ModelStore("dead");
        dead.faults((op, argument) -> Fault.BEFORE);
        CounterCache cache = CounterCache.builder(dead).flushOnlyWhenAsked().build();
        CompletableFuture<Void> stage = cache.addAsync("a", 1).toCompletableFuture();
        cache.close(Duration.ZERO);
        assertThatThrownBy(stage::get).hasCauseInstanceOf(UnconfirmedException.class);
        Await.until(() -> cache.stats().waiters() == 0);
    }
}
