// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.Contention;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TcpProxy.Cut;
import io.everycount.jdbc.testing.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The network fails: before a commit arrives, while it does, after it was obeyed, and anywhere else. */
class ConnectionCutsFaultsIT {
    private static final int CUTS = 8;
    private static final int RANDOM_CUTS = 40;

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final TcpProxy proxy = TcpProxy.to(PostgresServer.shared());
    private Run run;

    @AfterEach
    void close() {
        run.close();
        proxy.close();
        database.close();
    }

    @ParameterizedTest(name = "{0}, {1}, PgBouncer mode {2}")
    @CsvSource({
        "BEFORE_COMMIT, SORTED, false",
        "DURING_COMMIT, SORTED, false",
        "AFTER_COMMIT, SORTED, false",
        "AFTER_COMMIT, ADVISORY_LOCK, false",
        "BEFORE_COMMIT, SORTED, true",
        "AFTER_COMMIT, SORTED, true",
    })
    void everyCountArrivesOnceWhenConnectionsAreCutAtTheCommit(Cut cut, Contention contention, boolean pgBouncer) {
        run = new Run(
                        "cut " + cut + " " + contention + (pgBouncer ? " PgBouncer" : ""),
                        database,
                        Faulty.sink(database, database.jdbcUrl(proxy))
                                .contention(contention)
                                .pgBouncer(pgBouncer)
                                .build())
                .traffic("");
        for (int i = 1; i <= CUTS; i++) {
            int cuts = i;
            proxy.cutAtCommit(cut, 1 + run.random().nextInt(3), Faulty::isFlush);
            Await.until("cut " + i, () -> proxy.cutsAtCommit() == cuts);
            run.flush();
        }
        run.closeAndCompare();
        assertThat(run.heard().failures()).isGreaterThanOrEqualTo(CUTS);
        if (cut == Cut.AFTER_COMMIT) {
            assertThat(run.heard().foundApplied()).isEqualTo(CUTS);
        } else if (cut == Cut.BEFORE_COMMIT) {
            assertThat(run.heard().foundApplied()).isZero();
        }
    }

    @Test
    void everyCountArrivesOnceWhenConnectionsAreCutAnywhere() {
        run = new Run(
                        "cuts anywhere",
                        database,
                        Faulty.sink(database, database.jdbcUrl(proxy)).build())
                .traffic("");
        run.flush();
        for (int i = 0; i < RANDOM_CUTS; i++) {
            int failures = run.heard().failures();
            switch (run.random().nextInt(4)) {
                case 0 -> {
                    int writes = run.heard().writes();
                    int wait = run.random().nextInt(3);
                    Await.until("some writes", () -> run.heard().writes() >= writes + wait);
                    proxy.cutNow();
                }
                case 1 -> {
                    proxy.refuse(true);
                    proxy.cutNow();
                    Await.until(
                            () -> "two failures more than " + failures + ": " + run.heard() + "; " + run.stats(),
                            () -> run.heard().failures() >= failures + 2);
                    proxy.refuse(false);
                }
                default -> {
                    int cuts = proxy.cutsAtCommit();
                    List<Cut> all = List.of(Cut.values());
                    // Of any statement: registrations and reads of the ledger, too.
                    proxy.cutAtCommit(
                            all.get(run.random().nextInt(all.size())),
                            1 + run.random().nextInt(4),
                            sql -> true);
                    Await.until("a cut", () -> proxy.cutsAtCommit() > cuts);
                }
            }
            if (run.random().nextInt(3) == 0) {
                run.flush();
            }
        }
        run.closeAndCompare();
        assertThat(run.heard().failures()).isGreaterThanOrEqualTo(RANDOM_CUTS / 2);
        assertThat(run.heard().foundApplied()).isGreaterThanOrEqualTo(2);
    }
}
