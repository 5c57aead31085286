// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LossRunTest {
    private static final LossRun.Load TEN = new LossRun.Load(1, 1, 10, Duration.ofDays(1), Duration.ofDays(1));

    /** Counts in the store itself, as one thread can. */
    private static class Straight extends Strategy {
        final Map<String, Long> totals = new HashMap<>();

        @Override
        void increment(String key) {
            totals.merge(key, 1L, Long::sum);
        }

        @Override
        void drain() {}

        @Override
        Map<String, Long> stored() {
            return totals;
        }
    }

    @Test
    void whatIsMissingIsLost() throws InterruptedException {
        Strategy strategy = new Straight() {
            @Override
            void finish() {
                totals.replaceAll((key, count) -> count - 3);
            }
        };
        LossRun.Outcome outcome = LossRun.run(strategy, TEN);
        assertThat(outcome).isEqualTo(new LossRun.Outcome(10, 7, 3, 0));
        assertThat(outcome.exact()).isFalse();
        assertThat(outcome.perMillion()).isEqualTo(300_000);
    }

    @Test
    void whatIsTooMuchWasCountedTwice() throws InterruptedException {
        Strategy strategy = new Straight() {
            @Override
            void finish() {
                totals.replaceAll((key, count) -> count + 2);
            }
        };
        LossRun.Outcome outcome = LossRun.run(strategy, TEN);
        assertThat(outcome).isEqualTo(new LossRun.Outcome(10, 12, 0, 2));
        assertThat(outcome.exact()).isFalse();
    }

    @Test
    void aKeyWithTooMuchDoesNotMakeUpForOneWithTooLittle() throws InterruptedException {
        Strategy strategy = new Straight() {
            @Override
            void increment(String key) {
                super.increment("page:/article/0");
            }
        };
        LossRun.Outcome outcome =
                LossRun.run(strategy, new LossRun.Load(1, 2, 1_000, Duration.ofDays(1), Duration.ofDays(1)));
        assertThat(outcome.made()).isEqualTo(outcome.arrived());
        assertThat(outcome.lost()).isEqualTo(outcome.twice()).isPositive();
    }

    @Test
    void aRunEndsWhenItsTimeIsOver() throws InterruptedException {
        LossRun.Load load = new LossRun.Load(2, 10, Long.MAX_VALUE, Duration.ofMillis(1), Duration.ZERO);
        assertThat(LossRun.run(new Strategies.Exact(), load))
                .returns(true, LossRun.Outcome::exact)
                .satisfies(outcome -> assertThat(outcome.made()).isPositive());
    }

    @Test
    void anIncrementThatFailsFailsTheRun() {
        Strategy strategy = new Straight() {
            @Override
            void increment(String key) {
                throw new IllegalArgumentException("no " + key);
            }
        };
        assertThatThrownBy(() -> LossRun.run(strategy, TEN))
                .isInstanceOf(IllegalStateException.class)
                .hasRootCauseMessage("no page:/article/0");
    }
}
