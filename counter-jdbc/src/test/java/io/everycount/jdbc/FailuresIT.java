// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static io.everycount.jdbc.Fixture.INSTANCE;
import static io.everycount.jdbc.Fixture.batch;
import static io.everycount.jdbc.Fixture.registration;
import static io.everycount.jdbc.Fixture.stored;
import static io.everycount.jdbc.Fixture.total;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.FatalSinkException;
import io.everycount.sink.Mark;
import io.everycount.sink.RetriableSinkException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class FailuresIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWrongPasswordIsFatalAndSaysSo(boolean ownPool) {
        PGSimpleDataSource wrong = database.dataSource();
        wrong.setPassword("wrong");
        try (JdbcCounterSink sink = ownPool
                ? JdbcCounterSink.builder(database.jdbcUrl(), wrong.getUser(), "wrong")
                        .connectTimeout(Duration.ofSeconds(1))
                        .build()
                : JdbcCounterSink.builder(wrong).build()) {
            assertThatThrownBy(() -> sink.register(registration()))
                    .isInstanceOf(FatalSinkException.class)
                    .hasMessageContaining("password authentication failed")
                    .hasMessageContaining("28P01")
                    .hasMessageContaining("Correct the user name or the password");
        }
    }

    @Test
    void aMissingDatabaseIsFatalAndSaysSo() {
        PGSimpleDataSource wrong = database.dataSource();
        wrong.setDatabaseName("missing");
        assertThatThrownBy(() -> JdbcCounterSink.builder(wrong).build().register(registration()))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("3D000")
                .hasMessageContaining("Create the database");
    }

    @Test
    void aDroppedTableIsFatalAndSaysWhatToRun() {
        JdbcCounterSink sink = registered();
        database.execute("DROP TABLE everycount_counter");
        assertThatThrownBy(() -> sink.write(batch(0, 1, Map.of("a", 1L))))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("42P01")
                .hasMessageContaining("CounterSchema.sql()");
    }

    @Test
    void anAlteredTableIsFatalAndSaysWhatToCompare() {
        JdbcCounterSink sink = registered();
        database.execute("ALTER TABLE everycount_counter RENAME COLUMN value TO total");
        assertThatThrownBy(() -> sink.write(batch(0, 1, Map.of("a", 1L))))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("42703")
                .hasMessageContaining("compare them");
    }

    @Test
    void aReadOnlyDatabaseIsRetriableAndSaysSo() {
        registered();
        database.execute("ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();
        for (int i = 0; i < 2; i++) {
            assertRetriable(() -> sink.write(batch(0, 1, Map.of("a", 1L))), "25006")
                    .hasMessageContaining("read-only")
                    .hasMessageContaining("targetServerType=primary");
        }
        assertRetriable(() -> sink.ledger(INSTANCE), "25006");
    }

    @Test
    void aServerThatIsNotThereIsRetriable() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/x";
        try (JdbcCounterSink sink = JdbcCounterSink.builder(url, "nobody", "nothing")
                .connectTimeout(Duration.ofMillis(500))
                .build()) {
            assertRetriable(() -> sink.register(registration()), "08001");
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false"})
    void aRowThatIsLockedForTooLongIsRetriableAndTheWaitIsBounded(boolean ownPool, boolean pgBouncer)
            throws SQLException {
        try (JdbcCounterSink sink = builder(ownPool)
                .pgBouncer(pgBouncer)
                .lockTimeout(Duration.ofMillis(200))
                .build()) {
            sink.register(registration());
            sink.write(batch(0, 1, Map.of("a", 1L)));
            try (Connection blocker = database.dataSource().getConnection();
                    Statement statement = blocker.createStatement()) {
                blocker.setAutoCommit(false);
                statement.execute("SELECT FROM everycount_counter WHERE key = 'a' FOR UPDATE");
                assertRetriable(() -> sink.write(batch(1, 2, Map.of("a", 1L))), "55P03");
                statement.execute("SELECT FROM everycount_instance FOR UPDATE");
                assertRetriable(() -> sink.write(batch(1, 2, Map.of("b", 1L))), "55P03");
                assertRetriable(() -> sink.ledger(INSTANCE), "55P03");
                assertRetriable(() -> sink.register(registration()), "55P03");
                blocker.rollback();
            }
            assertThat(sink.write(batch(1, 2, Map.of("a", 1L))).isApplied()).isTrue();
            assertThat(total(database, "a")).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false"})
    void aStatementThatTakesTooLongIsRetriableAndTheWaitIsBounded(boolean ownPool, boolean pgBouncer) {
        try (JdbcCounterSink sink = builder(ownPool)
                .pgBouncer(pgBouncer)
                .lockTimeout(Duration.ofMillis(200))
                .statementTimeout(Duration.ofMillis(900))
                .build()) {
            sink.register(registration());
            database.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                    + " 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';"
                    + "CREATE TRIGGER slow BEFORE INSERT ON everycount_counter FOR EACH ROW EXECUTE FUNCTION slow()");
            assertRetriable(() -> sink.write(batch(0, 1, Map.of("a", 1L))), "57014");
            assertThat(stored(sink)).isEqualTo(Mark.ORIGIN);
        }
    }

    @Test
    void aFlushThatDoesNotGetItsTurnIsRetriableAndChangesNothing() throws SQLException {
        JdbcCounterSink sink =
                builder(false).lockTimeout(Duration.ofMillis(100)).build();
        sink.register(registration());
        try (Connection other = database.dataSource().getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("SELECT pg_advisory_xact_lock(1702258034, " + "everycount_".hashCode() + ")");
            assertRetriable(() -> sink.write(batch(0, 1, Map.of("a", 1L))), "55P03");
            assertThat(stored(sink)).isEqualTo(Mark.ORIGIN);
            other.rollback();
        }
        assertThat(sink.write(batch(0, 1, Map.of("a", 1L))).isApplied()).isTrue();
    }

    @Test
    void aDeadlockIsRetriable() throws Exception {
        JdbcCounterSink sink = registered();
        sink.write(batch(0, 1, Map.of("a", 1L, "b", 1L)));
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection other = database.dataSource().getConnection();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            // The server ends the deadlock at the one who looks first; this one never looks.
            statement.execute("SET LOCAL deadlock_timeout = '30s'");
            statement.execute("SELECT FROM everycount_counter WHERE key = 'b' FOR UPDATE");
            Future<?> writing = thread.submit(() ->
                    assertRetriable(() -> sink.write(batch(1, 2, Map.of("a", 1L, "b", 1L))), "40P01"));
            awaitTrue("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted");
            statement.execute("SELECT FROM everycount_counter WHERE key = 'a' FOR UPDATE");
            writing.get(30, TimeUnit.SECONDS);
            other.rollback();
        } finally {
            thread.shutdown();
        }
        assertThat(sink.write(batch(1, 2, Map.of("a", 1L, "b", 1L))).isApplied())
                .isTrue();
    }

    @Test
    void aBackendThatIsTerminatedIsRetriable() {
        JdbcCounterSink sink = registered();
        database.execute("CREATE FUNCTION terminated() RETURNS trigger LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';"
                + "CREATE TRIGGER t BEFORE INSERT ON everycount_counter FOR EACH ROW EXECUTE FUNCTION terminated()");
        assertRetriable(() -> sink.write(batch(0, 1, Map.of("a", 1L))), "57P01");
        assertThat(stored(sink)).isEqualTo(Mark.ORIGIN);
    }

    @Test
    void aServerThatAcceptsNoMoreConnectionsIsRetriable() {
        registered();
        database.execute("CREATE ROLE one_" + database.name() + " LOGIN PASSWORD 'one' CONNECTION LIMIT 0");
        try {
            PGSimpleDataSource dataSource = database.dataSource();
            dataSource.setUser("one_" + database.name());
            dataSource.setPassword("one");
            JdbcCounterSink sink = JdbcCounterSink.builder(dataSource).build();
            assertRetriable(() -> sink.register(registration()), "53300");
        } finally {
            database.execute("DROP ROLE one_" + database.name());
        }
    }

    @Test
    void anErrorThatNobodyHasHeardOfIsRetriableAndQuarantinesNothing() {
        JdbcCounterSink sink = registered();
        database.execute("CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS"
                + " $$BEGIN RAISE EXCEPTION 'odd' USING ERRCODE = 'ZZ123'; END$$;"
                + "CREATE TRIGGER odd BEFORE INSERT ON everycount_counter FOR EACH ROW EXECUTE FUNCTION odd()");
        assertRetriable(() -> sink.write(batch(0, 1, Map.of("a", 1L))), "ZZ123");
        assertThat(database.number("SELECT count(*) FROM everycount_quarantine"))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "08006, false",
        "40001, false",
        "40P01, false",
        "53200, false",
        "55P03, false",
        "57014, false",
        "58030, false",
        "25006, false",
        "42P05, false",
        "26000, false",
        "XX000, false",
        "ZZZZZ, false",
        "28P01, true",
        "28000, true",
        "3D000, true",
        "3F000, true",
        "42P01, true",
        "42501, true",
        "42601, true"
    })
    void everyKnownStateHasItsClass(String state, boolean fatal) {
        Exception failure = new RuntimeException(new SQLException("pool", null, new SQLException("server", state)));
        assertThat(Failures.translated("doing", failure, "p_"))
                .isInstanceOf(fatal ? FatalSinkException.class : RetriableSinkException.class)
                .hasMessageStartingWith("doing: server (SQLSTATE " + state + ")");
    }

    private JdbcCounterSink registered() {
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();
        sink.register(registration());
        return sink;
    }

    private JdbcCounterSink.Builder builder(boolean ownPool) {
        PGSimpleDataSource dataSource = database.dataSource();
        return ownPool
                ? JdbcCounterSink.builder(database.jdbcUrl(), dataSource.getUser(), dataSource.getPassword())
                : JdbcCounterSink.builder(dataSource);
    }

    private void awaitTrue(String sql) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!database.query(sql).equals(java.util.List.of("t"))) {
            assertThat(System.nanoTime()).as(sql).isLessThan(deadline);
        }
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertRetriable(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String state) {
        return assertThatThrownBy(call)
                .isInstanceOf(RetriableSinkException.class)
                .hasMessageContaining("SQLSTATE " + state);
    }
}
