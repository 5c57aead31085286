// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.RejectedException.Reason;
import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What happens at the limits; the sink is out of order, so that no drain makes room. */
@Timeout(60)
class LimitTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private final ModelStore store = new ModelStore("store");
    private final Map<Reason, Long> told = new ConcurrentHashMap<>();

    private CounterCache full(int keys, LimitPolicy policy) {
        store.faults((op, argument) -> Fault.BEFORE);
        CounterCache cache = CounterCache.builder(store)
                .flushOnlyWhenAsked()
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
                .maxKeys(keys)
                .onLimit(policy)
                .listener(new CounterListener() {
                    @Override
                    public void rejected(Reason reason, long count) {
                        told.merge(reason, count, Long::sum);
                    }
                })
                .build();
        // The one drain that may be ahead of a dead sink.
        cache.increment("k0");
        try {
            cache.flush(Duration.ofMillis(20));
        } catch (UnconfirmedException | InterruptedException e) {
            Await.until(() -> cache.stats().pending() == 1);
        }
        for (int i = 0; i < keys - (policy.overflowKey() == null ? 0 : 1); i++) {
            cache.increment("k" + i);
        }
        return cache;
    }

    private void mend() {
        store.faults((op, argument) -> Fault.NONE);
    }

    @Test
    void the_key_that_is_one_too_many_is_rejected_and_has_room_after_a_flush() throws Exception {
        CounterCache cache = full(100, LimitPolicy.reject());
        assertThat(cache.stats().maxKeys()).isEqualTo(100);
        assertThatThrownBy(() -> cache.increment("k100"))
                .isInstanceOfSatisfying(
                        RejectedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KEY_LIMIT))
                .hasMessageContaining("no room for \"k100\"")
                .hasMessageContaining("maxKeys")
                .hasMessageContaining("Last error of store");
        assertThatThrownBy(() -> cache.counter("k100")).isInstanceOf(RejectedException.class);
        assertThatThrownBy(() -> cache.addAll(Map.of("k0", 5L, "k100", 1L))).isInstanceOf(RejectedException.class);
        cache.increment("k99");
        assertThat(cache.stats().rejected()).isEqualTo(Map.of(Reason.KEY_LIMIT, 3L));
        mend();
        cache.flush(LONG);
        cache.increment("k100");
        cache.close();
        assertThat(store.total("k0")).isEqualTo(2);
        assertThat(store.total("k99")).isEqualTo(2);
        assertThat(store.total("k100")).isEqualTo(1);
        Await.until(() -> told.equals(Map.of(Reason.KEY_LIMIT, 3L)));
    }

    @Test
    void control_characters_of_a_key_do_not_reach_a_message() {
        CounterCache cache = full(1, LimitPolicy.reject());
        assertThatThrownBy(() -> cache.increment("a\nb\u001b[31m"))
                .isInstanceOf(RejectedException.class)
                .hasMessageContaining("no room for \"a?b?[31m\"");
        mend();
        cache.close();
    }

    @Test
    void who_waits_for_room_gets_it_when_the_sink_works_again() throws Exception {
        CounterCache cache = full(10, LimitPolicy.block(LONG));
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread waiting = new Thread(() -> {
            try {
                cache.increment("k10");
                cache.addAll(Map.of("k11", 1L, "k12", 2L));
            } catch (Throwable t) {
                failure.set(t);
            }
        });
        waiting.start();
        Await.until(() -> waiting.getState() == Thread.State.TIMED_WAITING);
        mend();
        waiting.join();
        assertThat(failure.get()).isNull();
        cache.close();
        assertThat(store.totals()).hasSize(13).containsEntry("k12", 2L);
        assertThat(cache.stats().rejected()).isEmpty();
    }

    @Test
    void who_waits_for_room_in_vain_is_rejected_in_time_and_so_is_who_is_interrupted() {
        CounterCache cache = full(10, LimitPolicy.block(Duration.ofMillis(50)));
        long start = System.nanoTime();
        assertThatThrownBy(() -> cache.increment("k10")).isInstanceOf(RejectedException.class);
        assertThat(System.nanoTime() - start).isGreaterThan(50_000_000L);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> cache.increment("k10")).isInstanceOf(RejectedException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(cache.stats().rejected()).isEqualTo(Map.of(Reason.KEY_LIMIT, 2L));
        mend();
        cache.close();
    }

    @Test
    void an_overflow_key_keeps_the_grand_total() throws Exception {
        CounterCache cache = full(10, LimitPolicy.overflowTo("others"));
        for (int i = 0; i < 50; i++) {
            cache.add("fresh" + i, 2);
        }
        byte[] utf8 = "bytes".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        cache.add(utf8, 0, utf8.length, 3);
        cache.addAll(Map.of("k0", 10L, "new1", 20L, "new2", 30L));
        assertThat(cache.stats().overflowed()).isEqualTo(53);
        assertThat(cache.stats().rejected()).isEmpty();
        mend();
        cache.close();
        assertThat(store.total("others")).isEqualTo(100 + 3 + 50);
        assertThat(store.total("k0")).isEqualTo(2 + 10);
        assertThat(store.totals().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(1 + 9 + 100 + 3 + 60);
    }

    @Test
    void a_bulk_at_the_limit_counts_as_a_whole_or_not_at_all() throws Exception {
        CounterCache cache = full(100, LimitPolicy.reject());
        mend();
        cache.flush(LONG);
        store.faults((op, argument) -> Fault.BEFORE);
        Map<String, Long> bulk = new HashMap<>();
        for (int i = 0; i < 101; i++) {
            bulk.put("bulk" + i, 1L);
        }
        assertThatThrownBy(() -> cache.addAll(bulk)).isInstanceOf(RejectedException.class);
        bulk.remove("bulk100");
        mend();
        cache.flush(LONG);
        cache.addAll(bulk);
        CloseReport report = cache.close(LONG);
        assertThat(report.stats().accepted()).isEqualTo(101 + 100);
        assertThat(store.total("bulk5")).isEqualTo(1);
        assertThat(store.total("bulk100")).isZero();
    }

    @Test
    void large_deltas_have_a_limit_of_their_own() {
        CounterCache cache = full(10, LimitPolicy.reject());
        for (int i = 0; i < 65_536; i++) {
            cache.add("k0", 1L << 41);
        }
        assertThatThrownBy(() -> cache.add("k0", 1L << 41))
                .isInstanceOfSatisfying(
                        RejectedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.LARGE_DELTA_LIMIT));
        assertThatThrownBy(() -> cache.addAll(Map.of("k1", 1L, "k0", 1L << 41))).isInstanceOf(RejectedException.class);
        mend();
        cache.close();
        assertThat(store.total("k0")).isEqualTo((65_536L << 41) + 2);
        assertThat(store.total("k1")).isEqualTo(1);
    }
}
