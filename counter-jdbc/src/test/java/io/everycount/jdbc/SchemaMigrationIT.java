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

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.FatalSinkException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Tables of version 1, as the library of that time made them, in the hands of this one. */
class SchemaMigrationIT {
    /** The statements that a flush of version 1 is made of, with its guard. */
    private static final String MOVE_1 = """
            WITH guard AS (
                UPDATE everycount_instance SET last_record = %d, last_digest = %d, updated_at = now()
                WHERE instance_id = '%s' AND owner = '%s' AND last_record = %d AND last_digest = %d
                RETURNING 1
            ), applied AS (
                INSERT INTO everycount_counter AS c (key, value, updated_at)
                SELECT 'a', 5, now() WHERE EXISTS (SELECT FROM guard)
                ON CONFLICT (key) DO UPDATE SET value = c.value + excluded.value, updated_at = excluded.updated_at
            )
            SELECT count(*) FROM guard""";

    private static final String REGISTER_1 = """
            INSERT INTO everycount_instance AS l
                (instance_id, owner, last_record, last_digest, description, registered_at)
            SELECT '%s', '%s', 0, 0, 'of version 1', now()
            ON CONFLICT (instance_id) DO UPDATE
            SET owner = excluded.owner, description = excluded.description, registered_at = now()
            RETURNING last_record""";

