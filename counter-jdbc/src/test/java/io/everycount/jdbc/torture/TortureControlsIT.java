// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.torture.Torture.Fault;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same torture and the same checker find what is wrong on purpose: else they would prove nothing. */
@Tag(PostgresServer.OWN_SERVER)
class TortureControlsIT {
    private static PostgresServer server;

    @TempDir
    private Path directory;

    @BeforeAll
    static void start() {
        server = PostgresServer.builder().start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private List<String> violations(Victim.Settings settings, Fault... faults) {
        long seed = Long.getLong("everycount.seed", System.nanoTime() & 0xFFFFFFFFL);
        System.out.println("torture: seed " + seed);
        try (Torture torture = new Torture(seed, directory, server, settings)) {
            List<String> violations = torture.run(List.of(faults));
            violations.forEach(violation -> System.out.println("torture: found " + violation));
            return violations;
        }
    }

    private static Victim.Settings careless(CarelessSink.Guard guard) {
        return new Victim.Settings(2, false, guard.name(), "");
    }

    @Test
    void acknowledgingAtTheJournalsLevelWhatIsInMemoryOnlyIsFound() {
        Fault[] kills = Collections.nCopies(8, Fault.KILLED).toArray(Fault[]::new);
        assertThat(violations(new Victim.Settings(2, true, "", ""), kills))
                .anyMatch(violation -> violation.startsWith("acknowledged but not stored"))
                .noneMatch(violation -> violation.startsWith("stored + quarantined"));
    }

    @Test
    void writingAgainWithoutALedgerIsFound() {
        assertThat(violations(
                        careless(CarelessSink.Guard.NONE),
                        Fault.CUT_AFTER_COMMIT,
                        Fault.CUT_AFTER_COMMIT,
                        Fault.CUT_AFTER_COMMIT))
                .anyMatch(violation -> violation.startsWith("stored + quarantined"));
    }

    @Test
    void aGuardThatComparesWithAtMostIsFoundWhenTheDatabaseGoesBack() {
        assertThat(violations(careless(CarelessSink.Guard.AT_MOST), Fault.REWOUND))
                .anyMatch(violation -> violation.startsWith("stored + quarantined"));
    }

    @Test
    void aJournalThatLostItsLastSegmentsIsFound() {
        assertThat(violations(Victim.Settings.RIGHT, Fault.SEGMENT_DELETED))
                .anyMatch(violation -> violation.contains("has two different records")
                        || violation.startsWith("stored + quarantined")
                        || violation.contains("FORKED"));
    }
}
