// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.Gap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Several sinks, each with a mark of its own. */
class ManySinksTest {
    private final ModelStore store = new ModelStore("store");

    @Test
    void a_best_effort_sink_that_is_dead_stops_nobody_and_gets_a_gap() {
        ModelStore dead = new ModelStore("dead");
        dead.faults((op, argument) -> Fault.BEFORE);
        Bench two = new Bench.Plan(store) {
            {
                bestEffort.add(dead);
                retainedBytesMax = 0;
            }
        }.build();
        for (int i = 0; i < 10; i++) {
            DrainStage stage = two.pipeline.nextStage();
            two.record("k", 1 << i);
            two.steps(two.writers.get(0));
            two.writers.get(1).step();
            two.advance(20, TimeUnit.SECONDS);
            assertThat(stage.confirmed().announced()).isDone();
        }
        dead.faults((op, argument) -> Fault.NONE);
        two.record("k", 1 << 10);
        two.settle();
        assertThat(store.total("k")).isEqualTo(2047);
        assertThat(dead.gaps())
                .singleElement()
                .satisfies(gap -> assertThat(gap.deltaSum()).isEqualTo(2047 - dead.total("k")));
        assertThat(two.pipeline.snapshot().lost())
                .as("nobody promised anything for it")
                .isZero();
    }

    @Test
    void a_best_effort_sink_that_was_away_for_more_records_than_history_goes_back_gets_a_gap_too() {
        ModelStore dead = new ModelStore("dead");
        Bench two = new Bench.Plan(store) {
            {
                bestEffort.add(dead);
                retainedBytesMax = 0;
            }
        }.build();
        two.record("k", 1);
        two.settle();
        dead.faults((op, argument) -> Fault.BEFORE);
        for (int i = 0; i < MarkHistory.MARKS_MIN + 10; i++) {
            two.add("k", 1);
            two.drainer.request();
            two.drainer.step();
            two.writers.get(0).step();
            if (i == 0) {
                two.writers.get(1).step();
            }
        }
        dead.faults((op, argument) -> Fault.NONE);
        two.advance(20, TimeUnit.SECONDS);
        two.steps(two.writers.get(1));
        assertThat(two.told.lines.stream().filter(l -> l.startsWith("stopped"))).isEmpty();
        assertThat(dead.gaps().stream().mapToLong(Gap::deltaSum).sum() + dead.total("k"))
                .isEqualTo(two.log.last().deltaSum());
        assertThat(dead.mark(two.writers.get(1).instanceId()))
                .isEqualTo(two.log.last().mark());
    }

    @Test
    void two_required_sinks_have_marks_of_their_own_and_acknowledgements_wait_for_both() {
        ModelStore second = new ModelStore("second");
        Bench two = new Bench.Plan(store, second).build();
        DrainStage stage = two.pipeline.nextStage();
        two.record("k", 5);
        two.steps(two.writers.get(0));
        assertThat(store.total("k")).isEqualTo(5);
        assertThat(stage.confirmed().announced()).isNotDone();
        assertThat(two.pipeline.snapshot().appliedRecord()).isZero();
        second.script(Op.WRITE, Fault.AFTER);
        two.settle();
        assertThat(second.total("k")).isEqualTo(5);
        assertThat(stage.confirmed().announced()).isDone();
        second.rewind(1);
        two.advance(6, TimeUnit.SECONDS);
        two.settle();
        assertThat(second.total("k")).isEqualTo(5);
        assertThat(store.total("k")).isEqualTo(5);
    }
}
