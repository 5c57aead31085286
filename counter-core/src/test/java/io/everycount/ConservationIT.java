// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.Conservation.Keys;
import io.everycount.Conservation.Outcome;
import io.everycount.ConservationCase.Failure;
import io.everycount.model.ModelStore.Guard;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every increment appears in exactly one batch, over threads, keys, cadence and failures of the sink: more
 * than 10^9 increments. {@code -Deverycount.scale=10} makes it ten times as many; {@code
 * -Deverycount.seed=N} repeats the random choices of a run.
 */
@Timeout(300)
class ConservationIT {
    private static final long SEED = Long.getLong("everycount.seed", new Random().nextLong());
    private static final double SCALE = Double.parseDouble(System.getProperty("everycount.scale", "1"));
    private static long total;
    private static double seconds;
    private static int cases;

    static List<ConservationCase> cases() {
        return ConservationCase.allPairs();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void every_increment_appears_in_exactly_one_batch(ConservationCase c) throws Exception {
        Outcome outcome = c.run((long) (SCALE * increments(c)), SEED, Guard.STRICT);
        check(c, outcome);
        total += outcome.accepted();
        seconds += outcome.seconds();
        cases++;
    }

    static void check(ConservationCase c, Outcome outcome) {
        System.out.printf(
                "conservation: %,12d increments in %5.2f s (%6.1f M/s), missing %d, declared lost %,d: %s%n",
                outcome.accepted(),
                outcome.seconds(),
                outcome.accepted() / outcome.seconds() / 1e6,
                outcome.missingSum() - outcome.lost(),
                outcome.lost(),
                c);
        if (c.failure() == Failure.REWIND_BEYOND_RETAINED) {
            assertThat(outcome.missingSum())
                    .as("what is missing is what was declared lost; %s, seed %d", c, SEED)
                    .isEqualTo(outcome.lost());
        } else {
            assertThat(outcome.lost()).isZero();
            assertThat(outcome.missing()).as("%s, seed %d", c, SEED).isEmpty();
        }
    }

    private static long increments(ConservationCase c) {
        return c.keys() == Keys.CHURN
                ? 900_000
                : c.keys() == Keys.HANDLES ? 40_000_000 : c.keys() == Keys.MIXED ? 15_000_000 : 30_000_000;
    }

    @AfterAll
    static void sums_up() {
        System.out.printf(
                "conservation: %,d increments in %d cases, %.1f s, difference 0; seed %d, Java %s%n",
                total, cases, seconds, SEED, Runtime.version().feature());
        if (cases == cases().size() && SCALE >= 1) {
            assertThat(total).isGreaterThanOrEqualTo(1_000_000_000L);
        }
    }
}
