// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;
import io.everycount.journal.Entries;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SummingTest {
    private static final int KEYS_MAX = 100;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);
    private final CellStore cells = new CellStore(2, 100_000, 256, () -> {});
    private final Collector collector = new Collector();
    private final Map<String, Long> expected = new HashMap<>();

    @Test
    void keys_of_all_kinds_of_cells_meet() throws Exception {
        for (int round = 0; round < 300; round++) {
            int keys = 1 + random.nextInt(400);
            // A drain that failed leaves what it had in the collector, and the next one adds the same keys to that.
            for (int drains = 1 + random.nextInt(3); drains > 0; drains--) {
                // One after the other; each thread has its lane.
                for (int threads = random.nextInt(4); threads > 0; threads--) {
                    FutureTask<Void> adding = new FutureTask<>(() -> {
                        for (int adds = random.nextInt(1_000); adds > 0; adds--) {
                            add("k\u00e4y" + random.nextInt(keys), random.nextInt(5) - 2);
                        }
                        return null;
                    });
                    new Thread(adding).start();
                    adding.get();
                }
                cells.drain(collector, false, random.nextInt(10) == 0);
            }
            check(Summing.of(collector, KEYS_MAX));
            collector.clear();
            expected.clear();
        }
    }

    @Test
    void what_leaves_64_bits_gets_another_record() {
        // 11 times 2^60: more than one delta can be.
        for (int i = 0; i < 11; i++) {
            add("a", 1L << 60, i % 2);
        }
        add("a", 5, 0);
        add("b", 1, 0);
        add("c", 1, 1);
        cells.drain(collector, false, false);
        assertThat(Summing.of(collector, KEYS_MAX)).hasSize(2).satisfies(this::check);
    }

    @Test
    @Timeout(60)
    void many_large_deltas_are_summed_up_in_one_go() {
        // In one round for each record, this would be 50,000,000 additions, and as many objects.
        for (int i = 0; i < 30_000; i++) {
            add("k" + i % 2, 1L << 60, i % 2);
        }
        cells.drain(collector, false, false);
        List<Entries> made = Summing.of(collector, KEYS_MAX);
        assertThat(made).hasSize(15_000 / 7 + 1);
        check(made);
    }

    @Test
    void keys_of_one_table_fill_as_few_records_as_can_be() {
        // The first drain finds some keys in tables that were too small for all of them.
        for (int drains = 0; drains < 2; drains++) {
            collector.clear();
            expected.clear();
            for (int i = 0; i < 2 * KEYS_MAX; i++) {
                add("key" + i, 1, 0);
            }
            cells.drain(collector, false, false);
        }
        assertThat(collector.distinctTo() - collector.distinctFrom()).isEqualTo(2 * KEYS_MAX);
        assertThat(Summing.of(collector, KEYS_MAX)).hasSize(2).satisfies(this::check);
    }

    @Test
    void what_cancelled_out_makes_no_record() {
        add("a", 1, 0);
        add("a", -1, 1);
        cells.drain(collector, false, false);
        assertThat(collector.size()).isEqualTo(2);
        assertThat(Summing.of(collector, KEYS_MAX)).isEmpty();
    }

    private void add(String key, long delta) {
        if (delta != 0) {
            add(key, delta, random.nextInt(2));
        }
    }

    private void add(String key, long delta, int kind) {
        byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
        AddOutcome outcome = kind == 0 ? cells.add(key, delta, false) : cells.add(utf8, 0, utf8.length, delta, false);
        assertThat(outcome).isEqualTo(AddOutcome.COUNTED);
        expected.merge(key, delta, Long::sum);
    }

    private void check(List<? extends Entries> made) {
        Map<String, Long> sums = new HashMap<>();
        for (Entries entries : made) {
            assertThat(entries.size()).as("seed %d", seed).isBetween(1, KEYS_MAX);
            Set<String> keys = new HashSet<>();
            Entries.Cursor entry = entries.cursor();
            while (entry.next()) {
                assertThat(entry.delta()).isNotZero();
                assertThat(keys.add(entry.keyText())).as("seed %d", seed).isTrue();
            }
            assertThat(keys).hasSize(entries.size());
            entries.addTo(sums);
        }
        expected.values().removeIf(sum -> sum == 0);
        sums.values().removeIf(sum -> sum == 0);
        assertThat(sums).as("seed %d", seed).isEqualTo(expected);
    }
}
