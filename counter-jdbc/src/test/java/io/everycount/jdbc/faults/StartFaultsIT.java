// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.everycount.jdbc.CounterSchema;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.PostgresServer.Shutdown;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Something is wrong from the start, and stays so until somebody mends it: the cache counts, says what to
 * mend, and catches up by itself.
 */
@Tag(PostgresServer.OWN_SERVER)
class StartFaultsIT {
    private final PostgresServer server = Faulty.server();
    private final TestDatabase database = server.newDatabase();
    private Run run;

    @AfterEach
    void close() {
        Faulty.server();
        run.close();
        database.close();
    }

    @Test
    void whatIsCountedWhileTheServerIsDownArrivesOnceItIsUp() {
        server.stop(Shutdown.FAST);
        run = new Run(
                        "server down at the start",
                        database,
                        Faulty.sink(database).build())
                .traffic("");
        run.awaitSaid("Connection to", "refused");
        run.awaitFailures(3);
        server.start();
        run.flush();
        run.closeAndCompare();
    }

    @Test
    void aWrongPasswordIsSaidAndCountsArriveOnceItIsMended() {
        String role = database.name() + "_role";
        database.execute("CREATE ROLE " + role + " LOGIN PASSWORD 'old'");
        database.execute("GRANT ALL ON SCHEMA public TO " + role);
        try {
            run = new Run(
                            "wrong password",
                            database,
                            Faulty.shortWaits(JdbcCounterSink.builder(database.jdbcUrl(), role, "new"))
                                    .build())
                    .traffic("");
            run.awaitSaid("fatal", "28P01", "Correct the user name or the password");
            database.execute("ALTER ROLE " + role + " PASSWORD 'new'");
            run.flush();
            // And while it works already.
            database.execute("ALTER ROLE " + role + " PASSWORD 'other'");
            server.killBackends();
            run.awaitSaid("fatal", "28P01");
            database.execute("ALTER ROLE " + role + " PASSWORD 'new'");
            run.flush();
            run.closeAndCompare();
        } finally {
            run.close();
            database.execute("DROP OWNED BY " + role + "; DROP ROLE " + role);
        }
    }

    @Test
    void aMissingTableIsSaidAndCountsArriveOnceItIsThere() {
        run = new Run(
                        "missing tables",
                        database,
                        Faulty.sink(database).createSchema(false).build())
                .traffic("");
        run.awaitSaid("fatal", "42P01", "CounterSchema.apply()");
        CounterSchema schema = CounterSchema.of(database.dataSource(), "everycount_");
        schema.apply();
        run.flush();
        database.execute("ALTER TABLE everycount_counter RENAME TO away");
        run.awaitSaid("fatal", "42P01", "everycount_counter");
        database.execute("ALTER TABLE away RENAME TO everycount_counter");
        run.flush();
        run.closeAndCompare();
    }

    @Test
    void aVersionOfTheTablesThatIsTooNewIsSaidAndNothingIsWritten() {
        CounterSchema.of(database.dataSource(), "everycount_").apply();
        String version = "UPDATE everycount_schema SET version = %1$d, compatible_from = %1$d";
        database.execute(version.formatted(99));
        run = new Run("wrong schema version", database, Faulty.sink(database).build()).traffic("");
        run.awaitSaid("fatal", "version 99", "update the library");
        assertThat(database.number("SELECT count(*) FROM everycount_counter")).isZero();
        database.execute(version.formatted(CounterSchema.VERSION));
        run.flush();
        run.closeAndCompare();
    }

    @Test
    void aMissingDatabaseIsSaidAndCountsArriveOnceItIsThere() {
        String away = database.name() + "_away";
        server.administrate("ALTER DATABASE " + database.name() + " RENAME TO " + away);
        run = new Run("missing database", database, Faulty.sink(database).build()).traffic("");
        run.awaitSaid("fatal", "3D000", "Create the database");
        server.administrate("ALTER DATABASE " + away + " RENAME TO " + database.name());
        run.flush();
        run.closeAndCompare();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aNetworkThatFreezesLosesNothing(boolean fromTheStart) {
        try (TcpProxy proxy = TcpProxy.to(server)) {
            proxy.freeze(fromTheStart);
            run = new Run(
                            "frozen network",
                            database,
                            Faulty.sink(database, database.jdbcUrl(proxy)).build())
                    .traffic("");
            if (!fromTheStart) {
                run.flush();
                proxy.freeze(true);
            }
            // The socket timeout ends the wait, then new connections are not made in time.
            run.awaitFailures(3);
            proxy.freeze(false);
            run.flush();
            run.closeAndCompare();
        }
    }

    @Test
    void aPoolWithoutAFreeConnectionLosesNothing() throws SQLException {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(250);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            Connection taken = pool.getConnection();
            run = new Run(
                            "pool exhausted",
                            database,
                            Faulty.shortWaits(JdbcCounterSink.builder(pool)).build())
                    .traffic("");
            for (int i = 0; i < 3; i++) {
                run.awaitSaid("Connection is not available");
                taken.close();
                run.flush();
                taken = pool.getConnection();
            }
            run.awaitFailures(1);
            taken.close();
            run.closeAndCompare();
        }
    }
}