    /** Whether a library of version 1 takes the tables for its own. */
    private static final String KNOWN_TO_1 = "SELECT version >= 1 AND compatible_from <= 1 FROM everycount_schema";

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final CounterSchema schema = CounterSchema.of(database.dataSource(), "everycount_");

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    private void createVersion1() {
        try (InputStream in = SchemaMigrationIT.class.getResourceAsStream("schema-1.sql")) {
            database.execute(new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("{p}", "everycount_")
                    .replace("{n}", "everycount_"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        registerAsVersion1();
        assertThat(moveAsVersion1(0, 1)).isEqualTo(1);
        assertThat(total(database, "a")).isEqualTo(5);
    }

    private void registerAsVersion1() {
        database.query(REGISTER_1.formatted(INSTANCE, OWNER));
    }

    private long moveAsVersion1(long from, long to) {
        return database.number(MOVE_1.formatted(
                mark(to).record(),
                mark(to).digest(),
                INSTANCE,
                OWNER,
                mark(from).record(),
                mark(from).digest()));
    }

    @Test
    void theFirstInstanceOfVersion2ChangesTheTablesAndGoesOnWithWhatIsThere() {
        createVersion1();
        String databaseId =
                database.query("SELECT database_id FROM everycount_schema").get(0);
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();

        assertThat(sink.register(registration()).mark()).isEqualTo(mark(1));

        assertThat(schema.check()).hasToString(databaseId);
        assertThat(database.query("SELECT version, compatible_from FROM everycount_schema"))
                .containsExactly("2|1");
        assertThat(sink.write(batch(1, 2, Map.of("a", 2L))).isApplied()).isTrue();
        assertThat(total(database, "a")).isEqualTo(7);
    }

    @Test
    void aProcessOfVersion1GoesOnWithTheTablesOfVersion2() {
        createVersion1();
        schema.apply();
        assertThat(database.query(KNOWN_TO_1)).containsExactly("t");

        assertThat(moveAsVersion1(1, 2)).isEqualTo(1);
        assertThat(moveAsVersion1(1, 2)).as("its guard still holds").isZero();
        registerAsVersion1();
        assertThat(moveAsVersion1(2, 3)).isEqualTo(1);

        assertThat(total(database, "a")).isEqualTo(15);
        Instance old = CounterTotals.of(database.dataSource(), "everycount_")
                .instances(10)
                .entries()
                .get(0);
        assertThat(old.lastRecord()).isEqualTo(3);
        assertThat(old.version()).isNull();
        assertThat(old.report()).isNull();
    }

    @Test
    void thePrintedSqlChangesThemToo() {
        createVersion1();
        database.execute(schema.sql());
        database.execute(schema.sql());
        schema.check();
        assertThat(total(database, "a")).isEqualTo(5);
    }

    @Test
    void tenInstancesThatStartAtOnceChangeThemOnce() throws Exception {
        createVersion1();
        CyclicBarrier start = new CyclicBarrier(10);
        List<Callable<Boolean>> instances = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            instances.add(() -> {
                CounterSchema own = CounterSchema.of(database.dataSource(), "everycount_");
                start.await();
                own.apply();
                return own.isOld();
            });
        }
        ExecutorService threads = Executors.newFixedThreadPool(10);
        try {
            for (Future<Boolean> old : threads.invokeAll(instances)) {
                assertThat(old.get()).isFalse();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aFlushUnderWayThatNeedsTheAdvisoryLockAndTheChangeDoNotWaitForEachOther() throws Exception {
        createVersion1();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection flush = database.dataSource().getConnection();
                Statement statement = flush.createStatement()) {
            flush.setAutoCommit(false);
            // As a flush that puts entries into quarantine does: the guard, then the lock.
            statement.execute("UPDATE everycount_instance SET last_record = 2 WHERE instance_id = '" + INSTANCE + "'");
            Future<?> change = thread.submit(schema::apply);
            while (database.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation ="
                            + " 'everycount_instance'::regclass")
                    == 0) {
                assertThat(change).isNotDone();
            }
            statement.execute(new Sql("everycount_", Waits.DEFAULT, true).lock);
            flush.commit();
            change.get();
        } finally {
            thread.shutdown();
        }
        assertThat(schema.isOld()).isFalse();
        assertThat(database.query("SELECT last_record FROM everycount_instance WHERE instance_id = '" + INSTANCE + "'"))
                .containsExactly("2");
    }

    @Test
    void flushesGoOnWhileTheChangeWaitsForSomebodyWhoReadsForLong() throws Exception {
        createVersion1();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Connection dump = database.dataSource().getConnection();
                Statement statement = dump.createStatement()) {
            dump.setAutoCommit(false);
            statement.execute("SELECT FROM everycount_instance");
            Future<?> change = thread.submit(schema::apply);
            while (database.number("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation ="
                            + " 'everycount_instance'::regclass")
                    == 0) {
                assertThat(change).isNotDone();
            }
            assertThat(moveAsVersion1(1, 2)).isEqualTo(1);
            assertThat(change).isNotDone();
            dump.commit();
            change.get();
        } finally {
            thread.shutdown();
        }
        assertThat(schema.isOld()).isFalse();
    }

    @Test
    void aDatabaseThatWentBackToVersion1IsChangedAgainWhileTheProcessRuns() {
        createVersion1();
        JdbcCounterSink sink = JdbcCounterSink.builder(database.dataSource()).build();
        sink.register(registration());
        database.execute("ALTER TABLE everycount_instance DROP COLUMN version, DROP COLUMN accepted,"
                + " DROP COLUMN pending, DROP COLUMN freshness_ms, DROP COLUMN seen_at;"
                + "UPDATE everycount_schema SET version = 1");
        assertThatThrownBy(() -> sink.write(batch(1, 2, Map.of("a", 2L)))).isInstanceOf(FatalSinkException.class);
        assertThatThrownBy(() -> sink.ledger(INSTANCE)).isInstanceOf(FatalSinkException.class);
        assertThat(stored(sink)).isEqualTo(mark(1));
        assertThat(sink.write(batch(1, 2, Map.of("a", 2L))).isApplied()).isTrue();
        assertThat(total(database, "a")).isEqualTo(7);
    }

    @Test
    void whoMayNotChangeThemIsToldWhatToDo() {
        createVersion1();
        assertThatThrownBy(schema::check)
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("have version 1, and this library needs version 2: run what CounterSchema.sql()");
        JdbcCounterSink passive = JdbcCounterSink.builder(database.dataSource())
                .createSchema(false)
                .build();
        assertThatThrownBy(() -> passive.register(registration()))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("needs version 2");

        String role = "r_" + database.name();
        database.execute("CREATE ROLE " + role + " LOGIN PASSWORD 'limited';"
                + "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO " + role);
        try {
            PGSimpleDataSource limited = new PGSimpleDataSource();
            limited.setUrl(database.jdbcUrl());
            limited.setUser(role);
            limited.setPassword("limited");
            JdbcCounterSink sink = JdbcCounterSink.builder(limited).build();
            assertThatThrownBy(() -> sink.register(registration()))
                    .isInstanceOf(FatalSinkException.class)
                    .hasMessageContaining("could not change the tables everycount_* from version 1 to 2")
                    .hasMessageContaining("their owner runs what CounterSchema.sql() prints");
            assertThat(database.query(KNOWN_TO_1)).containsExactly("t");
            database.execute(schema.sql());
            assertThat(sink.register(registration()).mark()).isEqualTo(mark(1));
        } finally {
            database.execute("DROP OWNED BY " + role + "; DROP ROLE " + role);
        }
    }
}
