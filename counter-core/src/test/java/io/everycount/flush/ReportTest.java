// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.InstanceReport;
import java.time.Duration;
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
}
