// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CellStoreTest {
    private static final int PLENTY = 10_000_000;
    private final AtomicInteger pressed = new AtomicInteger();
    private final CellStore cells = store(PLENTY);
    private final Map<String, BigInteger> drained = new HashMap<>();

    private CellStore store(int keysMax) {
        return new CellStore(4, keysMax, 64, pressed::incrementAndGet);
    }

    private void drain(CellStore store, boolean close, boolean endOfPeriod) {
        Collector collector = new Collector();
        store.drain(collector, close, endOfPeriod);
        for (int i = 0; i < collector.size(); i++) {
            if (collector.delta(i) == 0) {
                throw new AssertionError("an entry of 0");
            }
            Object key = collector.key(i);
            drained.merge(
                    key instanceof byte[] utf8 ? new String(utf8, StandardCharsets.UTF_8) : (String) key,
                    BigInteger.valueOf(collector.delta(i)),
                    BigInteger::add);
        }
    }

    private void drain(CellStore store) {
        drain(store, false, false);
    }

    private BigInteger sum(String key) {
        return drained.getOrDefault(key, BigInteger.ZERO);
    }

    private static AddOutcome addBytes(CellStore store, String key, long delta) {
        byte[] utf8 = ("<" + key + ">").getBytes(StandardCharsets.UTF_8);
        return store.add(utf8, 1, utf8.length - 2, delta, false);
    }

    @Test
    void counts_strings_and_bytes_while_tables_grow() {
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 50_000; i++) {
                assertThat(cells.add("k" + i, i + 1, false)).isEqualTo(AddOutcome.COUNTED);
                assertThat(addBytes(cells, "k" + i, 1)).isEqualTo(AddOutcome.COUNTED);
                if (i % 20_011 == 0) {
                    drain(cells);
                }
            }
        }
        drain(cells);
        assertThat(drained).hasSize(50_000);
        for (int i = 0; i < 50_000; i++) {
            assertThat(sum("k" + i)).isEqualTo(BigInteger.valueOf(3L * (i + 2)));
        }
    }

    @Test
    void a_drain_takes_everything_once() {
        cells.add("a", 5, false);
        drain(cells);
        drain(cells);
        assertThat(sum("a")).isEqualTo(BigInteger.valueOf(5));
    }

    @Test
    void sums_that_cancel_out_leave_nothing_to_drain() {
        cells.add("a", 5, false);
        cells.add("a", -5, false);
        addBytes(cells, "b", 1L << 39);
        addBytes(cells, "b", -(1L << 39));
        Collector collector = new Collector();
        cells.drain(collector, false, false);
        assertThat(collector.size()).isZero();
    }

    @Test
    void bytes_that_change_during_a_call_make_no_key_twice_and_none_that_is_not_allowed() throws Exception {
        VarHandle eightBytes = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
        int keys = 20_000;
        long[] known = new long[keys];
        for (int i = 0; i < keys; i++) {
            known[i] = (long) eightBytes.get(("k" + (1_000_000 + i)).getBytes(StandardCharsets.US_ASCII), 0);
        }
        long notUtf8 = -1;
        byte[] buffer = new byte[8];
        for (int drains = 0; drains < 2; drains++) {
            for (long key : known) {
                eightBytes.set(buffer, 0, key);
                cells.add(buffer, 0, 8, 1, false);
            }
            drain(cells);
        }
        AtomicBoolean done = new AtomicBoolean();
        Thread changing = new Thread(() -> {
            for (int i = 0; !done.get(); i = (i + 1) % keys) {
                eightBytes.set(buffer, 0, i % 3 == 0 ? notUtf8 : known[i]);
                Thread.onSpinWait();
            }
        });
        changing.setDaemon(true);
        changing.start();
        for (int i = 0; i < 1_000_000; i++) {
            eightBytes.set(buffer, 0, (long)
                    eightBytes.get(("x" + (1_000_000 + i % 9_999)).getBytes(StandardCharsets.US_ASCII), 0));
            cells.add(buffer, 0, 8, 1, false);
        }
        done.set(true);
        changing.join();
        for (long key : known) {
            eightBytes.set(buffer, 0, key);
            cells.add(buffer, 0, 8, 1, false);
        }
        Collector collector = new Collector();
        cells.drain(collector, false, false);
        Set<String> seen = new HashSet<>();
        for (int i = collector.distinctFrom(); i < collector.distinctTo(); i++) {
            byte[] key = (byte[]) collector.key(i);
            assertThat(KeyRules.problem(key, 0, key.length, 256)).isNull();
            assertThat(seen.add(new String(key, StandardCharsets.UTF_8)))
                    .as(new String(key, StandardCharsets.UTF_8))
                    .isTrue();
        }
        assertThat(seen).hasSizeGreaterThanOrEqualTo(keys);
    }

    @Test
    void keys_that_are_idle_for_a_period_make_room_and_keys_in_use_stay() {
        for (int i = 0; i < 10_000; i++) {
            cells.add("k" + i, 1, false);
        }
        drain(cells, false, true);
        for (int period = 0; period < 3; period++) {
            for (int i = 0; i < 100; i++) {
                cells.add("k" + i, 1, false);
            }
            drain(cells, false, true);
            drain(cells, false, false);
        }
        assertThat(cells.keysInUse()).isLessThanOrEqualTo(100);
        for (int i = 0; i < 10_000; i++) {
            cells.add("k" + i, 1, false);
        }
        drain(cells);
        assertThat(sum("k5")).isEqualTo(BigInteger.valueOf(5));
        assertThat(sum("k5000")).isEqualTo(BigInteger.TWO);
    }

    @Test
    void the_limit_of_keys_is_exact_when_nobody_races() {
        CellStore small = store(100);
        for (int i = 0; i < 100; i++) {
            assertThat(small.add("k" + i, 1, false)).isEqualTo(AddOutcome.COUNTED);
        }
        assertThat(small.keysInUse()).isEqualTo(100);
        assertThat(small.add("one too many", 1, false)).isEqualTo(AddOutcome.KEY_LIMIT);
        assertThat(addBytes(small, "one too many", 1)).isEqualTo(AddOutcome.KEY_LIMIT);
        assertThat(small.openHandle("one too many")).isNull();
        assertThat(small.add("k7", 1, false)).as("a key in use goes on").isEqualTo(AddOutcome.COUNTED);
        assertThat(small.keysInUse()).isEqualTo(100);
        assertThat(pressed).hasPositiveValue();
        drain(small);
        assertThat(small.add("one too many", 1, false)).isEqualTo(AddOutcome.COUNTED);
        drain(small);
        assertThat(sum("k7")).isEqualTo(BigInteger.TWO);
        assertThat(sum("one too many")).isEqualTo(BigInteger.ONE);
    }

    @Test
    void the_limit_counts_strings_bytes_and_handles_together() {
        CellStore small = store(9);
        for (int i = 0; i < 3; i++) {
            assertThat(small.add("s" + i, 1, false)).isEqualTo(AddOutcome.COUNTED);
            assertThat(addBytes(small, "b" + i, 1)).isEqualTo(AddOutcome.COUNTED);
            assertThat(small.openHandle("h" + i)).isNotNull();
        }
        assertThat(small.add("s3", 1, false)).isEqualTo(AddOutcome.KEY_LIMIT);
        assertThat(small.openHandle("h0"))
                .as("one that is open already takes no room")
                .isNotNull();
    }

    @Test
    void the_limit_holds_while_threads_race_for_the_last_places() throws Exception {
        for (int round = 0; round < 50; round++) {
            CellStore small = store(64);
            AtomicInteger counted = new AtomicInteger();
            run(4, t -> {
                for (int i = 0; i < 40; i++) {
                    if (small.add("t" + t + ":" + i, 1, false) == AddOutcome.COUNTED) {
                        counted.incrementAndGet();
                    }
                }
            });
            assertThat(counted.get()).isLessThanOrEqualTo(64);
            assertThat(small.keysInUse()).isEqualTo(counted.get());
        }
    }

    @Test
    void growing_does_not_count_keys_twice() {
        CellStore small = store(1_000);
        for (int i = 0; i < 1_000; i++) {
            assertThat(small.add("k" + i, 1, false)).as("key %d", i).isEqualTo(AddOutcome.COUNTED);
            assertThat(small.add("k" + i / 2, 1, false)).as("key %d", i / 2).isEqualTo(AddOutcome.COUNTED);
        }
        assertThat(small.keysInUse()).isBetween(1_000L, 1_000L);
    }

    @Test
    void hostile_keys_of_one_hash_code_are_counted_quickly_and_exactly() {
        List<String> keys = List.of("");
        for (int i = 0; i < 14; i++) {
            List<String> longer = new ArrayList<>();
            for (String key : keys) {
                longer.add(key + "Aa");
                longer.add(key + "BB");
            }
            keys = longer;
        }
        Set<Integer> hashes = new HashSet<>();
        keys.forEach(key -> hashes.add(key.hashCode()));
        assertThat(hashes).hasSize(1);
        assertThat(keys).hasSize(16_384);
        // Were all of them in one run of slots, this would look at some 10,000,000,000 slots.
        int rounds = 80;
        for (int round = 0; round < rounds; round++) {
            for (String key : keys) {
                cells.add(key, 1, false);
            }
            if (round % 20 == 0) {
                drain(cells, false, round % 40 == 0);
            }
        }
        drain(cells);
        assertThat(cells.crowdedTables()).isPositive();
        assertThat(drained).hasSize(16_384);
        assertThat(drained.values()).containsOnly(BigInteger.valueOf(rounds));
    }

    @Test
    void ordinary_keys_crowd_no_table() {
        Random random = new Random(7);
        for (int i = 0; i < 300_000; i++) {
            cells.add("user:" + i, 1, false);
            addBytes(cells, Long.toHexString(random.nextLong()), 1);
        }
        assertThat(cells.crowdedTables()).isZero();
    }

    @Test
    void large_deltas_are_exact_at_every_edge() {
        long edge = 1L << 40;
        long max = CellStore.DELTA_MAX;
        BigInteger expected = BigInteger.ZERO;
        for (long delta : new long[] {edge - 1, edge, edge + 1, max - 1, max, -edge, -edge - 1, -max, 1, -1}) {
            assertThat(CellStore.isDelta(delta)).isTrue();
            assertThat(cells.add("a", delta, false)).isEqualTo(AddOutcome.COUNTED);
            assertThat(addBytes(cells, "a", delta)).isEqualTo(AddOutcome.COUNTED);
            expected = expected.add(BigInteger.valueOf(delta)).add(BigInteger.valueOf(delta));
        }
        assertThat(CellStore.isDelta(max + 1)).isFalse();
        assertThat(CellStore.isDelta(-max - 1)).isFalse();
        assertThat(CellStore.isDelta(Long.MIN_VALUE)).isFalse();
        drain(cells);
        assertThat(sum("a")).isEqualTo(expected);
    }

    @Test
    void large_deltas_that_wait_are_bounded() {
        int counted = 0;
        while (cells.add("a", CellStore.DELTA_MAX, false) == AddOutcome.COUNTED) {
            counted++;
        }
        assertThat(counted).isEqualTo(65_536);
        assertThat(cells.add("a", CellStore.DELTA_MAX, false)).isEqualTo(AddOutcome.LARGE_LIMIT);
        assertThat(cells.add("a", 1, false)).as("small ones go on").isEqualTo(AddOutcome.COUNTED);
        drain(cells);
        assertThat(sum("a"))
                .isEqualTo(BigInteger.valueOf(CellStore.DELTA_MAX)
                        .multiply(BigInteger.valueOf(65_536))
                        .add(BigInteger.ONE));
        assertThat(cells.add("a", CellStore.DELTA_MAX, false)).isEqualTo(AddOutcome.COUNTED);
    }

    @Test
    void a_sum_beyond_the_range_of_a_cell_has_its_table_replaced_and_stays_exact() throws Exception {
        long delta = 1L << 40;
        int adds = 3 << 20; // up to 3 times 2^60 for each thread
        run(2, t -> {
            for (int i = 0; i < adds; i++) {
                assertThat0(cells.add("up", delta, false));
                assertThat0(addBytes(cells, "down", -delta));
            }
        });
        drain(cells);
        BigInteger expected = BigInteger.valueOf(delta).multiply(BigInteger.valueOf(2L * adds));
        assertThat(sum("up")).isEqualTo(expected);
        assertThat(sum("down")).isEqualTo(expected.negate());
    }

    private static void assertThat0(AddOutcome outcome) {
        if (outcome != AddOutcome.COUNTED) {
            throw new AssertionError(outcome);
        }
    }

    @Test
    void a_handle_near_the_end_of_its_range_queues_and_then_refuses_until_a_drain() {
        HandleCell handle = cells.openHandle("h");
        long delta = 1L << 40;
        long counted = 0;
        while (cells.add(handle, delta, false) == AddOutcome.COUNTED) {
            counted++;
        }
        assertThat(counted).isEqualTo((1 << 20) + 65_536);
        assertThat(cells.add(handle, 1, false)).isEqualTo(AddOutcome.LARGE_LIMIT);
        drain(cells);
        assertThat(sum("h")).isEqualTo(BigInteger.valueOf(delta).multiply(BigInteger.valueOf(counted)));
        assertThat(cells.add(handle, 1, false)).isEqualTo(AddOutcome.COUNTED);
    }

    @Test
    void a_handle_with_stripes_queues_near_the_end_of_their_range_and_counts_on_after_a_drain() {
        HandleCell handle = cells.openHandle("h");
        handle.split();
        long delta = 1L << 40;
        long counted = 0;
        while (cells.add(handle, -delta, false) == AddOutcome.COUNTED) {
            counted++;
        }
        // The one that found the sum out of range has counted.
        assertThat(counted).isEqualTo((1 << 20) + 2 + 65_536);
        assertThat(handle.tryAdd(1)).isFalse();
        assertThat(cells.add(handle, 1, false)).isEqualTo(AddOutcome.LARGE_LIMIT);
        BigInteger expected = BigInteger.valueOf(-delta).multiply(BigInteger.valueOf(counted));
        drain(cells);
        assertThat(sum("h")).isEqualTo(expected);
        assertThat(handle.tryAdd(7)).isTrue();
        drain(cells);
        assertThat(sum("h")).isEqualTo(expected.add(BigInteger.valueOf(7)));
    }

    @Test
    void stripes_that_are_full_are_taken_and_closed_with_the_handle() {
        HandleCell handle = cells.openHandle("h");
        handle.split();
        long delta = 1L << 40;
        long counted = 0;
        while (handle.tryAdd(delta)) {
            counted++;
        }
        assertThat(cells.sum("h", new byte[] {'h'})).isEqualTo(delta * counted);
        drain(cells, true, false);
        assertThat(sum("h")).isEqualTo(BigInteger.valueOf(delta).multiply(BigInteger.valueOf(counted)));
        assertThat(handle.tryAdd(1)).isFalse();
        assertThat(cells.add(handle, 1, false)).isEqualTo(AddOutcome.CLOSED);
        assertThat(cells.sum("h", new byte[] {'h'})).isZero();
    }

    @Test
    void keys_that_are_as_busy_as_all_others_stay_out_of_the_lanes() {
        StringCells strings = new StringCells(4, 64, new KeyBudget(PLENTY, () -> {}));
        int keys = 20_000;
        for (int round = 0; round < 8; round++) {
            for (int i = 0; i < keys; i++) {
                strings.add("k" + i, 1, false);
            }
        }
        for (int i = 0; i < 100; i++) {
            strings.add("hot", 1, false);
        }
        assertThat(strings.lanes.table().countKeys()).isEqualTo(1);
        assertThat(strings.sum("hot", 0, 0)).isEqualTo(100);
        Collector collector = new Collector();
        strings.drain(collector, false);
        long drainedSum = 0;
        for (int i = 0; i < collector.size(); i++) {
            drainedSum += collector.delta(i);
        }
        assertThat(drainedSum).isEqualTo(keys * 8L + 100);
    }

    @Test
    void handles_of_one_key_share_a_cell_until_the_last_is_closed() {
        HandleCell first = cells.openHandle("h");
        HandleCell second = cells.openHandle("h");
        assertThat(second).isSameAs(first);
        cells.closeHandle(first);
        assertThat(cells.add(second, 2, false)).isEqualTo(AddOutcome.COUNTED);
        drain(cells);
        assertThat(cells.add(second, 3, false)).isEqualTo(AddOutcome.COUNTED);
        cells.closeHandle(second);
        HandleCell third = cells.openHandle("h");
        assertThat(third).as("opened again before the drain that would seal it").isSameAs(first);
        cells.add(third, 4, false);
        drain(cells);
        assertThat(cells.add(third, 6, false)).isEqualTo(AddOutcome.COUNTED);
        cells.closeHandle(third);
        assertThat(cells.add(third, 7, false)).as("not sealed yet").isEqualTo(AddOutcome.COUNTED);
        drain(cells);
        assertThat(cells.add(third, 5, false)).isEqualTo(AddOutcome.CLOSED);
        HandleCell fourth = cells.openHandle("h");
        assertThat(fourth).as("a sealed cell is never used again").isNotSameAs(first);
        assertThat(cells.add(fourth, 8, false)).isEqualTo(AddOutcome.COUNTED);
        drain(cells);
        assertThat(sum("h")).isEqualTo(BigInteger.valueOf(2 + 3 + 4 + 6 + 7 + 8));
        assertThat(cells.keysInUse()).isEqualTo(1);
        cells.closeHandle(first);
        drain(cells);
        assertThat(cells.add(fourth, 9, false))
                .as("closed once more, by mistake, by another")
                .isEqualTo(AddOutcome.COUNTED);
        cells.closeHandle(fourth);
        drain(cells);
        drain(cells);
        assertThat(cells.keysInUse()).isZero();
        assertThat(sum("h")).isEqualTo(BigInteger.valueOf(2 + 3 + 4 + 6 + 7 + 8 + 9));
    }

    @Test
    void handles_opened_added_to_and_closed_by_many_threads_lose_nothing() throws Exception {
        AtomicLong accepted = new AtomicLong();
        AtomicBoolean stop = new AtomicBoolean();
        Thread drainer = new Thread(() -> {
            while (!stop.get()) {
                drain(cells);
            }
        });
        drainer.start();
        run(4, t -> {
            long mine = 0;
            for (int i = 0; i < 20_000; i++) {
                HandleCell handle = cells.openHandle("h" + i % 3);
                for (int n = 0; n < 10; n++) {
                    if (cells.add(handle, 1, false) == AddOutcome.COUNTED) {
                        mine++;
                    }
                }
                cells.closeHandle(handle);
                // Perhaps sealed, perhaps not, perhaps another thread has it open: the outcome tells.
                if (cells.add(handle, 1, false) == AddOutcome.COUNTED) {
                    mine++;
                }
            }
            accepted.addAndGet(mine);
        });
        stop.set(true);
        drainer.join();
        drain(cells);
        drain(cells, true, false);
        assertThat(drained.values().stream()
                        .mapToLong(BigInteger::longValueExact)
                        .sum())
                .isEqualTo(accepted.get());
        assertThat(cells.keysInUse()).isZero();
    }

    @Test
    void a_bulk_has_its_room_or_counts_nothing() {
        CellStore small = store(10);
        for (int i = 0; i < 8; i++) {
            small.add("k" + i, 1, false);
        }
        assertThat(small.isInUse("k0")).isTrue();
        assertThat(small.isInUse("new1")).isFalse();
        assertThat(small.startBulk(4, () -> 3, 0).outcome()).isEqualTo(AddOutcome.KEY_LIMIT);
        CellStore.Bulk bulk = small.startBulk(3, () -> 2, 0);
        assertThat(bulk.outcome()).isEqualTo(AddOutcome.COUNTED);
        assertThat(small.add("other", 1, false)).as("the room is set aside").isEqualTo(AddOutcome.KEY_LIMIT);
        for (String key : List.of("k0", "new1", "new2")) {
            assertThat(small.add(key, 1, true)).isEqualTo(AddOutcome.COUNTED);
        }
        small.endBulk(bulk);
        assertThat(small.keysInUse()).isEqualTo(10);
    }

    @Test
    void a_bulk_of_more_large_deltas_than_may_wait_counts_nothing() {
        assertThat(cells.startBulk(0, () -> 0, 65_537).outcome()).isEqualTo(AddOutcome.LARGE_LIMIT);
        CellStore.Bulk bulk = cells.startBulk(0, () -> 0, 65_536);
        assertThat(bulk.outcome()).isEqualTo(AddOutcome.COUNTED);
        cells.endBulk(bulk);
    }

    @Test
    void a_bulk_without_new_keys_needs_no_room_even_if_there_is_less_than_none() {
        CellStore small = store(10);
        for (int i = 0; i < 10; i++) {
            small.add("k" + i, 1, false);
        }
        small.add("one more", 1, true);
        assertThat(small.keysInUse()).isEqualTo(11);
        CellStore.Bulk bulk = small.startBulk(5, () -> 0, 0);
        assertThat(bulk.outcome()).isEqualTo(AddOutcome.COUNTED);
        small.endBulk(bulk);
        for (int i = 0; i < 65_537; i++) {
            small.add("k0", 1L << 41, true);
        }
        assertThat(small.startBulk(5, () -> 0, 0).outcome()).isEqualTo(AddOutcome.COUNTED);
        assertThat(small.startBulk(5, () -> 0, 1).outcome()).isEqualTo(AddOutcome.LARGE_LIMIT);
    }

    @Test
    void a_bulk_whose_keys_cannot_be_counted_leaves_nothing_behind() {
        CellStore small = store(1);
        assertThatThrownBy(() -> small.startBulk(
                        2,
                        () -> {
                            throw new IllegalStateException("from a test");
                        },
                        0))
                .hasMessage("from a test");
        drain(small, true, false);
    }

    @Test
    void closing_waits_for_a_bulk_and_refuses_everything_after() throws Exception {
        CellStore.Bulk bulk = cells.startBulk(2, () -> 2, 1);
        assertThat(cells.add("a", 1, true)).isEqualTo(AddOutcome.COUNTED);
        CountDownLatch closing = new CountDownLatch(1);
        Thread closer = new Thread(() -> {
            closing.countDown();
            drain(cells, true, false);
        });
        closer.start();
        closing.await();
        assertThat(cells.add("b", 2, true)).isEqualTo(AddOutcome.COUNTED);
        assertThat(cells.add("b", 1L << 50, true)).isEqualTo(AddOutcome.COUNTED);
        assertThat(closer.isAlive()).isTrue();
        cells.endBulk(bulk);
        closer.join();
        assertThat(sum("a")).isEqualTo(BigInteger.ONE);
        assertThat(sum("b")).isEqualTo(BigInteger.valueOf(2 + (1L << 50)));
        assertThat(cells.add("a", 1, false)).isEqualTo(AddOutcome.CLOSED);
        assertThat(cells.add("fresh", 1, false)).isEqualTo(AddOutcome.CLOSED);
        assertThat(addBytes(cells, "a", 1)).isEqualTo(AddOutcome.CLOSED);
        assertThat(cells.add("a", 1L << 50, false)).isEqualTo(AddOutcome.CLOSED);
        assertThat(cells.openHandle("a")).isNull();
        assertThat(cells.startBulk(0, () -> 0, 0).outcome()).isEqualTo(AddOutcome.CLOSED);
        drain(cells, true, true);
        assertThat(drained).hasSize(2);
    }

    @Test
    void adds_of_any_kind_that_race_with_drains_evictions_and_closing_are_drained_exactly_once() throws Exception {
        for (int round = 0; round < 10; round++) {
            drained.clear();
            CellStore store = store(PLENTY);
            AtomicLong accepted = new AtomicLong();
            List<Thread> threads = new ArrayList<>();
            CountDownLatch started = new CountDownLatch(4);
            for (int t = 0; t < 4; t++) {
                int kind = t;
                Thread thread = new Thread(() -> {
                    long mine = 0;
                    long step = kind == 3 ? 1L << 41 : 1;
                    for (int i = 0; ; i++) {
                        String key = i % 3 == 0 ? "hot" : "k" + i % 4_000;
                        AddOutcome outcome = kind == 1 ? addBytes(store, key, step) : store.add(key, step, false);
                        if (outcome == AddOutcome.CLOSED) {
                            break;
                        }
                        mine += outcome == AddOutcome.COUNTED ? step : 0;
                        if (i == 1_000) {
                            started.countDown();
                        }
                    }
                    accepted.addAndGet(mine);
                });
                threads.add(thread);
                thread.start();
            }
            started.await();
            for (int i = 0; i < 10; i++) {
                drain(store, false, i % 2 == 0);
            }
            drain(store, true, false);
            for (Thread thread : threads) {
                thread.join();
            }
            BigInteger sum = drained.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
            assertThat(sum).isEqualTo(BigInteger.valueOf(accepted.get()));
        }
    }

    @Test
    void keys_that_break_the_rules_never_get_a_cell() {
        for (String bad : List.of("", "\0", "a\0b", "\ud800", "x".repeat(65), "\u00e4".repeat(33), "\0dead")) {
            assertThat(cells.add(bad, 1, false)).isEqualTo(AddOutcome.INVALID_KEY);
            assertThat(cells.add(bad, 1L << 50, false)).isEqualTo(AddOutcome.INVALID_KEY);
        }
        drain(cells, false, false);
        assertThat(cells.keysInUse()).isZero();
        assertThat(drained).isEmpty();
    }

    @Test
    void a_key_that_looks_like_the_marker_of_sealed_slots_is_refused_while_tables_are_sealed_too() {
        for (int i = 0; i < 5_000; i++) {
            cells.add("k" + i, 1, false);
            assertThat(cells.add("\0dead", 1, false)).isEqualTo(AddOutcome.INVALID_KEY);
            if (i % 100 == 0) {
                drain(cells, false, true);
            }
        }
    }

    @Test
    void lanes_are_a_power_of_two() {
        for (int bad : new int[] {-4, 0, 1, 3, 12}) {
            assertThatThrownBy(() -> new CellStore(bad, 1, 1, () -> {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(bad + " lanes")
                    .hasMessageContaining("power of two");
        }
        assertThat(Integer.bitCount(CellStore.lanesForThisMachine())).isEqualTo(1);
        assertThat(IntStream.of(1, 2, 3, 16, 24, 32, 33, 64).map(CellStore::lanesFor))
                .containsExactly(8, 16, 32, 128, 128, 128, 256, 256);
    }

    private interface Part {
        void run(int thread) throws Exception;
    }

    private static void run(int count, Part part) throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int t = 0; t < count; t++) {
            int number = t;
            Thread thread = new Thread(() -> {
                try {
                    part.run(number);
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }
}
