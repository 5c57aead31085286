// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The database goes away: counting goes on, it is told, and nothing acknowledged is lost. How long it stays away
 * is the system property {@code everycount.outage.seconds}.
 */
class DatabaseAwayIT {
    private static final int OUTAGE_SECONDS = Integer.getInteger("everycount.outage.seconds", 10);
    private static final Pattern NOT_PERSISTED =
            Pattern.compile("Stopped\\. NOT PERSISTED: unsaved ([\\d,]+) in .*; unknown ([\\d,]+) in .*");

    @TempDir
    Path directory;

    @Test
    @Tag(PostgresServer.OWN_SERVER)
    void an_outage_under_load_costs_freshness_and_nothing_else() throws Exception {
        PostgresServer server = PostgresServer.shared();
        Path record = directory.resolve("run.tsv");
        try (TestDatabase database = server.newDatabase();
                Adapter adapter = Adapter.start(database.jdbcUrl(), "--drain-time", "0s");
                Command load = Adapter.load(
                        adapter.url(), record, "--rate", "1000/s", "--connections", "16", "--duration", "10m")) {
            Await.until("it writes", () -> adapter.metric("everycount_persisted_deltas") > 500);
            assertThat(adapter.get("/health/ready").body()).contains("\"ready\"");
            long takenBefore = adapter.taken();
            double longest;
            server.stop(PostgresServer.Shutdown.IMMEDIATE);
            try {
                longest = watchOutage(adapter);
                assertThat(adapter.taken() - takenBefore).as("taken meanwhile").isGreaterThan(OUTAGE_SECONDS * 500L);
            } finally {
                server.start();
            }
            long backNanos = System.nanoTime();
            Await.until("it writes again", () -> adapter.metric("everycount_sink_failing") == 0);
            Await.until("it has caught up", () -> adapter.metric("everycount_freshness_seconds") < 3);
            double caughtUp = (System.nanoTime() - backNanos) / 1e9;
            assertThat(adapter.get("/health/ready").body()).contains("\"ready\"");
            load.terminate();
            assertThat(load.status()).as(load.toString()).isZero();
            adapter.command().terminate();
            assertThat(adapter.command().status())
                    .as(adapter.command().toString())
                    .isZero();
            assertThat(adapter.command().output())
                    .contains("increments are kept and it is tried again", "postgres works again");
            Map<String, Long> acknowledged = Records.acknowledged(record);
            assertThat(Records.stored(database, "")).isEqualTo(acknowledged);
            System.out.printf(
                    "database away for %d s under load: %,d requests, 0 errors, exact; freshness up to %.1f s,"
                            + " caught up %.1f s after its return%n",
                    OUTAGE_SECONDS, Records.sum(acknowledged), longest, caughtUp);
        }
    }

    /** Until nothing has been written for so long; returns for how long then. */
    private static double watchOutage(Adapter adapter) throws Exception {
        Await.until("it notices", () -> adapter.metric("everycount_sink_failing") == 1);
        double[] freshness = new double[1];
        Await.until("it lasts", Duration.ofSeconds(OUTAGE_SECONDS + 30), () -> {
            HttpResponse<String> ready = adapter.get("/health/ready");
            assertThat(ready.statusCode()).isEqualTo(200);
            assertThat(ready.body()).contains("\"degraded\"");
            assertThat(adapter.get("/health/live").statusCode()).isEqualTo(200);
            assertThat(adapter.metric("everycount_sink_failing")).isEqualTo(1);
            double now = adapter.metric("everycount_freshness_seconds");
            assertThat(now).as("freshness grows").isGreaterThanOrEqualTo(freshness[0]);
            freshness[0] = now;
            return now >= OUTAGE_SECONDS;
        });
        return freshness[0];
    }

    @Test
    void sigterm_while_it_is_away_says_what_is_not_persisted() throws Exception {
        Path before = directory.resolve("before.tsv");
        Path after = directory.resolve("after.tsv");
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                TcpProxy proxy = TcpProxy.to(database.server());
                Adapter adapter =
                        Adapter.start(database.jdbcUrl(proxy), "--drain-time", "0s", "--shutdown-timeout", "2s")) {
            send(adapter, before, 5_000);
            Await.until("it is written", () -> adapter.metric("everycount_persisted_deltas") == 5_000);
            proxy.refuse(true);
            proxy.cutNow();
            send(adapter, after, 2_000);
            adapter.command().terminate();
            long beganNanos = System.nanoTime();
            int status = adapter.command().status();
            double seconds = (System.nanoTime() - beganNanos) / 1e9;
            String last = adapter.command().lastLine();
            assertThat(status).as(adapter.command().toString()).isEqualTo(1);
            assertThat(seconds).isLessThan(10);
            Matcher said = NOT_PERSISTED.matcher(last);
            assertThat(said.matches()).as(last).isTrue();
            assertThat(number(said.group(1)) + number(said.group(2))).as(last).isEqualTo(2_000);
            assertThat(Records.stored(database, "")).isEqualTo(Records.acknowledged(before));
            System.out.printf("SIGTERM without a database: exit 1 after %.1f s, %s%n", seconds, last);
        }
    }

    private static void send(Adapter adapter, Path record, int increments) throws Exception {
        try (Command load = Adapter.load(
                adapter.url(), record, "--increments", Integer.toString(increments), "--connections", "8")) {
            assertThat(load.status()).as(load.toString()).isZero();
        }
    }

    private static long number(String text) {
        return Long.parseLong(text.replace(",", ""));
    }

    @Test
    void what_the_database_acknowledged_survives_a_kill() throws Exception {
        Path record = directory.resolve("run.tsv");
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(database.jdbcUrl(), "--flush-interval", "50ms");
                Command load = Adapter.load(
                        adapter.url(),
                        record,
                        "--ack",
                        "sink",
                        "--connections",
                        "32",
                        "--rate",
                        "2000/s",
                        "--duration",
                        "1m")) {
            Await.until("it writes", () -> adapter.metric("everycount_persisted_deltas") > 2_000);
            adapter.command().kill9();
            load.terminate();
            assertThat(load.status()).as(load.toString()).isEqualTo(1);
            try (Command verify = Adapter.verify(database.jdbcUrl(), record)) {
                assertThat(verify.status()).as(verify.toString()).isZero();
            }
            Map<String, Long> acknowledged = Records.acknowledged(record);
            Map<String, Long> unknown = Records.unknown(record);
            Map<String, Long> stored = Records.stored(database, "");
            stored.forEach((key, value) -> assertThat(value)
                    .as(key)
                    .isBetween(
                            acknowledged.getOrDefault(key, 0L),
                            acknowledged.getOrDefault(key, 0L) + unknown.getOrDefault(key, 0L)));
            assertThat(stored.keySet()).containsAll(acknowledged.keySet());
            assertThat(Records.sum(acknowledged)).isGreaterThan(1_000);
            System.out.printf(
                    "kill -9 under load with ack=sink: %,d acknowledged, all of them stored; %,d unknown%n",
                    Records.sum(acknowledged), Records.sum(unknown));
        }
    }
}
