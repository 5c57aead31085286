// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everycount.RejectedException.Reason;
import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lists of increments whose keys are bytes: all of a list counts, or none of it. */
@Timeout(120)
class BulkAddTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final long LARGE = 1L << 41;
    private final long seed = Long.getLong("everycount.seed", new Random().nextLong());
    private final Random random = new Random(seed);
    private final ModelStore store = new ModelStore("store");

    private record Entry(byte[] key, long delta) {
        Entry(String key, long delta) {
            this(key.getBytes(StandardCharsets.UTF_8), delta);
        }

        String name() {
            return new String(key, StandardCharsets.UTF_8);
        }
    }

    private static Increments list(List<Entry> entries) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write('<');
        for (Entry entry : entries) {
            body.writeBytes(entry.key);
            body.write('|');
        }
        Increments list = new Increments().over(body.toByteArray());
        int at = 1;
        for (Entry entry : entries) {
            list.add(at, entry.key.length, entry.delta);
            at += entry.key.length + 1;
        }
        return list;
    }

    private static Increments list(Entry... entries) {
        return list(List.of(entries));
    }

    private CounterCacheBuilder builder() {
        return CounterCache.builder(store)
                .flushOnlyWhenAsked()
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
                .maxKeyBytes(16);
    }

    /** A cache with "first" in use, whose sink is out of order, so that no drain makes room. */
    private CounterCache stalled(CounterCacheBuilder builder) {
        store.faults((op, argument) -> Fault.BEFORE);
        CounterCache cache = builder.build();
        // The one drain that may be ahead of a dead sink.
        cache.increment("first");
        assertThatThrownBy(() -> cache.flush(Duration.ofMillis(1))).isInstanceOf(UnconfirmedException.class);
        Await.until(() -> cache.stats().pending() == 1);
        cache.increment("first");
        return cache;
    }

    private void mend() {
        store.faults((op, argument) -> Fault.NONE);
    }

    private static RejectedException rejectionOf(CounterCache cache, Increments list) {
        return catchThrowableOfType(RejectedException.class, () -> cache.addAll(list));
    }

    @Test
    void random_lists_count_as_a_whole_or_not_at_all() throws Exception {
        CounterCache cache = builder().build();
        Map<String, Long> expected = new HashMap<>();
        long[] deltas = {0, 1, -1, 5, 1L << 40, LARGE, -LARGE, 1L << 60, -(1L << 60), (1L << 40) + 1};
        int rejected = 0;
        for (int round = 0; round < 3_000; round++) {
            List<Entry> entries = new ArrayList<>();
            int size = random.nextInt(40);
            int firstBad = -1;
            for (int i = 0; i < size; i++) {
                Entry entry = new Entry(
                        "k" + random.nextInt(1 + random.nextInt(200)),
                        // Large ones seldom: a total must not leave its 64 bits.
                        random.nextInt(40) == 0 ? deltas[random.nextInt(deltas.length)] : random.nextInt(7) - 3L);
                if (random.nextInt(100) == 0) {
                    entry = badEntry();
                    firstBad = firstBad < 0 ? i : firstBad;
                }
                entries.add(entry);
            }
            RejectedException rejection = rejectionOf(cache, list(entries));
            if (firstBad < 0) {
                assertThat(rejection).as("seed %d", seed).isNull();
                entries.forEach(e -> expected.merge(e.name(), e.delta, Long::sum));
            } else {
                rejected++;
                assertThat(rejection.index()).as("seed %d", seed).hasValue(firstBad);
                assertThat(rejection)
                        .hasMessageStartingWith("increment " + firstBad + " (counting from 0): the ")
                        .hasMessageEndingWith("; nothing was counted");
            }
            if (random.nextInt(200) == 0) {
                cache.flush(LONG);
            }
        }
        cache.close();
        expected.values().removeIf(v -> v == 0);
        Map<String, Long> stored = new HashMap<>(store.totals());
        store.quarantineSums().forEach((key, sum) -> stored.merge(key, sum, Long::sum));
        stored.values().removeIf(v -> v == 0);
        assertThat(stored).as("seed %d", seed).isEqualTo(expected);
        assertThat(rejected).isPositive();
    }

    private Entry badEntry() {
        return switch (random.nextInt(5)) {
            case 0 -> new Entry("", random.nextInt(2));
            case 1 -> new Entry("a\0b", 1);
            case 2 -> new Entry(new byte[] {'a', (byte) 0xc3}, LARGE);
            case 3 -> new Entry("x".repeat(17), 0);
            default -> new Entry("good", (random.nextBoolean() ? Long.MIN_VALUE : (1L << 60) + 1));
        };
    }

    @Test
    void a_rejection_that_is_not_about_one_increment_has_no_index() {
        CounterCache cache = builder().maxKeys(1).build();
        Increments two = list(new Entry("a", 1), new Entry("b", 1));
        RejectedException limit = rejectionOf(cache, two);
        assertThat(limit.reason()).isEqualTo(Reason.KEY_LIMIT);
        assertThat(limit.index()).isEmpty();
        assertThat(limit).hasMessageContaining("no room for \"2 increments\"");
        assertThat(catchThrowableOfType(RejectedException.class, () -> cache.add("", 1))
                        .index())
                .isEmpty();
        cache.close();
        RejectedException closed = rejectionOf(cache, two);
        assertThat(closed.reason()).isEqualTo(Reason.CLOSED);
        assertThat(closed.index()).isEmpty();
        assertThat(cache.stats().rejected())
                .isEqualTo(Map.of(Reason.KEY_LIMIT, 1L, Reason.INVALID_KEY, 1L, Reason.CLOSED, 1L));
    }

    /** Without a drain, keys stay in use; so a list has to be taken exactly if its new keys fit. */
    @Test
    void a_list_is_turned_away_for_lack_of_room_only_if_its_new_keys_do_not_fit() throws Exception {
        for (int round = 0; round < 60; round++) {
            int maxKeys = 1 + random.nextInt(300);
            CounterCache cache = stalled(builder().maxKeys(maxKeys));
            Set<String> strings = new HashSet<>(Set.of("first"));
            Set<String> bytes = new HashSet<>();
            for (int n = 0; n < 60; n++) {
                List<Entry> entries = new ArrayList<>();
                for (int i = random.nextInt(60); i > 0; i--) {
                    long delta = random.nextInt(8) == 0 ? random.nextBoolean() ? 0 : LARGE : 1;
                    entries.add(new Entry("k" + random.nextInt(2 * maxKeys), delta));
                }
                boolean asMap = random.nextInt(3) == 0;
                Set<String> used = asMap ? strings : bytes;
                Map<String, Long> map = new HashMap<>();
                entries.forEach(e -> map.put(e.name(), e.delta));
                Set<String> after = new HashSet<>(used);
                if (asMap) {
                    map.forEach((key, delta) -> {
                        if (delta == 1) {
                            after.add(key);
                        }
                    });
                } else {
                    entries.stream().filter(e -> e.delta == 1).forEach(e -> after.add(e.name()));
                }
                int fresh = after.size() - used.size();
                boolean fits = strings.size() + bytes.size() + fresh <= maxKeys || fresh == 0;
                RejectedException rejection = catchThrowableOfType(RejectedException.class, () -> {
                    if (asMap) {
                        cache.addAll(map);
                    } else {
                        cache.addAll(list(entries));
                    }
                });
                assertThat(rejection == null)
                        .as("seed %d, round %d.%d, %s", seed, round, n, rejection)
                        .isEqualTo(fits);
                if (fits) {
                    used.addAll(after);
                }
                assertThat(cache.stats().keysInUse()).isEqualTo(strings.size() + bytes.size());
            }
            cache.close(Duration.ZERO);
        }
    }

    @Test
    void a_list_waits_for_room_if_the_policy_says_so() throws Exception {
        CounterCache cache = stalled(builder().maxKeys(2).onLimit(LimitPolicy.block(LONG)));
        cache.addAll(list(new Entry("a", 1), new Entry("a", 1)));
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread waiting = new Thread(() -> {
            try {
                cache.addAll(list(new Entry("b", 1), new Entry("c", 2), new Entry("b", 4)));
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
        assertThat(store.totals()).isEqualTo(Map.of("first", 2L, "a", 2L, "b", 5L, "c", 2L));
    }

    @Test
    void keys_without_room_go_to_the_overflow_key_and_those_in_use_to_their_own() throws Exception {
        CounterCache cache = stalled(builder().maxKeys(4).onLimit(LimitPolicy.overflowTo("others")));
        cache.addAll(list(new Entry("a", 1), new Entry("b", 1)));
        cache.addAll(list(
                new Entry("a", 10),
                new Entry("c", 20),
                new Entry("d", LARGE),
                new Entry("e", 0),
                new Entry("b", 30),
                new Entry("c", 40)));
        assertThat(cache.stats().overflowed()).isEqualTo(2);
        mend();
        cache.close();
        assertThat(store.totals()).isEqualTo(Map.of("first", 2L, "a", 11L, "b", 31L, "others", 60L, "d", LARGE));
        assertThat(rejectionOf(cache, list(new Entry("x", 1))).reason()).isEqualTo(Reason.CLOSED);
    }

    @Test
    void large_deltas_of_a_list_fit_or_none_of_it_counts() throws Exception {
        CounterCache cache = builder().build();
        List<Entry> entries = new ArrayList<>(List.of(new Entry("small", 1)));
        for (int i = 0; i < 65_537; i++) {
            entries.add(new Entry("k", i % 2 == 0 ? LARGE : -LARGE));
        }
        assertThat(rejectionOf(cache, list(entries)).reason()).isEqualTo(Reason.LARGE_DELTA_LIMIT);
        entries.remove(1);
        cache.addAll(list(entries));
        cache.close();
        assertThat(store.total("small")).isEqualTo(1);
        assertThat(store.total("k")).isZero();
        assertThat(cache.stats().accepted()).isEqualTo(1);
    }

    @Test
    void lists_that_wait_take_a_place_for_each_increment_because_each_takes_memory() throws Exception {
        CounterCache cache = builder().maxWaiters(10).build();
        Entry[] eight = new Entry[8];
        Arrays.fill(eight, new Entry("a", 1));
        CompletableFuture<Void> done = cache.addAllAsync(list(eight)).toCompletableFuture();
        assertThat(cache.stats().waiters()).isEqualTo(8);
        Increments three = list(new Entry("a", 1), new Entry("a", 1), new Entry("a", 1));
        assertThat(catchThrowableOfType(RejectedException.class, () -> cache.addAllAsync(three))
                        .reason())
                .isEqualTo(Reason.WAITER_LIMIT);
        cache.flush(LONG);
        done.get(60, TimeUnit.SECONDS);
        Await.until(() -> cache.stats().waiters() == 0);
        Entry[] twenty = new Entry[20];
        Arrays.fill(twenty, new Entry("a", 1));
        done = cache.addAllAsync(list(twenty)).toCompletableFuture();
        cache.flush(LONG);
        done.get(60, TimeUnit.SECONDS);
        cache.close();
        assertThat(store.total("a")).isEqualTo(28);
    }

    @Test
    void a_list_is_confirmed_when_all_of_it_is_in_the_sink_and_can_be_used_again_at_once() throws Exception {
        CounterCache cache = builder().maxWaiters(1).build();
        Increments list = list(new Entry("a", 1), new Entry("b", LARGE), new Entry("a", 2));
        CompletableFuture<Void> done = cache.addAllAsync(list).toCompletableFuture();
        Arrays.fill(list.utf8(), (byte) 0xff);
        list.over(new byte[0]);
        assertThat(cache.stats().waiters()).isEqualTo(1);
        assertThat(catchThrowableOfType(RejectedException.class, () -> cache.addAllAsync(list))
                        .reason())
                .isEqualTo(Reason.WAITER_LIMIT);
        assertThat(done).isNotDone();
        cache.flush(LONG);
        done.get(60, TimeUnit.SECONDS);
        assertThat(store.totals()).isEqualTo(Map.of("a", 3L, "b", LARGE));
        Await.until(() -> cache.stats().waiters() == 0);
        RejectedException bad = catchThrowableOfType(
                RejectedException.class, () -> cache.addAllAsync(list(new Entry("a", 1), new Entry("", 1))));
        assertThat(bad.index()).hasValue(1);
        assertThat(cache.stats().waiters()).isZero();
        CompletableFuture<Void> empty = cache.addAllAsync(list()).toCompletableFuture();
        cache.close();
        empty.get(60, TimeUnit.SECONDS);
        assertThat(store.total("a")).isEqualTo(3);
    }

    @Test
    void a_quarantined_key_of_a_list_is_told_to_who_waits_for_the_list() throws Exception {
        store.poison(key -> key.startsWith("bad"));
        CounterCache cache = builder().build();
        CompletableFuture<Void> mixed = cache.addAllAsync(
                        list(new Entry("good", 1), new Entry("b\u00e4", 2), new Entry("bad", 0), new Entry("bad2", 3)))
                .toCompletableFuture();
        CompletableFuture<Void> good =
                cache.addAllAsync(list(new Entry("good", 1))).toCompletableFuture();
        byte[] key = "<bad2>".getBytes(StandardCharsets.UTF_8);
        CompletableFuture<Void> bytes = cache.addAsync(key, 1, 4, 7).toCompletableFuture();
        Arrays.fill(key, (byte) 'x');
        cache.add("bad", 1);
        cache.flush(LONG);
        good.get(60, TimeUnit.SECONDS);
        for (CompletableFuture<Void> failed : List.of(mixed, bytes)) {
            assertThatThrownBy(() -> failed.get(60, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            QuarantinedException.class, e -> assertThat(e.key()).isEqualTo("bad2"));
        }
        cache.close();
        assertThat(store.quarantineSums()).isEqualTo(Map.of("bad", 1L, "bad2", 10L));
    }

    @Test
    void a_quarantined_overflow_key_is_told_to_who_was_counted_under_it() throws Exception {
        store.poison(key -> key.equals("others"));
        CounterCache cache = stalled(builder().maxKeys(2).onLimit(LimitPolicy.overflowTo("others")));
        CompletableFuture<Void> fine = cache.addAsync("first", 1).toCompletableFuture();
        byte[] c = {'c'};
        List<CompletableFuture<Void>> overflowed = List.of(
                cache.addAsync("b", 1).toCompletableFuture(),
                cache.addAsync(c, 0, 1, 1).toCompletableFuture(),
                cache.addAllAsync(list(new Entry("d", 1))).toCompletableFuture());
        mend();
        cache.flush(LONG);
        fine.get(60, TimeUnit.SECONDS);
        for (CompletableFuture<Void> failed : overflowed) {
            assertThatThrownBy(() -> failed.get(60, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            QuarantinedException.class, e -> assertThat(e.key()).isEqualTo("others"));
        }
        cache.close();
    }

    @Test
    void an_asynchronous_addition_by_bytes_is_confirmed_like_any_other() throws Exception {
        CounterCache cache = builder().build();
        byte[] body = "<k\u00e4y>".getBytes(StandardCharsets.UTF_8);
        CompletableFuture<Void> done = cache.addAsync(body, 1, 4, 5).toCompletableFuture();
        assertThat(done).isNotDone();
        assertThatThrownBy(() -> cache.addAsync(body, 1, 2, 5)).isInstanceOf(RejectedException.class);
        assertThatThrownBy(() -> cache.addAsync(body, 3, 9, 5)).isInstanceOf(IndexOutOfBoundsException.class);
        cache.flush(LONG);
        done.get(60, TimeUnit.SECONDS);
        assertThat(store.totals()).isEqualTo(Map.of("k\u00e4y", 5L));
        Await.until(() -> cache.stats().waiters() == 0);
        cache.close();
    }

    @Test
    void lists_that_meet_the_close_count_as_a_whole_or_not_at_all() throws Exception {
        for (int round = 0; round < 40; round++) {
            ModelStore target = new ModelStore("store");
            CounterCache cache = CounterCache.builder(target)
                    .flushInterval(Duration.ofMillis(1))
                    .maxKeys(round % 2 == 0 ? 4_000 : 100_000)
                    .onLimit(LimitPolicy.block(LONG))
                    .build();
            int threads = 4;
            AtomicLong lists = new AtomicLong();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            CountDownLatch busy = new CountDownLatch(threads);
            List<Thread> all = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                Random own = new Random(random.nextLong());
                Thread thread = new Thread(() -> {
                    long mine = 0;
                    try {
                        while (true) {
                            List<Entry> entries = new ArrayList<>(List.of(new Entry("lists", 1)));
                            for (int i = 0; i < 500; i++) {
                                entries.add(new Entry("k" + own.nextInt(20_000), 1));
                            }
                            cache.addAll(list(entries));
                            mine++;
                            if (mine == 20) {
                                busy.countDown();
                            }
                        }
                    } catch (RejectedException e) {
                        if (e.reason() != Reason.CLOSED) {
                            failure.compareAndSet(null, e);
                        }
                    } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                    } finally {
                        lists.addAndGet(mine);
                    }
                });
                all.add(thread);
                thread.start();
            }
            Await.on(busy);
            CloseReport report = cache.close(LONG);
            for (Thread thread : all) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertThat(report.isComplete()).isTrue();
            assertThat(target.total("lists")).isEqualTo(lists.get());
            assertThat(target.totals().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .as("seed %d", seed)
                    .isEqualTo(501 * lists.get());
        }
    }

    @Test
    void a_list_of_keys_in_use_costs_no_memory_for_each_increment() throws Exception {
        CounterCache cache = builder().build();
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            entries.add(new Entry("key" + i % 500, 1));
        }
        Increments list = list(entries);
        for (int i = 0; i < 50; i++) {
            cache.addAll(list);
        }
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            cache.addAll(list);
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        cache.close();
        assertThat(least).as("bytes for 1,000 increments").isLessThan(1_000);
        assertThat(store.total("key7")).isEqualTo(200);
    }
}
