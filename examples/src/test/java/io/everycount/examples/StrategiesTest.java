// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.examples.Strategies.Contender;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class StrategiesTest {
    static final List<Contender> ALL = Strategies.ALL;

    private int made;

    @ParameterizedTest
    @FieldSource("ALL")
    void whatIsDrainedBetweenIncrementsArrives(Contender contender) throws InterruptedException {
        Strategy strategy = contender.make().get();
        strategy.increment("a");
        strategy.increment("a");
        strategy.drain();
        strategy.increment("a");
        strategy.drain();
        // Idle keys come back, too.
        strategy.drain();
        strategy.increment("a");
        strategy.increment("b");
        strategy.finish();
        assertThat(strategy.stored()).containsExactlyInAnyOrderEntriesOf(Map.of("a", 4L, "b", 1L));
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void aSingleThreadWithoutADrainMeanwhileLosesNothing(Contender contender) throws InterruptedException {
        LossRun.Load load = new LossRun.Load(1, 100, 50_000, Duration.ofDays(1), Duration.ofDays(1));
        assertThat(LossRun.run(contender.make().get(), load)).isEqualTo(new LossRun.Outcome(50_000, 50_000, 0, 0));
    }

    @Test
    void everycountIsExactWhileThreadsIncrementAndAnotherDrains() throws InterruptedException {
        LossRun.Load load = new LossRun.Load(4, 1_000, 250_000, Duration.ofDays(1), Duration.ZERO);
        assertThat(LossRun.run(new Strategies.Exact(), load))
                .isEqualTo(new LossRun.Outcome(1_000_000, 1_000_000, 0, 0));
    }

    @Test
    void anIncrementBetweenCopyAndClearIsLost() throws InterruptedException {
        assertLosesWhatComesBetween(new Strategies.CopyThenClear() {
            @Override
            void between() {
                make(this);
            }
        });
    }

    @Test
    void anIncrementBetweenCopyAndInvalidateAllIsLost() throws InterruptedException {
        assertLosesWhatComesBetween(new Strategies.CopyThenInvalidate() {
            @Override
            void between() {
                make(this);
            }
        });
    }

    @Test
    void anIncrementBetweenSumAndResetIsLost() throws InterruptedException {
        assertLosesWhatComesBetween(new Strategies.SumThenReset() {
            @Override
            void between() {
                make(this);
            }
        });
    }

    private void assertLosesWhatComesBetween(Strategy strategy) throws InterruptedException {
        make(strategy);
        strategy.drain();
        assertThat(made).isEqualTo(2);
        strategy.finish();
        assertThat(strategy.stored()).containsExactly(Map.entry("a", 1L));
    }

    private void make(Strategy strategy) {
        strategy.increment("a");
        made++;
    }

    @Test
    void anIncrementInAMapThatIsSwappedAndSummedUpMeanwhileIsLost() throws InterruptedException {
        Strategy strategy = new Strategies.SwapTheMap() {
            @Override
            void between() {
                drain();
            }
        };
        strategy.increment("a");
        strategy.finish();
        assertThat(strategy.stored()).isEmpty();
    }

    @Test
    void anIncrementOfAKeyThatIsRemovedAsIdleMeanwhileIsLost() throws InterruptedException {
        Strategy strategy = new Strategies.RemoveIdle() {
            @Override
            void between() {
                make(this);
            }
        };
        make(strategy);
        strategy.drain();
        // Idle now, until it is incremented between.
        strategy.drain();
        assertThat(made).isEqualTo(2);
        strategy.finish();
        assertThat(strategy.stored()).containsExactly(Map.entry("a", 1L));
    }
}
