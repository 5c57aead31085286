// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static io.everycount.jdbc.Fixture.INSTANCE;
import static io.everycount.jdbc.Fixture.batch;
import static io.everycount.jdbc.Fixture.registration;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.FatalSinkException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

class CounterSchemaIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final CounterSchema schema = CounterSchema.of(database.dataSource(), "everycount_");

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @Test
    void applyingTwiceKeepsTheDatabaseId() {
        schema.apply();
        UUID id = schema.check();
        schema.apply();
        assertThat(schema.check()).isEqualTo(id);
    }

    @Test
    void thePrintedSqlCreatesWhatApplyCreatesAndCanBeRunAgain() {
        database.execute(schema.sql());
        UUID id = schema.check();
        database.execute(schema.sql());
        schema.apply();
        assertThat(schema.check()).isEqualTo(id);
    }

    @Test
    void tenInstancesThatStartAtOnceCreateOneSchema() throws Exception {
        CyclicBarrier start = new CyclicBarrier(10);
        List<Callable<UUID>> instances = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            instances.add(() -> {
                CounterSchema own = CounterSchema.of(database.dataSource(), "everycount_");
                start.await();
                own.apply();
                return own.check();
            });
        }
        ExecutorService threads = Executors.newFixedThreadPool(10);
        try {
            List<UUID> ids = new ArrayList<>();
            for (Future<UUID> instance : threads.invokeAll(instances)) {
                ids.add(instance.get());
            }
            assertThat(ids).containsOnly(schema.check());
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void twoPrefixesInOneDatabaseAreTwoStores() {
        schema.apply();
        CounterSchema other = CounterSchema.of(database.dataSource(), "other_");
        other.apply();
        assertThat(other.check()).isNotEqualTo(schema.check());
    }

    @Test
    void aPrefixMayNameASchema() {
        database.execute("CREATE SCHEMA metering");
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource())
                .tablePrefix("metering.c_")
                .build();
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        assertThat(database.query("SELECT key, value FROM metering.c_counter")).containsExactly("a|1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1x", "a b", "x;DROP", "A", "a.b.c", "a\"b", "é", "."})
    void aPrefixThatIsNoIdentifierIsRefused(String prefix) {
        assertThatThrownBy(() -> CounterSchema.of(database.dataSource(), prefix))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("table prefix '" + prefix + "'");
    }

    @Test
    void aRoleThatMayNotCreateTablesWorksOnceTheTablesAreThere() {
        database.execute("CREATE ROLE r_" + database.name() + " LOGIN PASSWORD 'limited';"
                + "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        try {
            JdbcCounterSink sink =
                    JdbcCounterSink.builder(limited("r_" + database.name())).build();
            assertThatThrownBy(() -> sink.register(registration()))
                    .isInstanceOf(FatalSinkException.class)
                    .hasMessageContaining("42501")
                    .hasMessageContaining("it needs CREATE on their schema");
            schema.apply();
            assertThatThrownBy(() -> sink.register(registration()))
                    .isInstanceOf(FatalSinkException.class)
                    .hasMessageContaining("Grant this user SELECT, INSERT and UPDATE on everycount_counter");
            database.execute("GRANT SELECT, INSERT, UPDATE ON everycount_counter, everycount_instance,"
                    + " everycount_quarantine, everycount_gap TO r_" + database.name()
                    + "; GRANT SELECT ON everycount_schema TO r_" + database.name());
            sink.register(registration());
            assertThat(sink.write(batch(0, 1, Map.of("a", Long.MAX_VALUE))).isApplied())
                    .isTrue();
            assertThat(sink.write(batch(1, 2, Map.of("a", 1L))).quarantined()).hasSize(1);
            assertThat(sink.quarantine().discard("a")).isEqualTo(1);
        } finally {
            database.execute("DROP OWNED BY r_" + database.name() + "; DROP ROLE r_" + database.name());
        }
    }

    @Test
    void missingTablesAreReportedWithWhatToRun() {
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource())
                .createSchema(false)
                .build();
        assertThatThrownBy(() -> sink.register(registration()))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("42P01")
                .hasMessageContaining("CounterSchema.apply()");
        assertThatThrownBy(schema::check).isInstanceOf(FatalSinkException.class).hasMessageContaining("42P01");
    }

    @Test
    void newerTablesThatAreStillCompatibleAreUsed() {
        schema.apply();
        database.execute("UPDATE everycount_schema SET version = 7, compatible_from = 1");
        assertThatCode(schema::check).doesNotThrowAnyException();
    }

    @Test
    void newerTablesThatAreNotCompatibleAreRefused() {
        schema.apply();
        database.execute("UPDATE everycount_schema SET version = 7, compatible_from = 3");
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();
        assertThatThrownBy(() -> sink.register(registration()))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("have version 7, and this library knows version 2: update the library");
        assertThat(database.number("SELECT count(*) FROM everycount_instance")).isEqualTo(1);
    }

    @Test
    void totalsRestoredWithoutTheirLedgerAreRefused() {
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        database.execute("TRUNCATE everycount_instance");
        assertThat(sink.write(batch(1, 2, Map.of("a", 1L))).isApplied()).isFalse();
        assertThatThrownBy(() -> sink.ledger(INSTANCE))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("do not belong together");
        JdbcCounterSink restarted =
                JdbcCounterSink.builder(database.dataSource()).build();
        assertThatThrownBy(() -> restarted.register(registration())).isInstanceOf(FatalSinkException.class);
        assertThat(database.number("SELECT count(*) FROM everycount_instance")).isZero();
    }

    @Test
    void aMissingLedgerTableIsNotQuietlyCreatedAgain() {
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();
        sink.register(registration());
        database.execute("DROP TABLE everycount_instance");
        JdbcCounterSink restarted =
                JdbcCounterSink.builder(database.dataSource()).build();
        assertThatThrownBy(() -> restarted.register(registration()))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("everycount_instance");
    }

    @Test
    void aLedgerOfAnotherDatabaseIsRefused() {
        schema.apply();
        database.execute("UPDATE everycount_instance SET owner = gen_random_uuid()");
        assertThatThrownBy(schema::check)
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("do not belong together");
    }

    @Test
    void aClearedSchemaTableIsRefused() {
        schema.apply();
        database.execute("DELETE FROM everycount_schema");
        assertThatThrownBy(schema::check)
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("everycount_schema is empty");
    }

    @Test
    void aDatabaseOfAnotherEncodingIsRefused() {
        try (TestDatabase latin = database.server().newDatabase("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")) {
            assertThatThrownBy(() ->
                            CounterSchema.of(latin.dataSource(), "everycount_").apply())
                    .isInstanceOf(FatalSinkException.class)
                    .hasMessageContaining("ENCODING 'UTF8'");
        }
    }

    private PGSimpleDataSource limited(String role) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(database.jdbcUrl());
        dataSource.setUser(role);
        dataSource.setPassword("limited");
        return dataSource;
    }
}
