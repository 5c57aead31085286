// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The standalone jar with a journal, killed under load while the database is away: what it answered is there later. */
class JournalKillIT {
    @TempDir
    private Path directory;

    private void killUnderLoad(TestDatabase database, Path record, String... options) throws Exception {
        try (TcpProxy proxy = TcpProxy.to(database.server());
                Adapter adapter = Adapter.start(database.jdbcUrl(proxy), options)) {
            assertThat(adapter.increment("met"))
                    .satisfies(answer -> assertThat(answer.headers().firstValue("Everycount-Ack"))
                            .contains("journal"));
            Await.until("it writes", () -> adapter.metric("everycount_persisted_deltas") == 1);
            try (Command load = Adapter.load(
                    adapter.url(), record, "--connections", "32", "--rate", "3000/s", "--duration", "1m")) {
                Await.until("it takes much", () -> adapter.taken() > 2_000);
                proxy.refuse(true);
                proxy.cutNow();
                long before = adapter.taken();
                Await.until("it takes more", () -> adapter.taken() > before + 2_000);
                adapter.command().kill9();
                load.terminate();
                assertThat(load.status()).as(load.toString()).isEqualTo(1);
            }
        }
    }

    private static void assertStored(TestDatabase database, Path record) throws Exception {
        Map<String, Long> acknowledged = Records.acknowledged(record);
        Map<String, Long> unknown = Records.unknown(record);
        Map<String, Long> stored = Records.stored(database, "");
        assertThat(stored.remove("met")).isEqualTo(1);
        stored.forEach((key, value) -> assertThat(value)
                .as(key)
                .isBetween(
                        acknowledged.getOrDefault(key, 0L),
                        acknowledged.getOrDefault(key, 0L) + unknown.getOrDefault(key, 0L)));
        assertThat(stored.keySet()).containsAll(acknowledged.keySet());
        assertThat(Records.sum(acknowledged)).isGreaterThan(4_000);
        try (Command verify = Adapter.verify(database.jdbcUrl(), record)) {
            assertThat(verify.status()).as(verify.toString()).isZero();
        }
        System.out.printf(
                "kill -9 under load at level journal: %,d acknowledged, all of them stored; %,d unknown%n",
                Records.sum(acknowledged), Records.sum(unknown));
    }

    @Test
    void a_restart_writes_what_was_acknowledged() throws Exception {
        Path record = directory.resolve("run.tsv");
        String journal = directory.resolve("journal").toString();
        try (TestDatabase database = PostgresServer.shared().newDatabase()) {
            killUnderLoad(database, record, "--journal-dir", journal);
            try (Adapter again = Adapter.start(database.jdbcUrl(), "--journal-dir", journal, "--drain-time", "0s")) {
                again.command().terminate();
                assertThat(again.command().status())
                        .as(again.command().toString())
                        .isZero();
            }
            assertStored(database, record);
        }
    }

    @Test
    void a_survivor_adopts_what_another_one_acknowledged() throws Exception {
        Path record = directory.resolve("run.tsv");
        String journal = directory.resolve("journal").toString();
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter holder = Adapter.start(database.jdbcUrl(), "--journal-dir", journal)) {
            // This one has the other directory, so that the next one has to make its own or adopt.
            killUnderLoad(database, record, "--journal-dir", journal);
            try (Adapter first = Adapter.start(database.jdbcUrl(), "--journal-dir", journal, "--drain-time", "0s")) {
                assertThat(first.get("/stats").body()).contains("\"journal\":{");
                first.command().kill9();
            }
            // What was left is taken over by its own next process, or adopted by this one.
            try (Adapter survivor = Adapter.start(database.jdbcUrl(), "--journal-dir", journal, "--drain-time", "0s")) {
                Await.until(
                        "everything is written",
                        () -> Records.stored(database, "")
                                        .keySet()
                                        .containsAll(
                                                Records.acknowledged(record).keySet())
                                && survivor.metric("everycount_pending_deltas") == 0
                                && survivor.metric("everycount_journal_adopting") == 0);
                survivor.command().terminate();
                assertThat(survivor.command().status())
                        .as(survivor.command().toString())
                        .isZero();
            }
            assertThat(holder.get("/health/ready").statusCode()).isEqualTo(200);
            assertStored(database, record);
        }
    }
}
