// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.journal.MemoryFiles.Crashed;
import io.everycount.journal.PlantedFiles.Mistake;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random histories of a journal on a disk that fails, fills up and loses what was not forced, each from one seed,
 * against a simple model.
 *
 * <p>{@code -Deverycount.seed=N} replays one history; {@code -Deverycount.histories=N} runs more of them.
 */
class JournalHistoryTest {
    private static final long FIRST_SEED = new Random().nextInt(1_000_000_000);
    private static final int HISTORIES = Integer.getInteger("everycount.histories", 4_000);

    @Test
    void what_was_appended_is_recovered_whatever_the_disk_does() {
        Long only = Long.getLong("everycount.seed");
        long from = only == null ? FIRST_SEED : only;
        long to = only == null ? from + HISTORIES : from + 1;
        Map<String, Integer> seen = new TreeMap<>();
        long start = System.nanoTime();
        for (long seed = from; seed < to; seed++) {
            JournalHistory history = new JournalHistory(seed, Mistake.NONE);
            try {
                history.run();
            } catch (Throwable t) {
                throw new AssertionError(
                        "history with seed " + seed + " (replay: -Deverycount.seed=" + seed + "): " + t.getMessage()
                                + history.log(),
                        t);
            }
            history.seen().forEach((what, times) -> seen.merge(what, times, Integer::sum));
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("journal: %d histories from seed %d in %.1f s; %s%n", to - from, from, seconds, seen);
        if (only == null) {
            assertThat(seen)
                    .as("the histories reach every corner")
                    .containsKeys(
                            "append",
                            "append failed",
                            "append crashed",
                            "checkpoint",
                            "checkpoint failed",
                            "checkpoint crashed",
                            "segment deleted",
                            "spare used",
                            "attempted record recovered",
                            "attempted record gone",
                            "kill",
                            "crash",
                            "close",
                            "no space",
                            "not opened",
                            "read only");
        }
    }

    @ParameterizedTest
    @EnumSource(value = Mistake.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void a_planted_mistake_is_caught(Mistake mistake) {
        int caught = 0;
        int histories = 0;
        while (histories < 300 || caught == 0 && histories < HISTORIES) {
            try {
                new JournalHistory(FIRST_SEED + histories, mistake).run();
            } catch (AssertionError | CorruptJournalException e) {
                caught++;
            } catch (Crashed | java.io.IOException e) {
                throw new AssertionError("history with seed " + (FIRST_SEED + histories), e);
            }
            histories++;
        }
        System.out.printf("journal: %s caught in %d of %d histories%n", mistake, caught, histories);
        assertThat(caught).isPositive();
    }
}
