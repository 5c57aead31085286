// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static io.everycount.jdbc.Fixture.INSTANCE;
import static io.everycount.jdbc.Fixture.OWNER;
import static io.everycount.jdbc.Fixture.batch;
import static io.everycount.jdbc.Fixture.mark;
import static io.everycount.jdbc.Fixture.registration;
import static io.everycount.jdbc.Fixture.stored;
import static io.everycount.jdbc.Fixture.total;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class JdbcCounterSinkIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private JdbcCounterSink sink;

    @BeforeEach
    void openSink() {
        sink = JdbcCounterSink.builder(database.dataSource()).build();
    }

    @AfterEach
    void dropDatabase() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        sink.close();
        database.close();
    }

    @Test
    void itSaysThatItIsExactlyOnce() {
        assertThat(sink.delivery()).isEqualTo(CounterSink.Delivery.EXACTLY_ONCE);
        assertThat(sink.name()).isEqualTo("postgres");
    }

    @Test
    void aNewInstanceStartsAtTheOrigin() {
        LedgerEntry entry = sink.register(registration());
        assertThat(entry.mark()).isEqualTo(Mark.ORIGIN);
        assertThat(entry.ownerToken()).isEqualTo(OWNER);
        assertThat(entry.storeId()).isEqualTo(sink.schema().check());
        assertThat(sink.ledger(INSTANCE)).contains(entry);
    }

    @Test
    void anInstanceThatNeverRegisteredHasNoLedgerEntry() {
        sink.register(registration());
        assertThat(sink.ledger(UUID.randomUUID())).isEmpty();
    }

    @Test
    void theNilUuidIsRefusedBecauseItsRowIsTheDatabaseId() {
        assertThatThrownBy(() -> sink.register(new Registration(new UUID(0, 0), OWNER, "nobody")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nil UUID");
    }

    @ParameterizedTest
    @EnumSource(Contention.class)
    void aBatchAddsItsDeltasAndMovesTheMark(Contention contention) {
        sink = JdbcCounterSink.builder(database.dataSource())
                .contention(contention)
                .build();
        sink.register(registration());
        assertThat(sink.write(batch(0, 1, Map.of("a", 1L, "b", 2L))).isApplied())
                .isTrue();
        assertThat(sink.write(batch(1, 4, Map.of("b", 40L, "c", -3L))).isApplied())
                .isTrue();
        assertThat(total(database, "a")).isEqualTo(1);
        assertThat(total(database, "b")).isEqualTo(42);
        assertThat(total(database, "c")).isEqualTo(-3);
        assertThat(stored(sink)).isEqualTo(mark(4));
    }

    @Test
    void anEmptyBatchStillMovesTheMark() {
        sink.register(registration());
        assertThat(sink.write(batch(0, 3, Map.of())).isApplied()).isTrue();
        assertThat(stored(sink)).isEqualTo(mark(3));
    }

    @Test
    void aBatchThatIsWrittenTwiceCountsOnce() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 5L)));
        assertThat(sink.write(batch(0, 1, Map.of("a", 5L))).isApplied()).isFalse();
        assertThat(total(database, "a")).isEqualTo(5);
    }

    @Test
    void aBatchOfAFormerOwnerIsRefused() {
        sink.register(registration());
        UUID successor = UUID.randomUUID();
        assertThat(sink.register(new Registration(INSTANCE, successor, "successor"))
                        .ownerToken())
                .isEqualTo(successor);
        assertThat(sink.write(batch(0, 1, Map.of("a", 5L))).isApplied()).isFalse();
        assertThat(total(database, "a")).isZero();
    }

    @Test
    void aBatchOfAnotherHistoryIsRefused() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 5L)));
        var foreign = batch(INSTANCE, OWNER, new Mark(1, 666), mark(2), Map.of("a", 5L));
        assertThat(sink.write(foreign).isApplied()).isFalse();
        assertThat(total(database, "a")).isEqualTo(5);
    }

    @Test
    void aBatchAheadOfARewoundLedgerIsRefused() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 5L)));
        database.execute("UPDATE everycount_instance SET last_record = 0, last_digest = 0 WHERE last_record = 1");
        assertThat(sink.write(batch(1, 2, Map.of("a", 5L))).isApplied()).isFalse();
        assertThat(stored(sink)).isEqualTo(Mark.ORIGIN);
    }

    @Test
    void aBatchOfAnUnknownInstanceIsRefused() {
        sink.register(registration());
        var unknown = batch(UUID.randomUUID(), OWNER, Mark.ORIGIN, mark(1), Map.of("a", 5L));
        assertThat(sink.write(unknown).isApplied()).isFalse();
        assertThat(total(database, "a")).isZero();
    }

    @Test
    void registeringAgainKeepsTheMark() {
        sink.register(registration());
        sink.write(batch(0, 7, Map.of("a", 5L)));
        assertThat(sink.register(registration()).mark()).isEqualTo(mark(7));
    }

    @Test
    void aDeclaredGapIsWrittenDownAndMovesTheMark() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 5L)));
        assertThat(sink.declareGap(new Gap(INSTANCE, OWNER, mark(1), mark(9), 77))
                        .isApplied())
                .isTrue();
        assertThat(stored(sink)).isEqualTo(mark(9));
        assertThat(database.query("SELECT from_record, to_record, delta_sum FROM everycount_gap"))
                .containsExactly("1|9|77");
        assertThat(sink.declareGap(new Gap(INSTANCE, OWNER, mark(1), mark(9), 77))
                        .isApplied())
                .isFalse();
        assertThat(database.number("SELECT count(*) FROM everycount_gap")).isEqualTo(1);
    }

    @Test
    void keysOfAnyCharactersAndOfTheGreatestLengthAreStoredAsTheyAre() {
        sink.register(registration());
        Map<String, Long> deltas = new HashMap<>();
        for (String key : List.of(
                "{\"a\",NULL}",
                "NULL",
                "",
                "'; DROP TABLE x; --",
                "back\\slash",
                "%_",
                "\u0001",
                "é",
                "\uD83D\uDE00",
                "\uFFFF",
                " ",
                "x".repeat(1024),
                "\uD83D\uDE00".repeat(256))) {
            if (!key.isEmpty()) {
                deltas.put(key, (long) key.length());
            }
        }
        assertThat(sink.write(batch(0, 1, deltas)).quarantined()).isEmpty();
        Totals totals = sink.totals().get(deltas.keySet());
        assertThat(totals.entries()).hasSize(deltas.size());
        deltas.forEach((key, delta) -> assertThat(totals.value(key)).isEqualTo(delta));
    }

    @Test
    @Tag(PostgresServer.OWN_SERVER)
    void aBatchIsOneStatementInTheServersLog() {
        database.logStatements();
        sink = pooled(true, null).build();
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        for (long record = 1; record < 12; record++) {
            long from = record;
            List<String> statements =
                    database.statementsOf(() -> sink.write(batch(from, from + 1, Map.of("a", 1L, "b", 2L))));
            assertThat(statements).singleElement().asString().contains("INSERT INTO everycount_counter");
        }
        assertThat(total(database, "b")).isEqualTo(22);
    }

    @Test
    @Tag(PostgresServer.OWN_SERVER)
    void throughAPoolWithoutAutocommitABatchIsStillOneStatementAndThePoolKeepsItsDefault() throws Exception {
        database.logStatements();
        JdbcCounterSink.Builder builder = pooled(false, null);
        sink = builder.build();
        sink.register(registration());
        assertThat(database.statementsOf(() -> sink.write(batch(0, 1, Map.of("a", 1L)))))
                .hasSize(1);
        assertThat(total(database, "a")).isEqualTo(1);
        assertThat(stored(sink)).isEqualTo(mark(1));
        try (Connection connection = ((HikariDataSource) opened.get(0)).getConnection()) {
            assertThat(connection.getAutoCommit()).isFalse();
            assertThat(connection.getNetworkTimeout()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TRANSACTION_REPEATABLE_READ", "TRANSACTION_SERIALIZABLE"})
    void aPoolWithAStricterIsolationNeverSeesASerializationFailure(String isolation) throws Exception {
        sink = pooled(true, isolation).build();
        sink.register(registration());
        writeFromFourInstancesAtOnce(sink, 25);
        assertThat(total(database, "k7")).isEqualTo(4 * 25);
        try (Connection connection = ((HikariDataSource) opened.get(0)).getConnection()) {
            assertThat(connection.getTransactionIsolation())
                    .isEqualTo(
                            isolation.endsWith("READ")
                                    ? Connection.TRANSACTION_REPEATABLE_READ
                                    : Connection.TRANSACTION_SERIALIZABLE);
        }
    }

    @Test
    void aRoleWithAStricterIsolationByDefaultIsServedToo() throws Exception {
        database.execute(
                "ALTER DATABASE " + database.name() + " SET default_transaction_isolation = 'repeatable read'");
        sink.register(registration());
        writeFromFourInstancesAtOnce(sink, 10);
        assertThat(total(database, "k7")).isEqualTo(4 * 10);
    }

    @ParameterizedTest
    @EnumSource(Contention.class)
    void severalInstancesOnTheSameKeysAddUp(Contention contention) throws Exception {
        sink = JdbcCounterSink.builder(database.jdbcUrl(), user(), password())
                .contention(contention)
                .build();
        sink.register(registration());
        writeFromFourInstancesAtOnce(sink, 50);
        assertThat(database.number("SELECT sum(value)::bigint FROM everycount_counter"))
                .isEqualTo(4 * 50 * 100);
    }

    @Test
    void aPoolThatTheSinkBuiltTellsHowItIsUsedAndAForeignOneDoesNot() throws Exception {
        sink = JdbcCounterSink.builder(pool(true, null, 1)).build();
        assertThat(sink.poolUse()).isEmpty();
        try (JdbcCounterSink own = JdbcCounterSink.builder(
                        database.jdbcUrl(),
                        database.server().user(),
                        database.server().password())
                .build()) {
            own.register(registration());
            PoolUse use = own.poolUse().orElseThrow();
            assertThat(use.active()).isZero();
            assertThat(use.idle()).isBetween(1, use.max());
            assertThat(use.waiting()).isZero();
        }
    }

    @Test
    void theModeForPgBouncerLeavesNothingBehindInTheSession() throws Exception {
        HikariDataSource pool = pool(true, null, 1);
        sink = JdbcCounterSink.builder(pool)
                .pgBouncer(true)
                .synchronousCommit(false)
                .build();
        sink.register(registration());
        for (long record = 0; record < 12; record++) {
            sink.write(batch(record, record + 1, Map.of("a", 1L)));
        }
        assertThat(total(database, "a")).isEqualTo(12);
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT current_setting('statement_timeout'),"
                        + " current_setting('lock_timeout'), current_setting('synchronous_commit'),"
                        + " (SELECT count(*) FROM pg_prepared_statements)")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo("0");
            assertThat(row.getString(2)).isEqualTo("0");
            assertThat(row.getString(3)).isEqualTo("on");
            assertThat(row.getLong(4)).isZero();
        }
    }

    @Test
    void aWriteLeavesNothingBehindInTheSession() throws Exception {
        HikariDataSource pool = pool(true, null, 1);
        sink = JdbcCounterSink.builder(pool).synchronousCommit(false).build();
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery(
                        "SELECT current_setting('lock_timeout'), current_setting('synchronous_commit')")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo("0");
            assertThat(row.getString(2)).isEqualTo("on");
        }
    }

    @Test
    void aCommitWaitsForTheDiskEvenWhereTheDatabaseHasThatTurnedOff() {
        database.execute("ALTER DATABASE " + database.name() + " SET synchronous_commit = 'off'");
        sink.register(registration());
        database.execute("ALTER TABLE everycount_counter ADD COLUMN setting text"
                + " DEFAULT current_setting('synchronous_commit')");
        sink.write(batch(0, 1, Map.of("a", 1L)));
        assertThat(database.query("SELECT setting FROM everycount_counter")).containsExactly("on");
    }

    @Test
    void closingTheSinkClosesThePoolThatItBuilt() {
        sink = JdbcCounterSink.builder(database.jdbcUrl(), user(), password()).build();
        sink.register(registration());
        sink.close();
        assertThat(database.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'everycount'"
                        + " AND datname = current_database()"))
                .isLessThanOrEqualTo(1);
    }

    private void writeFromFourInstancesAtOnce(JdbcCounterSink shared, int batches) throws Exception {
        Map<String, Long> deltas = new HashMap<>();
        for (int i = 0; i < 100; i++) {
            deltas.put("k" + i, 1L);
        }
        List<Callable<Void>> writers = new ArrayList<>();
        for (int w = 0; w < 4; w++) {
            UUID instance = UUID.randomUUID();
            writers.add(() -> {
                shared.register(new Registration(instance, OWNER, "a writer"));
                for (long record = 0; record < batches; record++) {
                    var batch = batch(instance, OWNER, mark(record), mark(record + 1), deltas);
                    assertThat(shared.write(batch).isApplied()).isTrue();
                }
                return null;
            });
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (Future<Void> writer : threads.invokeAll(writers)) {
                writer.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    private JdbcCounterSink.Builder pooled(boolean autocommit, String isolation) {
        return JdbcCounterSink.builder(pool(autocommit, isolation, 4));
    }

    private HikariDataSource pool(boolean autocommit, String isolation, int connections) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setAutoCommit(autocommit);
        config.setMaximumPoolSize(connections);
        if (isolation != null) {
            config.setTransactionIsolation(isolation);
        }
        HikariDataSource pool = new HikariDataSource(config);
        opened.add(pool);
        return pool;
    }

    private String user() {
        return database.dataSource().getUser();
    }

    private String password() {
        return database.dataSource().getPassword();
    }
}
