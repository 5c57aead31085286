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
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TcpProxy.Cut;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes whose reply is lost, and what the ledger says then. */
class UnknownOutcomeIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final TcpProxy proxy = TcpProxy.to(PostgresServer.shared());
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        proxy.close();
        database.close();
    }

    static List<Arguments> cuts() {
        List<Arguments> all = new ArrayList<>();
        for (Contention contention : Contention.values()) {
            for (boolean pgBouncer : new boolean[] {false, true}) {
                for (boolean ownPool : new boolean[] {false, true}) {
                    for (Cut cut : Cut.values()) {
                        all.add(Arguments.of(cut, contention, pgBouncer, ownPool));
                    }
                }
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("cuts")
    void theLedgerTellsWhetherAWriteWithoutReplyWasApplied(
            Cut cut, Contention contention, boolean pgBouncer, boolean ownPool) {
        JdbcCounterSink sink = open(builder(ownPool).contention(contention).pgBouncer(pgBouncer));
        sink.register(registration());
        for (int record = 0; record < 8; record++) {
            sink.write(batch(record, record + 1, Map.of("a", 1L)));
        }
        proxy.cutAtCommit(cut, 1, sql -> sql.contains("INTO everycount_counter"));
        assertThatThrownBy(() -> sink.write(batch(8, 9, Map.of("a", 1L)))).isInstanceOf(RetriableSinkException.class);
        assertThat(proxy.cutsAtCommit()).isEqualTo(1);
        Mark mark = stored(sink);
        switch (cut) {
            case BEFORE_COMMIT -> assertThat(mark).isEqualTo(mark(8));
            case AFTER_COMMIT -> assertThat(mark).isEqualTo(mark(9));
            default -> assertThat(mark).isIn(mark(8), mark(9));
        }
        // A server that had not begun the write yet can still do so: then this is refused, and the ledger knows.
        if (!sink.write(upTo20(mark)).isApplied()) {
            assertThat(cut).isEqualTo(Cut.DURING_COMMIT);
            assertThat(stored(sink)).isEqualTo(mark(9));
            assertThat(sink.write(upTo20(mark(9))).isApplied()).isTrue();
        }
        assertThat(total(database, "a")).isEqualTo(19);
    }

    /** Records of 1 each up to the ninth, and one of 10. */
    private static CounterBatch upTo20(Mark from) {
        return batch(from.record(), 20, Map.of("a", 19 - from.record()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"BEFORE_COMMIT", "AFTER_COMMIT"})
    void aQuarantineWithoutReplyCanBeReadAfterwards(Cut cut) {
        JdbcCounterSink sink = open(builder(false));
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("full", Long.MAX_VALUE)));
        proxy.cutAtCommit(cut, 1, sql -> sql.contains("INTO everycount_quarantine"));
        assertThatThrownBy(() -> sink.write(batch(1, 2, Map.of("a", 1L, "full", 1L))))
                .isInstanceOf(RetriableSinkException.class);
        boolean committed = cut == Cut.AFTER_COMMIT;
        assertThat(stored(sink)).isEqualTo(mark(committed ? 2 : 1));
        assertThat(sink.quarantined(INSTANCE, 1, 2)).hasSize(committed ? 1 : 0);
        assertThat(total(database, "a")).isEqualTo(committed ? 1 : 0);
    }

    @Test
    void aFrozenNetworkIsNoticedAfterTheSocketTimeout() {
        JdbcCounterSink sink = open(builder(true)
                .lockTimeout(Duration.ofMillis(300))
                .statementTimeout(Duration.ofMillis(500))
                .socketTimeout(Duration.ofSeconds(1))
                .connectTimeout(Duration.ofSeconds(1)));
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        proxy.freeze(true);
        assertThatThrownBy(() -> sink.write(batch(1, 2, Map.of("a", 1L)))).isInstanceOf(RetriableSinkException.class);
        assertThatThrownBy(() -> sink.ledger(INSTANCE)).isInstanceOf(RetriableSinkException.class);
        proxy.freeze(false);
        long mark = stored(sink).record();
        assertThat(total(database, "a")).isEqualTo(mark);
    }

    @Test
    void aRefusedConnectionIsRetriableAndTheNextOneWorks() {
        JdbcCounterSink sink = open(builder(true).connectTimeout(Duration.ofMillis(500)));
        sink.register(registration());
        proxy.refuse(true);
        proxy.cutNow();
        assertThatThrownBy(() -> sink.write(batch(0, 1, Map.of("a", 1L)))).isInstanceOf(RetriableSinkException.class);
        proxy.refuse(false);
        assertThat(stored(sink)).isEqualTo(Mark.ORIGIN);
        assertThat(sink.write(batch(0, 1, Map.of("a", 1L))).isApplied()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void readingTheLedgerAndRegisteringWaitForAWriteThatIsStillUnderWay(boolean register) throws Exception {
        JdbcCounterSink sink = open(builder(false));
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Connection blocker = database.dataSource().getConnection();
                Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute("SELECT FROM everycount_counter WHERE key = 'a' FOR UPDATE");
            Future<?> write = threads.submit(() -> sink.write(batch(1, 2, Map.of("a", 1L))));
            awaitWaiting(1);
            Future<Mark> read = threads.submit(() -> register
                    ? sink.register(new Registration(INSTANCE, UUID.randomUUID(), "next"))
                            .mark()
                    : stored(sink));
            awaitWaiting(2);
            blocker.rollback();
            assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(mark(2));
            write.get(20, TimeUnit.SECONDS);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aLateCopyOfAWriteWaitsForTheFirstOneAndThenChangesNothing() throws Exception {
        JdbcCounterSink sink = open(builder(false).contention(Contention.SORTED));
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 1L)));
        CounterBatch batch = batch(1, 2, Map.of("a", 1L));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Connection blocker = database.dataSource().getConnection();
                Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute("SELECT FROM everycount_counter WHERE key = 'a' FOR UPDATE");
            Future<Boolean> first = threads.submit(() -> sink.write(batch).isApplied());
            awaitWaiting(1);
            Future<Boolean> second = threads.submit(() -> sink.write(batch).isApplied());
            awaitWaiting(2);
            blocker.rollback();
            assertThat(List.of(first.get(20, TimeUnit.SECONDS), second.get(20, TimeUnit.SECONDS)))
                    .containsExactlyInAnyOrder(true, false);
        } finally {
            threads.shutdown();
        }
        assertThat(total(database, "a")).isEqualTo(2);
    }

    @Test
    @Tag(PostgresServer.OWN_SERVER)
    void aKilledServerHasWhatItConfirmedAndAnOlderCopyShowsInTheLedger() throws Exception {
        java.nio.file.Path copies = java.nio.file.Files.createTempDirectory("everycount-copy");
        try (PostgresServer server = PostgresServer.builder().start();
                TestDatabase own = server.newDatabase()) {
            JdbcCounterSink sink = open(JdbcCounterSink.builder(
                            own.jdbcUrl(),
                            own.dataSource().getUser(),
                            own.dataSource().getPassword())
                    .connectTimeout(Duration.ofSeconds(1)));
            UUID store = sink.register(registration()).storeId();
            sink.write(batch(0, 1, Map.of("a", 1L)));
            server.kill9();
            assertThat(server.isRunning()).isFalse();
            assertThatThrownBy(() -> sink.write(batch(1, 2, Map.of("a", 1L))))
                    .isInstanceOf(RetriableSinkException.class);
            server.start();
            assertThat(ledgerAfterRestart(sink).mark()).isEqualTo(mark(1));
            server.stop(PostgresServer.Shutdown.FAST);
            server.copyTo(copies.resolve("old"));
            server.start();
            ledgerAfterRestart(sink);
            assertThat(sink.write(batch(1, 2, Map.of("a", 1L))).isApplied()).isTrue();
            server.stop(PostgresServer.Shutdown.IMMEDIATE);
            server.restoreFrom(copies.resolve("old"));
            server.start();
            assertThat(ledgerAfterRestart(sink)).isEqualTo(new LedgerEntry(store, OWNER, mark(1)));
            assertThat(sink.write(batch(2, 3, Map.of("a", 1L))).isApplied()).isFalse();
            assertThat(sink.write(batch(1, 3, Map.of("a", 2L))).isApplied()).isTrue();
            assertThat(total(own, "a")).isEqualTo(3);
        }
    }

    /** The pool may hand out connections to the server that was, one for each, before it notices. */
    private static LedgerEntry ledgerAfterRestart(JdbcCounterSink sink) {
        for (int attempt = 0; attempt < 4; attempt++) {
            try {
                return sink.ledger(INSTANCE).orElseThrow();
            } catch (RetriableSinkException e) {
                // The caller's next attempt, by contract.
            }
        }
        return sink.ledger(INSTANCE).orElseThrow();
    }

    private JdbcCounterSink.Builder builder(boolean ownPool) {
        var dataSource = database.dataSource(proxy);
        return ownPool
                ? JdbcCounterSink.builder(database.jdbcUrl(proxy), dataSource.getUser(), dataSource.getPassword())
                : JdbcCounterSink.builder(dataSource);
    }

    private JdbcCounterSink open(JdbcCounterSink.Builder builder) {
        JdbcCounterSink sink = builder.build();
        opened.add(sink);
        return sink;
    }

    private void awaitWaiting(int backends) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        + " AND wait_event_type = 'Lock'")
                < backends) {
            assertThat(System.nanoTime()).as("backends that wait").isLessThan(deadline);
        }
    }
}
