// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.cli.LogLine;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code serve} says, and with which status it ends, when it cannot start as told. */
class ServeFaultsIT {
    private static final int MISTAKE = 2;

    /** Less than a stop may take that waits for the database. */
    private static final Duration QUICKLY = Duration.ofSeconds(20);

    /** Nobody listens there: serving does not depend on it. */
    private static final String NO_DATABASE = "jdbc:postgresql://127.0.0.1:1/none";

    @TempDir
    Path directory;

    private static void refused(String databaseUrl, String message, String... options) throws Exception {
        try (Command serve = Adapter.launch(Adapter.QUICK_JVM, databaseUrl, options)) {
            long beganNanos = System.nanoTime();
            assertThat(serve.status()).as(serve.toString()).isEqualTo(MISTAKE);
            assertThat(System.nanoTime() - beganNanos)
                    .as("it does not wait for a database that is away, for which it has nothing")
                    .isLessThan(QUICKLY.toNanos());
            assertThat(serve.output()).containsPattern(message).doesNotContain("\tat ");
            String error = serve.output()
                    .lines()
                    .filter(l -> l.startsWith("error: "))
                    .findFirst()
                    .orElseThrow();
            System.out.printf("serve %s: exit %d, %s%n", String.join(" ", options), MISTAKE, error);
        }
    }

    @Test
    void a_port_that_is_taken_is_named() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            refused(NO_DATABASE, "error: cannot listen on " + address + ": .*in use", "--listen", address);
        }
    }

    @Test
    void a_second_instance_on_the_same_port_leaves_the_first_one_alone() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter first = Adapter.start(database.jdbcUrl(), "--drain-time", "0s")) {
            String address = "127.0.0.1:" + first.port();
            refused(database.jdbcUrl(), "error: cannot listen on " + address + ": .*in use", "--listen", address);
            assertThat(first.increment("a").statusCode()).isEqualTo(202);
            first.command().terminate();
            assertThat(first.command().status()).isZero();
            assertThat(Records.stored(database, "")).isEqualTo(Map.of("a", 1L));
        }
    }

    @Test
    void a_keys_file_that_is_none_is_named_with_its_line() throws Exception {
        Path file = directory.resolve("keys");
        Files.writeString(file, "this is no key\n");
        refused(NO_DATABASE, "error: .*" + file + ".*line 1", "--keys-file", file.toString());
        Path missing = directory.resolve("missing");
        refused(NO_DATABASE, "error: .*" + missing, "--keys-file", missing.toString());
    }

    @Test
    void without_a_database_url_it_says_what_to_do() throws Exception {
        refused("", "(?s)error: no database is given.* --database-url jdbc:.* EVERYCOUNT_DATABASE_URL");
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "logfmt"})
    void a_log_for_programs_has_a_line_for_each_change_and_nothing_else_in_it(String format) throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                TcpProxy proxy = TcpProxy.to(database.server())) {
            proxy.refuse(true);
            try (Adapter adapter =
                    Adapter.start(database.jdbcUrl(proxy), "--drain-time", "0s", "--log-format", format)) {
                adapter.increment("a");
                Await.until("it tells", () -> adapter.command().output().contains("sink_failed"));
                proxy.refuse(false);
                Await.until("it tells", () -> adapter.command().output().contains("sink_works"));
                adapter.increment("a");
                adapter.command().terminate();
                assertThat(adapter.command().status())
                        .as(adapter.command().toString())
                        .isZero();
                assertThat(adapter.command().output().lines())
                        .extracting(line ->
                                (format.equals("json") ? LogLine.ofJson(line) : LogLine.ofLogfmt(line)).get("event"))
                        .containsSubsequence("serving", "stopping", "stopped")
                        .containsSubsequence("sink_failed", "sink_works")
                        .filteredOn(event -> "sink_works".equals(event))
                        .hasSize(1);
            }
        }
    }

    @Test
    void a_database_that_comes_later_gets_what_was_counted_before() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                TcpProxy proxy = TcpProxy.to(database.server())) {
            proxy.refuse(true);
            try (Adapter adapter = Adapter.start(database.jdbcUrl(proxy), "--drain-time", "0s")) {
                for (int i = 0; i < 10; i++) {
                    assertThat(adapter.increment("early").statusCode()).isEqualTo(202);
                }
                Await.until(
                        "it has tried",
                        () -> adapter.get("/health/ready").body().contains("\"degraded\""));
                assertThat(adapter.get("/health/ready").statusCode()).isEqualTo(200);
                proxy.refuse(false);
                Await.until("it is written", () -> adapter.metric("everycount_persisted_deltas") == 10);
                assertThat(Records.stored(database, "")).isEqualTo(Map.of("early", 10L));
                adapter.command().terminate();
                assertThat(adapter.command().status())
                        .as(adapter.command().toString())
                        .isZero();
                System.out.println("serve before its database: 10 counted meanwhile, written when it came, exit 0");
            }
        }
    }
}
