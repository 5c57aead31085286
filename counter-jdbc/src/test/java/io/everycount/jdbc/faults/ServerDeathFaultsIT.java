// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.PostgresServer.Shutdown;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Backends and whole servers die, at any moment, and come back. */
@Tag(PostgresServer.OWN_SERVER)
class ServerDeathFaultsIT {
    private static final String HOT = "hot";

    private final PostgresServer server = Faulty.server();
    private final TestDatabase database = server.newDatabase();
    private Run run;

    @AfterEach
    void close() {
        Faulty.server();
        run.close();
        database.close();
    }

    private void start(String name) {
        run = new Run(name, database, Faulty.sink(database).build()).traffic("");
        run.add(HOT, 1);
        run.flush();
    }

    @Test
    void everyCountArrivesOnceWhenItsBackendIsTerminated() throws SQLException {
        start("pg_terminate_backend");
        String terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                + " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = '"
                + database.name() + "'";
        for (int i = 0; i < 6; i++) {
            // In the middle of a flush, which waits for a lock.
            int terminated = run.heard().failures("57P01");
            try (Faulty.Session session = holdHotRow()) {
                run.add(HOT, 1);
                long backend = Faulty.awaitLockWait(database);
                database.execute("SELECT pg_terminate_backend(" + backend + ")");
                Await.until("a failure", () -> run.heard().failures("57P01") > terminated);
            }
            run.flush();
            // At any moment.
            int failures = run.heard().failures();
            Await.until(
                    "a failure",
                    () -> database.number(terminate) > 0 && run.heard().failures() > failures);
            run.flush();
        }
        run.closeAndCompare();
        assertThat(run.heard().failures("57P01")).isGreaterThanOrEqualTo(6);
        assertThat(run.heard().failures()).isGreaterThanOrEqualTo(12);
    }

    @Test
    void everyCountArrivesOnceWhenItsBackendIsKilled() throws SQLException {
        start("kill -9 of a backend");
        for (int i = 0; i < 3; i++) {
            int failures = run.heard().failures();
            long log = server.logEnd();
            try (Faulty.Session session = holdHotRow()) {
                run.add(HOT, 1);
                long backend = Faulty.awaitLockWait(database);
                assertThat(ProcessHandle.of(backend).orElseThrow().destroyForcibly())
                        .isTrue();
                Await.until(
                        "the server notices",
                        () -> server.logSince(log).contains("terminating any other active server processes"));
                Await.until("a failure", () -> run.heard().failures() > failures);
            } catch (SQLException e) {
                // Every backend goes down with the one that was killed: ours, too.
            }
            run.flush();
        }
        for (int i = 0; i < 3; i++) {
            int failures = run.heard().failures();
            int writes = run.heard().writes();
            Await.until("some writes", () -> run.heard().writes() > writes + 3);
            assertThat(server.killBackends()).isPositive();
            Await.until("a failure", () -> run.heard().failures() > failures);
            run.flush();
        }
        run.closeAndCompare();
        assertThat(run.heard().failures()).isGreaterThanOrEqualTo(6);
    }

    @Test
    void everyCountArrivesOnceWhenTheServerIsKilled() {
        start("kill -9 of the server");
        for (int i = 0; i < 4; i++) {
            awaitWrites(1 + run.random().nextInt(5));
            server.kill9();
            comeBack();
        }
        run.closeAndCompare();
        assertThat(run.heard().rewinds()).as("fsync is on: nothing goes back").isZero();
    }

    @Test
    void everyCountArrivesOnceWhenTheServerIsStoppedAtOnceOrFast() {
        start("server stopped");
        for (Shutdown shutdown :
                new Shutdown[] {Shutdown.IMMEDIATE, Shutdown.FAST, Shutdown.IMMEDIATE, Shutdown.FAST}) {
            awaitWrites(1 + run.random().nextInt(5));
            server.stop(shutdown);
            comeBack();
        }
        run.closeAndCompare();
        assertThat(run.heard().rewinds()).isZero();
    }

    private void awaitWrites(int more) {
        int writes = run.heard().writes();
        Await.until("writes", () -> run.heard().writes() >= writes + more);
    }

    private void comeBack() {
        run.awaitFailures(2);
        assertThat(run.stats().sinks().get(0).failing()).isTrue();
        server.start();
        run.flush();
        assertThat(run.stats().sinks().get(0).lastError()).isNull();
    }

    private Faulty.Session holdHotRow() throws SQLException {
        return new Faulty.Session(database).run("SELECT FROM everycount_counter WHERE key = '" + HOT + "' FOR UPDATE");
    }
}
