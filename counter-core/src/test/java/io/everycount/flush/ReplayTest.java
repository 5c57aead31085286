// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.MemoryFiles;
import io.everycount.model.ModelStore;
import io.everycount.sink.CounterBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Step by step: a store goes back behind what this process began with. */
class ReplayTest {
    private final MemoryFiles files = new MemoryFiles(new Random(1));
    private final ModelStore store = new ModelStore("store");

    private Bench start(int seed) throws IOException {
        return start(seed, 0);
    }

    private Bench start(int seed, long flushIntervalNanos) throws IOException {
        JournalSettings settings = new JournalSettings(1 << 14, 1 << 20, task -> {}, new Random(seed), () -> 0);
        Bench.Plan plan = new Bench.Plan(store);
        plan.seed = seed;
        plan.flushIntervalNanos = flushIntervalNanos;
        plan.journal =
                new JournalRoot(Path.of("/journals"), files, settings).openOwn(1, (id, done, all, records) -> {});
        Bench bench = plan.build();
        bench.steps();
        return bench;
    }

    @Test
    void an_interval_is_for_all_that_there_is_and_not_for_one_batch() throws Exception {
        Bench bench = start(1, TimeUnit.SECONDS.toNanos(1));
        for (int i = 0; i < 40; i++) {
            bench.add("key" + i, 1);
        }
        bench.drainer.requestCommit();
        bench.drainer.step();
        bench.advance(1, TimeUnit.SECONDS);
        store.recordAttempts();
        bench.steps();
        assertThat(store.attempts()).as("of at most 8 keys").hasSize(5);
        assertThat(store.totals()).isEqualTo(bench.accepted);
    }

    @Test
    void what_an_earlier_process_counted_is_written_again_by_itself_and_is_in_no_sum_of_this_one() throws Exception {
        store.poison(key -> key.equals("bad"));
        Bench first = start(1);
        first.record("good", 1);
        first.record("bad", 7);
        first.settle();
        first.drainer.close();
        first.drainer.step();
        first.pipeline.close(0);
        Bench second = start(2);
        long start = second.log.start().record();
        assertThat(start).as("all was applied").isEqualTo(2);
        second.record("good", 1);
        second.settle();
        store.rewind(1_000);
        store.recordAttempts();
        second.record("bad", 2);
        second.settle();
        assertThat(store.attempts())
                .extracting(CounterBatch::to)
                .extracting(to -> to.record())
                .contains(start);
        Pipeline.Snapshot now = second.pipeline.snapshot();
        assertThat(now.accepted()).isEqualTo(3);
        assertThat(now.quarantined()).isEqualTo(2);
        assertThat(now.persisted()).isEqualTo(1);
        assertThat(store.quarantineSums()).isEqualTo(Map.of("bad", 9L));
        assertThat(store.total("good")).isEqualTo(2);
    }
}
