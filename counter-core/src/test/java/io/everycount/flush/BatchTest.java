// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.cell.CellStore;
import io.everycount.journal.Entries;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.CounterBatch;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What goes into one batch: whole records, within limits. */
class BatchTest {
    private final ModelStore store = new ModelStore("store");
    private final Bench bench = new Bench.Plan(store).build();

    @Test
    void batches_hold_whole_records_within_the_limit_of_keys() {
        // Records of at most 4 keys, batches of at most 8.
        Bench roomy = new Bench.Plan(store) {
            {
                batchKeysMax = 8;
                recordKeysMax = 4;
            }
        }.build();
        store.recordAttempts();
        for (int i = 0; i < 23; i++) {
            roomy.add("key" + i, 1);
        }
        roomy.drain();
        assertThat(roomy.log.last().record()).isEqualTo(6);
        roomy.steps();
        assertThat(store.attempts()).extracting(CounterBatch::size).containsExactly(8, 8, 7);
        assertThat(store.attempts()).extracting(b -> b.to().record()).containsExactly(2L, 4L, 6L);
    }

    @Test
    void a_record_larger_than_a_batch_travels_alone() {
        Bench tight = new Bench.Plan(store) {
            {
                batchKeysMax = 2;
                recordKeysMax = 4;
            }
        }.build();
        store.recordAttempts();
        for (int i = 0; i < 8; i++) {
            tight.add("key" + i, 1);
        }
        tight.drain();
        tight.steps();
        assertThat(store.attempts()).extracting(CounterBatch::size).containsExactly(4, 4);
    }

    @Test
    void full_records_travel_together_if_they_have_the_same_keys() {
        Bench full = new Bench.Plan(store) {
            {
                batchKeysMax = 4;
                recordKeysMax = 4;
            }
        }.build();
        full.record("first", 1);
        full.steps();
        for (int i = 0; i < 2; i++) {
            for (String key : List.of("a", "b", "c", "d")) {
                full.add(key, 1);
            }
            assertThat(full.drain()).isTrue();
        }
        store.recordAttempts();
        full.steps();
        assertThat(store.attempts()).singleElement().satisfies(b -> {
            assertThat(b.size()).isEqualTo(4);
            assertThat(b.to().record()).isEqualTo(3);
        });
        assertThat(store.total("d")).isEqualTo(2);
    }

    @Test
    void a_record_of_nothing_travels_with_the_full_one_before_it() {
        bench.record("a", 1);
        DeltaRecord full = bench.archive.get(0);
        // A summary can be like this.
        DeltaRecord empty = DeltaRecord.of(full.end(), 2, 3, Entries.of(new byte[0][], new long[0]), 0);
        BatchPlanner.Plan plan =
                BatchPlanner.plan(bench.instanceId, bench.instanceId, bench.log.base(), List.of(full, empty), 1);
        assertThat(plan.end()).isEqualTo(empty.end());
        assertThat(plan.batch().size()).isEqualTo(1);
    }

    @Test
    void a_record_that_has_a_key_twice_is_summed_up() {
        byte[][] keys = {{'b'}, {'a'}, {'b'}};
        DeltaRecord twice = DeltaRecord.of(bench.log.base(), 1, 3, Entries.of(keys, new long[] {1, 2, 4}), 0);
        for (int keysMax : new int[] {1, 100}) {
            CounterBatch batch = BatchPlanner.plan(
                            bench.instanceId, bench.instanceId, bench.log.base(), List.of(twice), keysMax)
                    .batch();
            assertThat(batch.keys()).containsExactly("a", "b");
            assertThat(batch.deltas()).containsExactly(2, 5);
        }
    }

    @Test
    void deltas_that_cancel_out_across_records_make_an_empty_batch_that_moves_the_mark() {
        bench.record("b", 1);
        bench.steps();
        bench.record("a", 5);
        bench.record("a", -5);
        store.recordAttempts();
        bench.steps();
        assertThat(store.attempts()).singleElement().satisfies(b -> {
            assertThat(b.size()).isZero();
            assertThat(b.to().record()).isEqualTo(3);
        });
        assertThat(bench.pipeline.snapshot().pending()).isZero();
        bench.checkIdentity();
    }

    @Test
    void sums_beyond_64_bits_start_another_record_and_another_batch() {
        long large = CellStore.DELTA_MAX;
        for (int i = 0; i < 20; i++) {
            bench.add("a", large);
        }
        bench.drain();
        assertThat(bench.log.last().record()).as("7 times 2^60 fit one record").isEqualTo(3);
        store.poison(key -> false);
        store.recordAttempts();
        bench.steps();
        assertThat(store.attempts()).hasSize(3);
        // The store's own total overflows with the second batch; that goes to quarantine, nothing is lost.
        assertThat(store.total("a") + store.quarantineSums().getOrDefault("a", 0L))
                .isEqualTo(20 * large);
        bench.checkIdentity();
    }

    @Test
    void a_batch_that_keeps_failing_gets_smaller_until_the_store_takes_it() {
        Bench roomy = new Bench.Plan(store) {
            {
                batchKeysMax = 16;
                recordKeysMax = 2;
            }
        }.build();
        roomy.steps();
        for (int i = 0; i < 40; i++) {
            roomy.add("key" + i, 1);
        }
        roomy.drain();
        store.recordAttempts();
        // As a server does that ends a statement after so long.
        store.faults((op, argument) -> argument instanceof CounterBatch b && b.size() > 4 ? Fault.BEFORE : Fault.NONE);
        roomy.settle();
        assertThat(store.attempts())
                .extracting(CounterBatch::size)
                .startsWith(16, 8, 4, 4, 4)
                .doesNotContain(12);
        assertThat(store.totals()).isEqualTo(roomy.accepted);
    }

    @Test
    void one_whose_fate_is_unknown_is_followed_by_a_smaller_one_only_if_it_was_not_applied() {
        bench.steps();
        for (int i = 0; i < 16; i++) {
            bench.add("key" + i, 1);
        }
        bench.drain();
        store.recordAttempts();
        store.script(Op.WRITE, Fault.AFTER, Fault.BEFORE);
        bench.settle();
        assertThat(store.attempts()).extracting(CounterBatch::size).containsExactly(8, 4, 4, 4);
        assertThat(store.attempts()).extracting(b -> b.from().record()).containsExactly(0L, 2L, 2L, 3L);
        assertThat(store.totals()).isEqualTo(bench.accepted);
    }
}
