// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jcstress.infra.TestInfo;
import org.openjdk.jcstress.infra.runners.TestList;

/**
 * Runs every jcstress test: each class named {@code Real} races the real classes of one rule, and each
 * {@code Planted…} beside it is a small twin with a mistake, which jcstress has to see; otherwise the test beside
 * it proves nothing.
 *
 * <p>{@code -Deverycount.stress=N} makes them run N times as long.
 */
class RacesIT {
    private static final int RULES = 19;
    private static final int MISTAKES = 21;
    private static final int TIMES = Integer.getInteger("everycount.stress", 1);

    @Test
    void no_interleaving_breaks_a_rule() throws Exception {
        StressRun run = StressRun.of("real", "\\.Real$", TIMES);
        System.out.print(run.summary());
        assertThat(run.found).as(() -> run.log()).hasSize(RULES);
        run.found.forEach((test, found) -> {
            assertThat(found.errors()).as(test).isEmpty();
            assertThat(found.forbidden()).as(test).isEmpty();
            assertThat(found.samples()).as(test).isPositive();
        });
        assertThat(run.exitCode).as(() -> run.log()).isZero();
    }

    @Test
    void every_planted_mistake_is_seen() throws Exception {
        StressRun run = StressRun.of("planted", "\\.Planted[A-Za-z]+$", TIMES);
        System.out.print(run.summary());
        assertThat(run.found).as(() -> run.log()).hasSize(MISTAKES);
        run.found.forEach((test, found) -> {
            assertThat(found.errors()).as(test).isEmpty();
            assertThat(found.forbidden()).as(test).isNotEmpty();
        });
        assertThat(run.exitCode).as(() -> run.log()).isNotZero();
    }

    @Test
    void every_rule_has_a_test_of_the_real_classes_and_a_planted_mistake() {
        Set<String> real = rulesOf("Real");
        assertThat(real).hasSize(RULES).isEqualTo(rulesOf("Planted[A-Za-z]+"));
        assertThat(TestList.tests()).hasSize(RULES + MISTAKES);
        assertThat(TestList.tests())
                .extracting(TestList::getInfo)
                .as("two cores run no more")
                .extracting(TestInfo::threads)
                .containsOnly(2);
    }

    private static Set<String> rulesOf(String classes) {
        return TestList.tests().stream()
                .filter(test -> test.matches(".*\\." + classes))
                .map(test -> test.substring(0, test.lastIndexOf('.')))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
