// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody else holds locks, too long or in the wrong order, or the server is too slow. */
class LockFaultsIT {
    private static final String LOCK_TIMEOUT = "55P03";
    private static final String CANCELLED = "57014";
    private static final String DEADLOCK = "40P01";

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private Run run;

    @AfterEach
    void close() {
        run.close();
        database.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT FROM everycount_counter WHERE key = 'hot' FOR UPDATE",
                "SELECT FROM everycount_instance FOR UPDATE",
                "LOCK TABLE everycount_counter IN ACCESS EXCLUSIVE MODE",
                "LOCK TABLE everycount_instance IN ACCESS EXCLUSIVE MODE",
                "LOCK TABLE everycount_counter IN SHARE MODE",
            })
    void everyCountArrivesOnceWhenALockIsHeldTooLong(String lock) throws SQLException {
        run = new Run("lock timeout", database, Faulty.sink(database).build()).traffic("");
        run.add("hot", 1);
        run.flush();
        for (int i = 0; i < 2; i++) {
            try (Faulty.Session session = new Faulty.Session(database).run(lock)) {
                run.add("hot", 1);
                run.awaitFailuresOf(LOCK_TIMEOUT, 1);
            }
            run.flush();
        }
        run.closeAndCompare();
        assertThat(run.heard().failures(LOCK_TIMEOUT)).isGreaterThanOrEqualTo(2);
    }

    /** With a pool of its own the server bounds the statement; with a foreign one the driver does. */
    @ParameterizedTest
    @CsvSource({"true, due to statement timeout", "false, due to user request"})
    void everyCountArrivesOnceWhenAStatementTakesTooLong(boolean ownPool, String said) {
        JdbcCounterSink sink = ownPool
                ? Faulty.sink(database).build()
                : Faulty.shortWaits(JdbcCounterSink.builder(database.dataSource()))
                        .build();
        run = new Run("statement timeout", database, sink).traffic("");
        run.flush();
        database.execute("""
                CREATE TABLE slow ();
                CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(30) FROM slow; RETURN NULL; END $$;
                CREATE TRIGGER be_slow AFTER INSERT ON everycount_counter EXECUTE FUNCTION be_slow()""");
        for (int i = 0; i < 2; i++) {
            run.flush();
            database.execute("INSERT INTO slow DEFAULT VALUES");
            int before = run.heard().failures();
            run.awaitFailuresOf(CANCELLED, 1);
            assertThat(run.heard().saidSince(before, said)).as(said).isTrue();
            database.execute("DELETE FROM slow");
            run.flush();
        }
        run.closeAndCompare();
        assertThat(run.heard().failures(CANCELLED)).isGreaterThanOrEqualTo(2);
    }

    @Test
    void everyCountArrivesOnceWhenAForeignTransactionLocksInTheOppositeOrder() throws SQLException {
        database.execute("ALTER DATABASE " + database.name() + " SET deadlock_timeout = 300");
        run = new Run("deadlock", database, Faulty.sink(database).build()).traffic("");
        run.add("a-first", 1);
        run.add("z-last", 1);
        run.flush();
        for (int i = 0; run.heard().failures(DEADLOCK) < 3; i++) {
            assertThat(i).as("attempts to provoke a deadlock; %s", run.heard()).isLessThan(12);
            try (Faulty.Session session = new Faulty.Session(database)) {
                // So that it is the flush that finds the deadlock, and has to give way.
                session.run("SET deadlock_timeout = '20s'");
                session.run("UPDATE everycount_counter SET updated_at = now() WHERE key = 'z-last'");
                run.cache().addAll(java.util.Map.of("a-first", 1L, "z-last", 1L));
                run.counted("a-first", 1);
                run.counted("z-last", 1);
                Faulty.awaitLockWait(database);
                session.run("UPDATE everycount_counter SET updated_at = now() WHERE key = 'a-first'");
            }
            run.flush();
        }
        run.closeAndCompare();
    }
}
