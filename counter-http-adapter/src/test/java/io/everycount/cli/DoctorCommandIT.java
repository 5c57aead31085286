// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.jdbc.CounterSchema;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.InMemorySink;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();

    @TempDir
    Path directory;

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @Test
    void an_empty_database_is_fine_and_stays_empty() {
        CommandRun run = doctor();

        assertThat(run.status()).as(run.all()).isZero();
        assertThat(run.out())
                .containsPattern("ok {4}database +\\S+ as postgres, connected in [0-9]+ ms")
                .containsPattern("ok {4}version +Postgres 1[3-9]")
                .containsPattern("ok {4}schema +the tables everycount_\\* are missing; serve will create them")
                .containsPattern("ok {4}clock")
                .containsPattern("(ok {4}|warn {2})connections")
                .containsPattern("ok {4}durability +fsync on, synchronous_commit on")
                .containsPattern("ok {4}listen +127.0.0.1:0 is free")
                .doesNotContain("FAIL");
        assertThat(database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
                .isZero();
    }

    @Test
    void where_each_value_came_from_is_said_and_no_secret() {
        CommandRun run = doctor("--flush-interval", "250ms");

        assertThat(run.out())
                .containsPattern("flush-interval +250ms +flag --flush-interval\n")
                .containsPattern("database-user +postgres +flag --database-user\n")
                .containsPattern(
                        "database-password +\\(set, [0-9]+ characters\\) +environment EVERYCOUNT_DATABASE_PASS")
                .containsPattern("max-keys +1000000 +default\n");
        assertThat(run.all()).doesNotContain(database.server().password() + " ");
        Setting.all().forEach(setting -> assertThat(run.out()).contains(setting.name()));
    }

    @Test
    void a_journals_directory_is_checked_and_what_was_left_in_it_is_told(@TempDir Path temp) throws Exception {
        Path root = temp.resolve("journal");
        assertThat(doctor("--journal-dir", root.toString()).out())
                .containsPattern("(ok {4}|warn {2})journal +" + root + ".* free");
        try (CounterCache cache =
                CounterCache.builder(new InMemorySink()).journal(root).build()) {
            cache.add("a", 1);
            cache.commit(Duration.ofSeconds(60));
        }
        assertThat(doctor("--journal-dir", root.toString()).out()).contains("is held by nobody");

        Path file = Files.writeString(temp.resolve("file"), "");
        CommandRun run = doctor("--journal-dir", file.toString());
        assertThat(run.status()).isOne();
        assertThat(run.out()).containsPattern("FAIL {2}journal +" + file + " cannot be used");
    }

    @Test
    void tables_that_are_there_are_checked() {
        CounterSchema.of(database.dataSource(), "everycount_").apply();
        assertThat(doctor().out())
                .containsPattern("ok {4}schema +everycount_\\* version 2, database id [0-9a-f-]{36}")
                .containsPattern("ok {4}permissions");

        database.execute("UPDATE everycount_schema SET version = 1");
        CommandRun old = doctor();
        assertThat(old.status()).isZero();
        assertThat(old.out()).containsPattern("ok {4}schema .*older version; serve will bring them to version 2");
        assertThat(doctor("--create-schema", "false").out())
                .containsPattern("FAIL {2}schema .*version 1, and this library needs version 2");

        database.execute("UPDATE everycount_schema SET version = 99, compatible_from = 99");
        CommandRun unknown = doctor();
        assertThat(unknown.status()).isOne();
        assertThat(unknown.out()).containsPattern("FAIL {2}schema .*version 99.*update the library");

        database.execute("DROP TABLE everycount_counter");
        assertThat(doctor().out()).containsPattern("FAIL {2}schema ");
    }

    @Test
    void a_role_without_permissions_is_told_which_are_missing() {
        String role = "reader_" + database.name();
        database.execute("CREATE ROLE " + role + " LOGIN PASSWORD 'everycount'");
        try {
            assertThat(as(role).out()).containsPattern("FAIL {2}schema .*may not create them: GRANT CREATE");

            CounterSchema.of(database.dataSource(), "everycount_").apply();
            database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role);
            CommandRun run = as(role);
            assertThat(run.status()).isOne();
            assertThat(run.out()).contains("GRANT INSERT ON everycount_counter to the role is missing");

            database.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role);
            assertThat(as(role).out()).containsPattern("ok {4}permissions");
        } finally {
            database.execute("DROP OWNED BY " + role + "; DROP ROLE " + role);
        }
    }

    @Test
    void a_dead_port_a_wrong_password_and_an_unknown_database_are_one_line_each_with_what_to_do() {
        CommandRun dead = CommandRun.of("doctor", "--database-url", "jdbc:postgresql://127.0.0.1:1/x?loginTimeout=5");
        CommandRun unknown = doctor("--database-url", database.server().jdbcUrl("nothing_here"));

        assertThat(dead.out()).containsPattern("FAIL {2}database .*Is it running, and reachable from here\\?\n");
        assertThat(unknown.out()).containsPattern("FAIL {2}database .*CREATE DATABASE\n");
        for (CommandRun run : List.of(dead, unknown)) {
            assertThat(run.status()).isOne();
            assertThat(run.all()).doesNotContain("at org.postgresql").doesNotContain("at io.everycount");
        }
    }

    @Test
    void a_read_only_role_and_risky_settings_are_said() {
        database.execute("ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");
        assertThat(doctor().out()).containsPattern("FAIL {2}writable");
        assertThat(doctor("--synchronous-commit", "false", "--max-keys", "100000000")
                        .out())
                .containsPattern("warn {2}durability +synchronous-commit is false")
                .containsPattern("warn {2}heap .*raise -Xmx, or lower max-keys");
    }

    @Test
    void the_pools_of_all_servers_are_compared_with_what_the_database_allows() throws Exception {
        long free = database.number("SELECT current_setting('max_connections')::int"
                + " - current_setting('superuser_reserved_connections')::int");
        assertThat(doctor("--instances", "2").out())
                .containsPattern("ok {4}connections +2 servers take up to 8, 4 each; of max_connections [0-9]+ others");
        CommandRun tight = doctor("--instances", Long.toString(free / 4 + 1));
        assertThat(tight.status()).as(tight.all()).isZero();
        assertThat(tight.out()).containsPattern("warn {2}connections .*raise the limit");
        CommandRun none = doctor("--instances", Long.toString(free + 1));
        assertThat(none.status()).isOne();
        assertThat(none.out()).containsPattern("FAIL {2}connections .*not every server gets one");
        assertThat(doctor("--instances", "0").all()).contains("--instances is 0; allowed: 1 to 10000");
    }

    @Test
    void sessions_of_others_and_limits_of_the_role_count_those_of_servers_do_not() throws Exception {
        Pattern left = Pattern.compile("others leave ([0-9,]+)");
        int before = number(left, doctor().out());
        try (Connection server = connect("everycount");
                Connection first = connect("report");
                Connection second = connect("report")) {
            assertThat(number(left, doctor().out())).isEqualTo(before - 2);
        }
        String role = "tight_" + database.name();
        database.execute("CREATE ROLE " + role + " LOGIN PASSWORD 'everycount' CONNECTION LIMIT 2");
        try {
            assertThat(as(role).out())
                    .containsPattern("warn {2}connections .*the role or the database allows 2: raise the limit");
        } finally {
            database.execute("DROP ROLE " + role);
        }
    }

    private Connection connect(String application) throws SQLException {
        return DriverManager.getConnection(
                database.jdbcUrl() + "?ApplicationName=" + application,
                database.server().user(),
                database.server().password());
    }

    private static int number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.find()).as(text).isTrue();
        return Integer.parseInt(matcher.group(1).replace(",", ""));
    }

    @Test
    void a_port_in_use_fails() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CommandRun run = doctor("--listen", "127.0.0.1:" + taken.getLocalPort());
            assertThat(run.status()).isOne();
            assertThat(run.out()).containsPattern("FAIL {2}listen +127.0.0.1:[0-9]+: Address already in use");
        }
    }

    @Test
    void files_are_looked_at() throws Exception {
        Path keys = Files.writeString(directory.resolve("keys"), "x");
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-r--r--"));
        Path store = directory.resolve("store.p12");
        Path certificate = directory.resolve("cert.pem");
        keytool(
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-validity",
                "5",
                "-dname",
                "CN=localhost",
                "-keystore",
                store.toString(),
                "-storepass",
                "password");
        keytool(
                "-exportcert",
                "-rfc",
                "-alias",
                "a",
                "-file",
                certificate.toString(),
                "-keystore",
                store.toString(),
                "-storepass",
                "password");
        Path key = Files.writeString(
                directory.resolve("key.pem"), "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));

        CommandRun run = doctor(
                "--keys-file",
                keys.toString(),
                "--tls-certificate",
                certificate.toString(),
                "--tls-key",
                key.toString());
        assertThat(run.out())
                .containsPattern("warn {2}API keys .*can be read by others: chmod 600")
                .containsPattern("warn {2}TLS certificate .*is valid until .*, in [45] days: renew it")
                .containsPattern("ok {4}TLS key .*rw-------");

        CommandRun wrong = doctor(
                "--keys-file",
                "/no/such/file",
                "--tls-certificate",
                keys.toString(),
                "--tls-key",
                certificate.toString());
        assertThat(wrong.status()).isOne();
        assertThat(wrong.out())
                .containsPattern("FAIL {2}API keys +/no/such/file: there is no such file")
                .containsPattern("FAIL {2}TLS certificate ")
                .containsPattern("FAIL {2}TLS key .*openssl pkcs8");
    }

    private static void keytool(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(output).isZero();
    }

    private CommandRun as(String role) {
        return CommandRun.of(
                Map.of("EVERYCOUNT_DATABASE_PASSWORD", "everycount", "EVERYCOUNT_DATABASE_USER", role),
                "doctor",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                database.jdbcUrl());
    }

    private CommandRun doctor(String... more) {
        List<String> arguments = new ArrayList<>(
                List.of("doctor", "--database-user", database.server().user()));
        if (!List.of(more).contains("--database-url")) {
            arguments.addAll(List.of("--database-url", database.jdbcUrl()));
        }
        if (!List.of(more).contains("--listen")) {
            arguments.addAll(List.of("--listen", "127.0.0.1:0"));
        }
        arguments.addAll(List.of(more));
        return CommandRun.of(
                Map.of("EVERYCOUNT_DATABASE_PASSWORD", database.server().password()), arguments.toArray(String[]::new));
    }
}
