// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.ModelStore;
import io.everycount.sink.Mark;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class RecordLogTest {
    private final ModelStore store = new ModelStore("store");

    @Test
    void records_are_numbered_without_gaps_and_hold_at_most_so_many_keys() {
        Bench bench = new Bench.Plan(store).build();
        for (int i = 0; i < 10; i++) {
            bench.add("k" + i, 1);
        }
        bench.drain();
        assertThat(bench.archive).extracting(r -> r.number()).containsExactly(1L, 2L, 3L);
        assertThat(bench.archive).extracting(DeltaRecord::size).containsExactly(4, 4, 2);
    }

    @Test
    void strings_and_bytes_of_one_key_meet_in_one_entry() {
        Bench bench = new Bench.Plan(store).build();
        byte[] utf8 = "k\u00e4\ud83d\ude00".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        bench.add("k\u00e4\ud83d\ude00", 3);
        bench.cells.add(utf8, 0, utf8.length, 4, false);
        bench.drain();
        bench.steps();
        assertThat(bench.archive)
                .singleElement()
                .satisfies(r -> assertThat(r.size()).isEqualTo(1));
        assertThat(store.total("k\u00e4\ud83d\ude00")).isEqualTo(7);
    }

    @Test
    void the_same_content_under_another_salt_has_other_digests() {
        Set<Long> digests = new HashSet<>();
        for (long seed = 0; seed < 100; seed++) {
            Bench.Plan plan = new Bench.Plan(store);
            plan.seed = seed;
            Bench bench = plan.build();
            for (int i = 0; i < 10; i++) {
                bench.add("k", 1);
                bench.drain();
                digests.add(bench.log.last().mark().digest());
                bench.log.applied(bench.log.last(), 0, 0, 0);
            }
        }
        // Draining waits for the first record's sink, so each bench made one record at least.
        assertThat(digests).hasSizeGreaterThanOrEqualTo(100).doesNotContain(0L);
    }

    @Test
    void ends_of_records_that_are_kept_are_known_and_no_others() {
        Bench.Plan plan = new Bench.Plan(store);
        plan.retainedBytesMax = 2_000;
        Bench bench = plan.build();
        int records = 1_000;
        Mark[] marks = new Mark[records + 1];
        for (int i = 1; i <= records; i++) {
            bench.record("k", i);
            bench.steps();
            marks[i] = bench.log.last().mark();
        }
        long base = bench.log.base().record();
        assertThat(base).isBetween(records - 20L, records - 2L);
        for (int i = (int) base; i <= records; i++) {
            assertThat(bench.log.pointAt(i).mark()).isEqualTo(marks[i]);
            assertThat(bench.log.pointAt(i).deltaSum()).isEqualTo((long) i * (i + 1) / 2);
        }
        assertThat(bench.log.pointAt(base - 1)).isNull();
        assertThat(bench.log.pointAt(records + 1)).isNull();
    }

    @Test
    void what_is_retained_keeps_within_its_bytes_and_its_time() {
        Bench.Plan plan = new Bench.Plan(store);
        plan.retainedBytesMax = 500;
        plan.retainedNanos = 1_000_000;
        Bench bench = plan.build();
        for (int i = 0; i < 100; i++) {
            bench.record("key", 1);
            bench.steps();
            assertThat(bench.pipeline.snapshot().retainedBytes()).isBetween(1L, 500L);
        }
        long base = bench.log.base().record();
        bench.now += 2_000_000;
        bench.record("key", 1);
        bench.steps();
        assertThat(bench.log.base().record())
                .as("older ones went")
                .isGreaterThan(base + 1)
                .isEqualTo(100);
        assertThat(bench.log.after(99, Integer.MAX_VALUE)).isNull();
        List<DeltaRecord> kept = bench.log.after(100, Integer.MAX_VALUE);
        assertThat(kept).extracting(r -> r.number()).containsExactly(101L);
    }

    @Test
    void pending_records_are_kept_whatever_they_take() {
        Bench.Plan plan = new Bench.Plan(store);
        plan.retainedBytesMax = 0;
        plan.retainedNanos = 0;
        Bench bench = plan.build();
        for (int i = 0; i < 50; i++) {
            bench.add("key" + i, 1);
        }
        bench.drain();
        bench.now += 1_000_000_000L;
        bench.step();
        bench.step();
        assertThat(bench.log.after(bench.writer().progress().mark().record(), Integer.MAX_VALUE))
                .hasSize(11);
        bench.steps();
        assertThat(store.totals()).hasSize(50);
    }

    @Test
    @Timeout(30)
    void a_batch_is_planned_as_quickly_however_many_records_are_retained() {
        Bench.Plan plan = new Bench.Plan(store);
        plan.retainedBytesMax = Long.MAX_VALUE / 2;
        Bench bench = plan.build();
        long visits = 0;
        // Were each plan to look at all that is retained, this would look at 20,000,000,000 records.
        for (int i = 0; i < 200_000; i++) {
            bench.add("k", 1);
            bench.drainer.request();
            bench.drainer.step();
            bench.steps();
            visits++;
        }
        assertThat(store.total("k")).isEqualTo(visits);
        assertThat(bench.log.after(bench.log.last().record() - 3, Integer.MAX_VALUE))
                .hasSize(3);
        assertThat(bench.log.base().record()).isZero();
    }
}
