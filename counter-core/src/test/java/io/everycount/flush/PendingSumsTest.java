// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.cell.HandleCell;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Step by step: what is pending for a key, wherever it is. */
@Timeout(60)
class PendingSumsTest {
    private final long seed = Long.getLong("everycount.seed", new Random().nextLong());
    private final Random random = new Random(seed);
    private final ModelStore store = new ModelStore("store");

    private static long pending(Bench bench, String key, long afterRecord) {
        return bench.pipeline.pending(key, afterRecord).orElseThrow();
    }

    private void add(Bench bench, String key, long delta) {
        byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
        switch (random.nextInt(3)) {
            case 0 -> bench.cells.add(key, delta, false);
            case 1 -> bench.cells.add(utf8, 0, utf8.length, delta, false);
            default -> {
                HandleCell cell = bench.cells.openHandle(key);
                bench.cells.add(cell, delta, false);
                if (random.nextBoolean()) {
                    bench.cells.closeHandle(cell);
                }
            }
        }
    }

    @Test
    void whatever_happens_a_total_and_what_is_pending_after_its_mark_are_all_that_was_added() {
        for (int round = 0; round < 60; round++) {
            ModelStore target = new ModelStore("store");
            Bench.Plan plan = new Bench.Plan(target);
            plan.seed = random.nextLong();
            Bench bench = plan.build();
            target.faults((op, argument) ->
                    random.nextInt(3) == 0 ? Fault.values()[random.nextInt(Fault.FATAL.ordinal())] : Fault.NONE);
            Map<String, Long> added = new HashMap<>();
            List<String> keys = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                keys.add("k\u00e4" + i);
            }
            for (int n = 0; n < 400; n++) {
                String key = keys.get(random.nextInt(1 + random.nextInt(keys.size())));
                switch (random.nextInt(8)) {
                    case 0 -> bench.drain();
                    case 1, 2 -> bench.step();
                    case 3 -> bench.now += random.nextInt(200_000_000);
                    case 4 -> {
                        if (random.nextInt(10) == 0) {
                            target.rewind(random.nextInt(3));
                        }
                    }
                    default -> {
                        long delta = random.nextInt(20) == 0 ? (1L << 41) + random.nextInt(9) : random.nextInt(9) - 4;
                        add(bench, key, delta);
                        added.merge(key, delta, Long::sum);
                    }
                }
                String asked = keys.get(random.nextInt(keys.size()));
                assertThat(target.total(asked)
                                + pending(
                                        bench,
                                        asked,
                                        target.mark(bench.instanceId).record()))
                        .as("seed %d, round %d.%d", seed, round, n)
                        .isEqualTo(added.getOrDefault(asked, 0L));
            }
        }
    }

    @Test
    void growing_and_evicted_tables_are_searched_whole() {
        Bench.Plan plan = new Bench.Plan(store);
        plan.keysMax = 30_000;
        plan.recordKeysMax = 1_000;
        Bench bench = plan.build();
        Map<String, Long> added = new HashMap<>();
        for (int n = 0; n < 60_000; n++) {
            String key = "k" + random.nextInt(12_000);
            add(bench, key, 1);
            added.merge(key, 1L, Long::sum);
            if (n % 1_000 == 0) {
                String asked = "k" + random.nextInt(12_000);
                assertThat(store.total(asked)
                                + pending(
                                        bench,
                                        asked,
                                        store.mark(bench.instanceId).record()))
                        .as("seed %d", seed)
                        .isEqualTo(added.getOrDefault(asked, 0L));
            }
            if (n % 20_000 == 0) {
                bench.now += 20_000_000_000L;
                bench.drain();
                bench.steps();
            }
        }
    }

    @Test
    void records_that_are_gone_and_records_that_never_were_are_told_apart_from_nothing_pending() {
        Bench.Plan plan = new Bench.Plan(store);
        plan.retainedBytesMax = 0;
        Bench bench = plan.build();
        bench.steps();
        for (int i = 0; i < 3; i++) {
            bench.record("a", 1);
            bench.steps();
        }
        assertThat(bench.pipeline.pending("a", 2)).isEmpty();
        assertThat(bench.pipeline.pending("a", 3)).hasValue(0);
        assertThat(bench.pipeline.pending("a", 4)).isEmpty();
        bench.add("a", 5);
        assertThat(bench.pipeline.pending("a", 3)).hasValue(5);
        assertThat(bench.pipeline.pending("b", 3)).hasValue(0);
    }

    @Test
    void a_drain_that_does_not_end_is_not_waited_for_for_ever() throws Exception {
        Bench bench = new Bench.Plan(store).build();
        bench.add("a", 5);
        Field phase = Drainer.class.getDeclaredField("phase");
        phase.setAccessible(true);
        phase.set(bench.drainer, 1L);
        assertThat(bench.pipeline.pending("a", 0)).isEmpty();
        phase.set(bench.drainer, 2L);
        assertThat(bench.pipeline.pending("a", 0)).hasValue(5);
    }

    @Test
    void what_a_failed_drain_has_in_its_hands_is_not_guessed_at() throws Exception {
        Bench bench = new Bench.Plan(store).build();
        bench.record("a", 5);
        bench.steps();
        bench.add("a", 7);
        Field ring = RecordLog.class.getDeclaredField("records");
        ring.setAccessible(true);
        Object records = ring.get(bench.log);
        ring.set(bench.log, null);
        bench.drainer.request();
        bench.drainer.step();
        ring.set(bench.log, records);
        assertThat(bench.pipeline.state()).isEqualTo(PipelineState.FAILED);
        assertThat(bench.pipeline.pending("a", 1)).isEmpty();
        assertThat(bench.drainer.step()).as("the rest of the drain that failed").isZero();
        assertThat(bench.drainer.step()).as("the last drain").isEqualTo(Worker.DONE);
        assertThat(bench.pipeline.pending("a", 1)).hasValue(7);
        assertThat(bench.pipeline.pending("a", 0)).hasValue(12);
    }
}
