// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.MemoryFiles;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.InstanceReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a sink is told of an instance: with each batch, and now and then when there is none. */
class ReportTest {
    private final ModelStore store = new ModelStore("store");
    private final Bench bench = new Bench.Plan(store).build();

    private void oneApplied() {
        bench.record("a", 10);
        bench.steps();
        assertThat(store.total("a")).isEqualTo(10);
    }

    @Test
    void a_batch_says_what_is_accepted_and_what_is_still_pending_once_it_is_applied() {
        oneApplied();
        store.recordAttempts();
        bench.advance(3, TimeUnit.SECONDS);
        for (int key = 0; key < 12; key++) {
            bench.add("k" + key, 1);
        }
        bench.drain();
        // The last drain before began here, so none of the twelve is older.
        bench.advance(2, TimeUnit.SECONDS);
        bench.steps();

        assertThat(store.attempts())
                .extracting(CounterBatch::size, CounterBatch::report)
                .containsExactly(
                        tuple(8, new InstanceReport(22, 4, Duration.ofSeconds(5))),
                        tuple(4, new InstanceReport(22, 0, Duration.ofSeconds(2))));
    }

    @Test
    void an_idle_instance_reports_every_thirty_seconds() {
        oneApplied();
        for (int i = 0; i < 5; i++) {
            bench.advance(5, TimeUnit.SECONDS);
            bench.steps();
        }
        assertThat(store.reports()).isEmpty();
        bench.advance(5, TimeUnit.SECONDS);
        bench.steps();
        assertThat(store.reports()).containsExactly(new InstanceReport(10, 0, Duration.ofSeconds(30)));
        bench.advance(29, TimeUnit.SECONDS);
        bench.steps();
        assertThat(store.reports()).hasSize(1);
        bench.advance(5, TimeUnit.SECONDS);
        bench.steps();
        assertThat(store.reports()).hasSize(2);
    }

    @Test
    void a_report_that_fails_is_told_of_and_changes_nothing_else() {
        oneApplied();
        store.faults((op, argument) -> op == Op.REPORT ? Fault.BEFORE : Fault.NONE);
        bench.advance(31, TimeUnit.SECONDS);
        bench.steps();
        assertThat(bench.told.has("not reported store REPORT failed")).isTrue();
        Pipeline.SinkSnapshot sink = bench.pipeline.snapshot().sinks().get(0);
        assertThat(sink.failing()).isFalse();
        assertThat(sink.retries()).isZero();

        bench.record("a", 5);
        bench.steps();
        assertThat(store.total("a")).isEqualTo(15);
        bench.checkIdentity();
    }

    @Test
    void nobody_reports_while_the_store_does_not_answer() {
        oneApplied();
        store.faults((op, argument) -> op == Op.REPORT ? Fault.NONE : Fault.BEFORE);
        for (int i = 0; i < 10; i++) {
            bench.advance(31, TimeUnit.SECONDS);
            bench.step();
        }
        assertThat(store.reports()).isEmpty();
    }

    @Test
    void whatever_a_report_throws_changes_nothing_else() {
        oneApplied();
        store.faults((op, argument) -> {
            if (op == Op.REPORT) {
                throw new NoSuchMethodError("of a driver");
            }
            return Fault.NONE;
        });
        bench.advance(31, TimeUnit.SECONDS);
        bench.steps();
        assertThat(bench.told.has("not reported store of a driver")).isTrue();
        Pipeline.SinkSnapshot sink = bench.pipeline.snapshot().sinks().get(0);
        assertThat(sink.failing()).isFalse();
        assertThat(sink.retries()).isZero();
    }

    @Test
    void nobody_says_that_an_instance_is_alive_of_which_only_the_journal_is_left() throws Exception {
        JournalSettings settings = new JournalSettings(1 << 14, 1 << 20, task -> {}, new Random(1), () -> 0);
        JournalRoot root = new JournalRoot(Path.of("/journals"), new MemoryFiles(new Random(1)), settings);
        Bench.Plan plan = new Bench.Plan(store);
        plan.journal = root.openOwn(1, (id, done, all, records) -> {});
        Bench dead = plan.build();
        dead.record("a", 3);
        dead.drainer.close();
        dead.drainer.step();
        dead.pipeline.close(0);

        Journal left = root.adopt(Set.of(), (sinks, stores) -> null, (id, done, all, records) -> {});
        Adoption adoption = new Adoption(left, List.of(store), List.of(), dead.settings, dead.told);
        while (!adoption.isDone()) {
            adoption.step();
        }
        assertThat(store.total("a")).isEqualTo(3);
        for (int i = 0; i < 10; i++) {
            dead.advance(31, TimeUnit.SECONDS);
            adoption.step();
        }
        assertThat(store.reports()).isEmpty();
    }
}
