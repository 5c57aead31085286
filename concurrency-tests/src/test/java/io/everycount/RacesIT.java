// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
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
    private static final int RULES = 22;
    private static final int MISTAKES = 24;
    private static final int ROUNDS = 5;
    private static final int TIMES = Integer.getInteger("everycount.stress", 1);

    @Test
    void no_interleaving_breaks_a_rule() throws Exception {
        StressRun run = run("real", "\\.Real$", RULES);
        run.found.forEach(
                (test, found) -> assertThat(found.forbidden()).as(test).isEmpty());
        assertThat(run.exitCode).as(() -> run.log()).isZero();
    }

    @Test
    void every_planted_mistake_is_seen() throws Exception {
        Set<String> unseen = unseen(run("planted", "\\.Planted[A-Za-z]+$", MISTAKES));
        for (int round = 2; round <= ROUNDS && !unseen.isEmpty(); round++) {
            // On a busy machine the threads of a test may hardly ever run at the same time.
            String tests = unseen.stream().map(Pattern::quote).collect(Collectors.joining("|", "^(", ")$"));
            unseen = unseen(run("planted" + round, tests, unseen.size()));
        }
        assertThat(unseen).isEmpty();
    }

    /** Those of a run in which nothing forbidden was seen. */
    private static Set<String> unseen(StressRun run) {
        Set<String> unseen = new TreeSet<>();
        run.found.forEach((test, found) -> {
            if (found.forbidden().isEmpty()) {
                unseen.add(test);
            }
        });
        assertThat(run.exitCode != 0).as(() -> run.log()).isEqualTo(unseen.size() < run.found.size());
        return unseen;
    }

    private static StressRun run(String name, String tests, int count) throws Exception {
        StressRun run = StressRun.of(name, tests, TIMES);
        System.out.print(run.summary());
        assertThat(run.found).as(() -> run.log()).hasSize(count);
        run.found.forEach((test, found) -> {
            assertThat(found.errors()).as(test).isEmpty();
            assertThat(found.samples()).as(test).isPositive();
        });
        return run;
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
