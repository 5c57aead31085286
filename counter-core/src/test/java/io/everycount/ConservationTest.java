// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.Conservation.Keys;
import io.everycount.Conservation.Outcome;
import io.everycount.Conservation.Subject;
import io.everycount.Conservation.Threads;
import io.everycount.ConservationCase.Cadence;
import io.everycount.ConservationCase.Failure;
import io.everycount.model.ModelStore.Guard;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A short form of {@link ConservationIT}, and its negative controls: the same harness run on simple ways
 * to count, each of which it must find wrong.
 */
@Timeout(120)
class ConservationTest {
    private static final long SEED = Long.getLong("everycount.seed", new Random().nextLong());

    static Stream<ConservationCase> shortCases() {
        return Stream.of(
                new ConservationCase(Threads.FOUR, Keys.ZIPF, Cadence.CONTINUOUS, Failure.EVERYTHING),
                new ConservationCase(Threads.TWO, Keys.HANDLES, Cadence.CONTINUOUS, Failure.AMBIGUOUS),
                new ConservationCase(Threads.FOUR, Keys.MIXED, Cadence.FIVE_MILLIS, Failure.REWIND),
                new ConservationCase(Threads.FOUR, Keys.CHURN, Cadence.CONTINUOUS, Failure.NONE),
                new ConservationCase(Threads.SIXTY_FOUR, Keys.HOT, Cadence.CONTINUOUS, Failure.REWIND_BEYOND_RETAINED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("shortCases")
    void every_increment_appears_in_exactly_one_batch(ConservationCase c) throws Exception {
        ConservationIT.check(c, c.run(c.keys() == Keys.CHURN ? 100_000 : 2_000_000, SEED, Guard.STRICT));
    }

    static Stream<Arguments> controls() {
        return Stream.of(
                control("copy, then clear", () -> NegativeControls.copyThenClear(0)),
                control("copy, then clear, every 5 ms", () -> NegativeControls.copyThenClear(5_000_000)),
                control("swap without waiting", () -> NegativeControls.swapWithoutWaiting(0)),
                control("sum, then reset", () -> NegativeControls.sumThenReset(0)),
                control("seal, but let new keys in", () -> NegativeControls.sealWithoutRefusingInserts(0)));
    }

    private static Arguments control(String name, Callable<Subject> subject) {
        return Arguments.of(name, subject);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("controls")
    void a_simple_way_that_loses_increments_is_found_out(String name, Callable<Subject> subject) throws Exception {
        long accepted = 0;
        long wrong = 0;
        for (int round = 0; wrong == 0 && round < 40; round++) {
            Outcome outcome = Conservation.run(subject.call(), Threads.FOUR, Keys.ZIPF, 2_000_000, SEED + round);
            accepted += outcome.accepted();
            wrong += outcome.wrong();
        }
        report(name, wrong, accepted);
        assertThat(wrong).as(name).isPositive();
    }

    @Test
    void a_retry_without_a_ledger_is_found_out() throws Exception {
        long missing = wrongGuard("a retry without a ledger", Failure.AMBIGUOUS, Guard.NONE);
        assertThat(missing).as("more arrived than was accepted").isNegative();
    }

    @Test
    void a_guard_that_is_not_strict_is_found_out_when_the_store_goes_back_in_time() throws Exception {
        long missing = wrongGuard("a guard of \"at most\"", Failure.REWIND, Guard.AT_MOST);
        assertThat(missing).as("what the store forgot is missing").isPositive();
    }

    private static long wrongGuard(String name, Failure failure, Guard guard) throws Exception {
        ConservationCase c = new ConservationCase(Threads.FOUR, Keys.ZIPF, Cadence.CONTINUOUS, failure);
        long accepted = 0;
        long missing = 0;
        for (int round = 0; missing == 0 && round < 40; round++) {
            Outcome outcome = c.run(4_000_000, SEED + round, guard);
            accepted += outcome.accepted();
            missing += outcome.missingSum();
        }
        report(name, Math.abs(missing), accepted);
        return missing;
    }

    private static void report(String name, long wrong, long accepted) {
        System.out.printf(
                "negative control: %s: %,d of %,d increments wrong (%,.1f per million)%n",
                name, wrong, accepted, wrong * 1e6 / accepted);
    }
}
