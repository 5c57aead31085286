// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.torture.Torture.Fault;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nothing that was acknowledged is lost, and nothing is counted twice, whatever happens to processes and their database.
 *
 * <p>{@code -Deverycount.seed} repeats the choices of a run; {@code -Deverycount.torture.kills} makes it longer, in
 * rounds, each with a database and journals of its own.
 */
@Tag(PostgresServer.OWN_SERVER)
class TortureIT {
    private static final int KILLS = Integer.getInteger("everycount.torture.kills", 25);
    private static final int KILLS_PER_ROUND = 100;
    private static final int KILLS_PER_OTHER_FAULT = 20;

    private static PostgresServer server;

    @BeforeAll
    static void start() {
        server = PostgresServer.builder().start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void whatWasJournaledIsStoredOnceWhateverDies(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path directory) {
        long seed = Long.getLong("everycount.seed", System.nanoTime() & 0xFFFFFFFFL);
        Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
        Map<String, Long> outcome = new TreeMap<>();
        for (int left = KILLS; left > 0; left -= KILLS_PER_ROUND) {
            long roundSeed = seed++;
            int kills = Math.min(left, KILLS_PER_ROUND);
            System.out.println("torture: seed " + roundSeed + ", " + kills + " kills");
            try (Torture torture =
                    new Torture(roundSeed, directory.resolve("round-" + roundSeed), server, Victim.Settings.RIGHT)) {
                List<String> violations = torture.run(torture.draw(kills, Math.max(1, kills / KILLS_PER_OTHER_FAULT)));
                torture.counts().forEach((fault, count) -> counts.merge(fault, count, Integer::sum));
                torture.outcome().forEach((what, count) -> outcome.merge(what, count, Long::sum));
                System.out.println("torture: " + counts + "; " + outcome);
                assertThat(violations).as("seed %d", roundSeed).isEmpty();
            }
        }
        for (Fault fault : Fault.values()) {
            if (fault != Fault.SEGMENT_DELETED) {
                assertThat(counts).containsKey(fault);
            }
        }
        assertThat(outcome.get("summaries")).as("summaries").isPositive();
        assertThat(outcome.get("adopted")).as("adopted").isPositive();
        assertThat(outcome.get("rewinds")).as("rewinds").isPositive();
        assertThat(outcome.get("quarantines")).as("quarantines").isPositive();
        assertThat(outcome.get("gaps")).as("gaps").isZero();
    }
}
