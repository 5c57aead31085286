// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterStats;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.PostgresServer.Shutdown;
import io.everycount.jdbc.testing.TestDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The database goes back in time: a cold copy of its files takes the place of what it has become since. */
@Tag(PostgresServer.OWN_SERVER)
class RewindFaultsIT {
    private final PostgresServer server = Faulty.server();
    private final TestDatabase database = server.newDatabase();
    private Run run;

    @TempDir
    private Path directory;

    private Path copy;

    @BeforeEach
    void nameCopy() {
        copy = directory.resolve("copy");
    }

    @AfterEach
    void close() {
        Faulty.server();
        run.close();
        database.close();
    }

    private void copy() {
        server.stop(Shutdown.FAST);
        server.copyTo(copy);
        server.start();
    }

    private void restore() {
        server.stop(Shutdown.IMMEDIATE);
        server.restoreFrom(copy);
        server.start();
    }

    private void awaitWrites(int more) {
        int writes = run.heard().writes();
        Await.until("writes", () -> run.heard().writes() >= writes + more);
    }

    private void awaitRewinds(int number) {
        Await.until(
                () -> number + " rewinds; " + run.heard() + "; " + run.stats(),
                () -> run.heard().rewinds() == number);
    }

    @Test
    void everyCountArrivesOnceWhenTheDatabaseGoesBackInTimeUnderTraffic() {
        run = new Run("rewind under traffic", database, Faulty.sink(database).build()).traffic("");
        run.flush();
        copy();
        for (int i = 1; i <= 3; i++) {
            run.flush();
            awaitWrites(5 + run.random().nextInt(10));
            restore();
            awaitRewinds(i);
            run.flush();
        }
        run.closeAndCompare();
        assertThat(run.stats().sinks().get(0).rewinds()).isEqualTo(3);
    }

    @Test
    void everyCountArrivesOnceWhenTheDatabaseGoesBackToBeforeTheInstanceWasRegistered() {
        try (Run before = new Run("before", database, Faulty.sink(database).build())) {
            before.add("key-1", 5);
            before.closeCompletely();
            copy();
            run = new Run(
                            "rewind to before registration",
                            database,
                            Faulty.sink(database).build())
                    .traffic("");
            run.counted("key-1", 5);
            run.flush();
            awaitWrites(10);
            restore();
            awaitRewinds(1);
            run.flush();
            run.closeCompletely();
            assertThat(Books.of(database).difference(run.accepted())).isEmpty();
        }
    }

    @Test
    void anIdleCacheNoticesThatTheDatabaseWentBackInTimeAndMendsIt() {
        run = new Run("rewind while idle", database, Faulty.sink(database).build()).traffic("");
        run.flush();
        copy();
        awaitWrites(10);
        run.pause();
        run.flush();
        for (int i = 1; i <= 2; i++) {
            assertThat(Books.of(database).difference(run.accepted())).isEmpty();
            server.stop(Shutdown.FAST);
            server.restoreFrom(copy);
            server.start();
            Await.until(
                    () -> "exact totals without any new add; " + run.heard(),
                    () -> Books.of(database).difference(run.accepted()).isEmpty());
            assertThat(run.heard().rewinds()).isEqualTo(i);
        }
        run.closeAndCompare();
    }

    @Test
    void whatIsInQuarantineGoesBackInTimeTooAndIsSetAsideAgain() {
        run = new Run("rewind with quarantine", database, Faulty.sink(database).build()).traffic("");
        QuarantineFaultsIT.fill(run, "full", 1);
        run.flush();
        run.add("full", 1);
        run.flush();
        copy();
        run.add("full", 2);
        run.flush();
        run.add("full", 4);
        run.flush();
        assertThat(Books.of(database).held()).isEqualTo(Map.of("full", 7L));
        restore();
        awaitRewinds(1);
        run.flush();
        Books books = run.closeAndCompare();
        assertThat(books.held()).isEqualTo(Map.of("full", 7L));
        assertThat(books.totals()).containsEntry("full", Long.MAX_VALUE);
    }

    @Test
    void whatIsNoLongerRetainedIsDeclaredAsAGapAndTheRestArrivesOnce() {
        run = new Run(
                        "rewind beyond what is retained",
                        database,
                        Faulty.sink(database).build(),
                        builder -> builder.retain(Duration.ofMinutes(10), 20_000))
                .traffic("before ");
        run.flush();
        run.pause();
        run.flush();
        copy();
        Map<String, Long> kept = new HashMap<>(run.accepted());
        // Deltas that cancelled out are never written.
        kept.values().removeIf(sum -> sum == 0);

        run.traffic("between ");
        awaitWrites(12);
        run.pause();
        run.flush();
        restore();
        Await.until("a gap", () -> run.heard().gaps() == 1);
        run.traffic("after ");
        awaitWrites(5);
        CounterStats stats = run.closeCompletely();

        Books books = Books.of(database);
        Map<String, Long> difference = books.difference(run.accepted());
        assertThat(difference).isNotEmpty();
        assertThat(difference.keySet()).as("keys with a gap").allMatch(key -> key.startsWith("between "));
        assertThat(kept.keySet()).allMatch(books.totals()::containsKey);
        assertThat(books.gaps()).as("the gap").isNotZero();
        assertThat(Books.sum(books.totals()) + books.gaps()).as("stored + gap").isEqualTo(Books.sum(run.accepted()));
        assertThat(run.heard().gapSum()).isEqualTo(books.gaps());
        assertThat(stats.lost()).isEqualTo(books.gaps());
        assertThat(stats.persisted()).isEqualTo(Books.sum(books.totals()));
        assertThat(stats.accepted()).isEqualTo(Books.sum(run.accepted()));
        assertThat(books.totals().keySet())
                .as("what was retained is there")
                .anyMatch(key -> key.startsWith("between "));
    }
}
