// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.QuarantinedException;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TcpProxy.Cut;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.QuarantinedEntry;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Totals that refuse an increment, alone and together with failures. */
class QuarantineFaultsIT {
    private static final long LARGEST_DELTA = 1L << 60;

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final TcpProxy proxy = TcpProxy.to(PostgresServer.shared());
    private JdbcCounterSink sink;
    private Run run;

    @BeforeEach
    void start() {
        sink = Faulty.sink(database, database.jdbcUrl(proxy)).build();
        run = new Run("quarantine", database, sink).traffic("");
        fill(run, "full", 1);
        fill(run, "full below", -1);
        run.flush();
        assertThat(Books.of(database).totals())
                .containsEntry("full", Long.MAX_VALUE)
                .containsEntry("full below", -Long.MAX_VALUE);
    }

    @AfterEach
    void close() {
        run.close();
        proxy.close();
        database.close();
    }

    /** Brings a total to the edge of its range. */
    static void fill(Run run, String key, int sign) {
        for (int i = 0; i < 7; i++) {
            run.add(key, sign * LARGEST_DELTA);
        }
        run.add(key, sign * (LARGEST_DELTA - 1));
    }

    @Test
    void aTotalThatOverflowsStopsNoOther() throws Exception {
        for (int i = 1; i <= 5; i++) {
            run.add("full", i);
            run.add("full below", -2 * i);
            run.flush();
            assertThat(run.stats().sinks().get(0).failing()).isFalse();
        }
        CompletableFuture<Void> full = run.cache().addAsync("full", 7).toCompletableFuture();
        CompletableFuture<Void> other = run.cache().addAsync("other", 7).toCompletableFuture();
        run.counted("full", 7);
        run.counted("other", 7);
        assertThatThrownBy(() -> full.get(Await.MAX.toSeconds(), TimeUnit.SECONDS))
                .hasCauseInstanceOf(QuarantinedException.class);
        other.get(Await.MAX.toSeconds(), TimeUnit.SECONDS);

        Books books = run.closeAndCompare();
        assertThat(books.held()).isEqualTo(Map.of("full", 22L, "full below", -30L));
        assertThat(run.stats().quarantined()).isEqualTo(-8);
        assertThat(run.heard().failures()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void anOverflowIsSetAsideOnceWhenTheReplyIsLost(Cut cut) throws Exception {
        for (int i = 1; i <= 5; i++) {
            int cuts = i;
            proxy.cutAtCommit(cut, 1, sql -> sql.contains("INTO everycount_quarantine"));
            CompletableFuture<Void> full = run.cache().addAsync("full", i).toCompletableFuture();
            run.counted("full", i);
            Await.until("cut " + i, () -> proxy.cutsAtCommit() == cuts);
            assertThatThrownBy(() -> full.get(Await.MAX.toSeconds(), TimeUnit.SECONDS))
                    .hasCauseInstanceOf(QuarantinedException.class);
        }
        Books books = run.closeAndCompare();
        assertThat(books.held()).isEqualTo(Map.of("full", 15L));
        assertThat(run.stats().quarantined()).isEqualTo(15);
        assertThat(run.heard().quarantined().stream().mapToLong(QuarantinedEntry::delta))
                .as("what the listener heard")
                .containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(run.heard().failures()).isGreaterThanOrEqualTo(5);
        if (cut == Cut.AFTER_COMMIT) {
            assertThat(run.heard().foundApplied()).isEqualTo(5);
        }
    }

    @Test
    void aReleasedQuarantineIsInTheTotalOnce() {
        run.add("full", 10);
        run.flush();
        // While the key is held, what would fit joins it.
        run.add("full", -30);
        run.flush();
        assertThat(Books.of(database).held()).isEqualTo(Map.of("full", -20L));
        int released = 0;
        for (int i = 0; i < 3; i++) {
            released += sink.quarantine().release("full");
        }
        assertThat(released).isEqualTo(2);
        run.add("full", 4);
        run.flush();
        Books books = run.closeAndCompareReleased();
        assertThat(books.held()).isEmpty();
        assertThat(books.totals()).containsEntry("full", Long.MAX_VALUE - 16);
        assertThat(database.query("SELECT delta, resolution FROM everycount_quarantine ORDER BY id"))
                .containsExactly("10|released", "-30|released");
    }
}
