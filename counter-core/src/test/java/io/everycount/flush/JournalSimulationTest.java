// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.journal.PlantedFiles;
import io.everycount.model.ModelStore.Guard;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random histories of the whole protocol with the real classes, each from one seed: the sum of every record that was
 * ever journaled is what is stored and in quarantine, key by key; and no record whose commit was confirmed is ever
 * missing from a journal.
 *
 * <p>{@code -Deverycount.seed=N} replays one history; {@code -Deverycount.histories=N} runs more of them.
 */
class JournalSimulationTest {
    private static final long FIRST_SEED = new Random().nextInt(1_000_000_000);
    private static final int HISTORIES = Integer.getInteger("everycount.histories", 6_000);

    @Test
    void what_was_journaled_takes_effect_exactly_once_whatever_processes_disk_and_store_do() {
        Long only = Long.getLong("everycount.seed");
        long from = only == null ? FIRST_SEED : only;
        long to = only == null ? from + HISTORIES : from + 1;
        Map<String, Integer> seen = new TreeMap<>();
        long start = System.nanoTime();
        for (long seed = from; seed < to; seed++) {
            JournalSimulation history = new JournalSimulation(seed, Guard.STRICT, memory -> memory, false);
            String problem;
            try {
                problem = history.run();
            } catch (Throwable t) {
                throw new AssertionError(
                        "history with seed " + seed + " (replay: -Deverycount.seed=" + seed + "): " + t.getMessage()
                                + history.log(),
                        t);
            }
            assertThat(problem)
                    .as("history with seed %d (replay: -Deverycount.seed=%d)%s", seed, seed, history.log())
                    .isNull();
            history.seen.forEach((what, times) -> seen.merge(what, times, Integer::sum));
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "journal simulation: %d histories from seed %d in %.1f s; %s%n", to - from, from, seconds, seen);
        if (only == null) {
            assertThat(seen.getOrDefault("back beyond journals", 0)).isLessThan(HISTORIES / 50);
            assertThat(seen)
                    .as("the histories reach every corner")
                    .containsKeys(
                            "adopted",
                            "closed and complete",
                            "closed and not complete",
                            "rewound",
                            "summed up",
                            "journal",
                            "recovered",
                            "recovered what was not confirmed",
                            "crashed in an operation",
                            "power off",
                            "kill",
                            "left",
                            "failed");
        }
    }

    /** What is wrong on purpose. */
    enum Mistake {
        /** Acknowledged before it is on the disk. */
        FORCE_DOES_NOTHING(Guard.STRICT, PlantedFiles.Mistake.FORCE_DOES_NOTHING),
        FAILED_FORCE_IS_REPEATED(Guard.STRICT, PlantedFiles.Mistake.FAILED_FORCE_IS_REPEATED),
        FAILED_WRITE_IS_HIDDEN(Guard.STRICT, PlantedFiles.Mistake.FAILED_WRITE_IS_HIDDEN),
        NAMES_ARE_NOT_FORCED(Guard.STRICT, PlantedFiles.Mistake.DIRECTORY_IS_NOT_FORCED),
        NO_LEDGER(Guard.NONE, PlantedFiles.Mistake.NONE),
        AT_MOST_INSTEAD_OF_EQUAL(Guard.AT_MOST, PlantedFiles.Mistake.NONE),
        BATCH_ENDS_INSIDE_A_RECORD(Guard.SPLIT, PlantedFiles.Mistake.NONE),
        /** A journal that is opened does not see its last segment, and so gives numbers again. */
        NUMBERS_ARE_USED_AGAIN(Guard.STRICT, PlantedFiles.Mistake.LAST_SEGMENT_IS_HIDDEN),
        /** Who adopts goes on under the orphan's id. */
        ADOPTER_NUMBERS_ON(Guard.STRICT, PlantedFiles.Mistake.NONE);

        final Guard guard;
        final PlantedFiles.Mistake files;

        Mistake(Guard guard, PlantedFiles.Mistake files) {
            this.guard = guard;
            this.files = files;
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_planted_mistake_is_caught(Mistake mistake) {
        int caught = 0;
        int histories = 0;
        while (histories < 200 || caught == 0 && histories < HISTORIES) {
            JournalSimulation history = new JournalSimulation(
                    FIRST_SEED + histories,
                    mistake.guard,
                    memory -> new PlantedFiles(memory, mistake.files),
                    mistake == Mistake.ADOPTER_NUMBERS_ON);
            try {
                caught += history.run() == null ? 0 : 1;
            } catch (Throwable t) {
                caught++;
            }
            histories++;
        }
        System.out.printf("journal simulation: %s caught in %d of %d histories%n", mistake, caught, histories);
        assertThat(caught).isPositive();
    }
}
