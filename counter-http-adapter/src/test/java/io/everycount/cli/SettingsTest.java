// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.sink.InMemorySink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    /** Setting, the least and the most that is allowed, what is just out of bounds. */
    private static final String[][] BOUNDS = {
        {"flush-interval", "1ms", "1h", "999us", "3601s"},
        {"max-keys", "1", "100000000", "0", "100000001"},
        {"max-key-bytes", "1", "1024", "0", "1025"},
        {"max-pending", "1KiB", "1TiB", "1023", "1025GiB"},
        {"retain-time", "0", "1d", "-1s", "86401s"},
        {"retain-bytes", "0", "1TiB", "-1", "1025GiB"},
        {"max-waiters", "1", "10000000", "0", "10000001"},
        {"commit-interval", "1ms", "1m", "999us", "61s"},
        {"journal-bytes", "1MiB", "1TiB", "1023KiB", "1025GiB"},
        {"session-life", "1m", "30d", "59s", "31d"},
        {"max-body-bytes", "1KiB", "1GiB", "1023", "1025MiB"},
        {"max-entries", "1", "10000000", "0", "10000001"},
        {"max-connections", "1", "1000000", "0", "1000001"},
        {"request-timeout", "100ms", "10m", "99ms", "601s"},
        {"idle-timeout", "1s", "1h", "999ms", "3601s"},
        {"ack-timeout", "1ms", "10m", "999us", "601s"},
        {"rate-limit", "1/s", "10000000/s", "0.9/s", "10000001/s"},
        {"drain-time", "0", "10m", "-1s", "601s"},
        {"shutdown-timeout", "1ms", "1h", "999us", "3601s"},
        {"name", "n", "n".repeat(60), null, "n".repeat(61)},
        {"database-user", null, "u".repeat(63), null, "u".repeat(64)},
        {"database-url", "jdbc:postgresql:d", null, "postgres://h/d", "jdbc:mysql://h/d"},
        {"table-prefix", "a_", "s.everycount_", "Upper_", "a-b"},
        {"listen", "h:0", "h:65535", "8080", "h:65536"},
        {"management-listen", ":0", "[::1]:65535", "::1:80", "h:-1"},
        {"on-limit", "reject", "overflow:o", "overflow:", "block"},
        {"log-level", "error", "debug", "trace", "2"},
        {"log-format", "logfmt", "json", "xml", "yaml"},
        {"create-schema", "true", "false", "ja", "2"},
        {"pgbouncer", "on", "off", "ja", "2"},
        {"synchronous-commit", "yes", "no", "ja", "2"},
        {"allow-anonymous", "1", "0", "ja", "2"},
    };

    /** Any value is fine. */
    private static final Set<String> UNBOUNDED =
            Set.of("database-password", "journal-dir", "keys-file", "tls-certificate", "tls-key");

    @TempDir
    Path directory;

    @Test
    void every_setting_takes_its_bounds_and_refuses_what_is_beyond_them() {
        Set<String> seen = new HashSet<>(UNBOUNDED);
        for (String[] row : BOUNDS) {
            seen.add(row[0]);
            for (String fine : new String[] {row[1], row[2]}) {
                if (fine != null) {
                    Settings settings = resolve(Map.of(row[0], fine), Map.of());
                    // The cache and the sink agree.
                    settings.cache(new InMemorySink());
                }
            }
            for (String wrong : new String[] {row[3], row[4]}) {
                if (wrong != null) {
                    assertThatThrownBy(() -> resolve(Map.of(row[0], wrong), Map.of()))
                            .as(row[0] + "=" + wrong)
                            .isInstanceOf(UsageError.class)
                            .hasMessageContaining(row[0] + " is '" + wrong + "' (flag --" + row[0] + "); allowed: ");
                }
            }
        }
        assertThat(seen)
                .containsExactlyInAnyOrderElementsOf(
                        Setting.all().stream().map(Setting::name).toList());
    }

    @Test
    void every_default_is_within_its_bounds_and_there_is_no_database_without_being_told() {
        Settings settings = resolve(Map.of(), Map.of());

        settings.cache(new InMemorySink());
        assertThat(settings.get(Setting.FLUSH_INTERVAL)).isEqualTo(Duration.ofSeconds(1));
        assertThat(settings.get(Setting.LISTEN)).isEqualTo(new Address("127.0.0.1", 8080));
        assertThat(settings.conflicts()).isEmpty();
        assertThatThrownBy(settings::sink)
                .isInstanceOf(UsageError.class)
                .hasMessageContaining("--database-url")
                .hasMessageContaining("EVERYCOUNT_DATABASE_URL")
                .hasMessageContaining("docker run");
    }

    @ParameterizedTest
    @CsvSource({
        "1s, 2s, 3s, 1s, flag --flush-interval",
        "1s, 2s,   , 1s, flag --flush-interval",
        "1s,   , 3s, 1s, flag --flush-interval",
        "1s,   ,   , 1s, flag --flush-interval",
        "  , 2s, 3s, 2s, environment EVERYCOUNT_FLUSH_INTERVAL",
        "  , 2s,   , 2s, environment EVERYCOUNT_FLUSH_INTERVAL",
        "  ,   , 3s, 3s, 'FILE, key flush-interval'",
        "  , '', 3s, 3s, 'FILE, key flush-interval'",
        "  ,   ,   , 1s, default",
    })
    void a_flag_goes_before_the_environment_before_the_file_before_the_default(
            String flag, String variable, String property, String expected, String origin) throws IOException {
        Map<String, String> flags = new HashMap<>();
        Map<String, String> environment = new HashMap<>();
        Path file = Files.writeString(
                directory.resolve("c.properties"), property == null ? "" : "flush-interval = " + property + "\n");
        flags.put("config", file.toString());
        if (flag != null) {
            flags.put("flush-interval", flag);
        }
        if (variable != null) {
            environment.put("EVERYCOUNT_FLUSH_INTERVAL", variable);
        }

        Settings.Value value = resolve(flags, environment).value(Setting.FLUSH_INTERVAL);

        assertThat(value.shown()).isEqualTo(expected);
        assertThat(value.value()).isEqualTo(Amounts.duration(expected));
        assertThat(value.origin()).isEqualTo(origin.replace("FILE", file.toString()));
    }

    @Test
    void the_configuration_can_be_named_by_the_environment() throws IOException {
        Path file = Files.writeString(directory.resolve("c.properties"), "max-keys=5\n");
        assertThat(resolve(Map.of(), Map.of("EVERYCOUNT_CONFIG", file.toString()))
                        .get(Setting.MAX_KEYS))
                .isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3cret", "s3cret\n", "s3cret\r\n"})
    void a_secret_comes_from_a_file_without_its_last_line_feed_and_is_never_shown(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("password"), content);
        Path config = Files.writeString(directory.resolve("c.properties"), "database-password-file = " + file + "\n");
        for (Settings settings : new Settings[] {
            resolve(Map.of("database-password-file", file.toString()), Map.of()),
            resolve(Map.of(), Map.of("EVERYCOUNT_DATABASE_PASSWORD_FILE", file.toString())),
            resolve(Map.of("config", config.toString()), Map.of()),
            resolve(Map.of(), Map.of("EVERYCOUNT_DATABASE_PASSWORD", "s3cret")),
        }) {
            assertThat(settings.get(Setting.DATABASE_PASSWORD).value()).isEqualTo("s3cret");
            assertThat(settings.value(Setting.DATABASE_PASSWORD).shown()).isEqualTo("(set, 6 characters)");
            assertThat(settings.value(Setting.DATABASE_PASSWORD).toString()).doesNotContain("s3cret");
        }
    }

    @Test
    void only_one_line_feed_is_taken_off() throws IOException {
        Path file = Files.writeString(directory.resolve("password"), " s3cret \n\n");
        assertThat(resolve(Map.of("database-password-file", file.toString()), Map.of())
                        .get(Setting.DATABASE_PASSWORD)
                        .value())
                .isEqualTo(" s3cret \n");
    }

    @Test
    void sources_of_a_secret_have_the_same_order_as_others() throws IOException {
        Path byFlag = Files.writeString(directory.resolve("flag"), "flag");
        Path byVariable = Files.writeString(directory.resolve("variable"), "variable");
        Path config = Files.writeString(directory.resolve("c.properties"), "database-password = property\n");

        assertThat(password(
                        Map.of("database-password-file", byFlag.toString(), "config", config.toString()),
                        Map.of("EVERYCOUNT_DATABASE_PASSWORD", "plain")))
                .isEqualTo("flag");
        assertThat(password(
                        Map.of("config", config.toString()),
                        Map.of("EVERYCOUNT_DATABASE_PASSWORD_FILE", byVariable.toString())))
                .isEqualTo("variable");
        assertThat(password(Map.of("config", config.toString()), Map.of())).isEqualTo("property");
        assertThat(password(Map.of(), Map.of())).isEmpty();
    }

    private static String password(Map<String, String> flags, Map<String, String> environment) {
        return resolve(flags, environment).get(Setting.DATABASE_PASSWORD).value();
    }

    @Test
    void a_secret_given_twice_in_one_place_is_refused() {
        assertThatThrownBy(() -> resolve(
                        Map.of(),
                        Map.of("EVERYCOUNT_DATABASE_PASSWORD", "x", "EVERYCOUNT_DATABASE_PASSWORD_FILE", "/y")))
                .hasMessageContaining("both database-password (environment EVERYCOUNT_DATABASE_PASSWORD) and the file")
                .hasMessageContaining("(environment EVERYCOUNT_DATABASE_PASSWORD_FILE) are given");
    }

    @Test
    void a_secret_that_cannot_be_read_is_said_with_its_file() {
        assertThatThrownBy(() -> resolve(Map.of("database-password-file", "/no/such/file"), Map.of()))
                .hasMessageContaining("/no/such/file (flag --database-password-file)")
                .hasMessageContaining("there is no such file");
    }

    @Test
    void no_secret_has_a_flag_for_its_value() {
        for (Setting<?> setting : Setting.all()) {
            if (setting.isSecret()) {
                CommandRun run = CommandRun.of("doctor", "--" + setting.name(), "s3cret");
                assertThat(run.status()).isEqualTo(2);
                assertThat(run.err())
                        .contains("unknown option --" + setting.name() + "\n")
                        .containsPattern("did you mean .*--" + setting.name() + "-file")
                        .doesNotContain("s3cret");
                assertThat(CommandRun.of("doctor", "--" + setting.name() + "=s3cret")
                                .err())
                        .doesNotContain("s3cret");
            }
        }
    }

    @Test
    void a_password_within_the_url_is_refused_as_a_flag_and_never_shown() {
        String url = "jdbc:postgresql://h/d?user=u&password=s3cret";
        assertThatThrownBy(() -> resolve(Map.of("database-url", url), Map.of()))
                .hasMessageContaining("--database-password-file")
                .hasMessageNotContaining("s3cret");
        assertThat(resolve(Map.of(), Map.of("EVERYCOUNT_DATABASE_URL", url))
                        .value(Setting.DATABASE_URL)
                        .shown())
                .isEqualTo("jdbc:postgresql://h/d?...");
        assertThatThrownBy(() -> resolve(Map.of("database-url", "postgresql://u:s3cret@h/d"), Map.of()))
                .hasMessageContaining("jdbc:postgresql://host")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void an_unknown_key_in_the_file_is_an_error_with_a_suggestion() throws IOException {
        Path file = Files.writeString(directory.resolve("c.properties"), "flush-intervall=1s\nxyzzy-plugh-42=1\n");
        assertThatThrownBy(() -> resolve(Map.of("config", file.toString()), Map.of()))
                .isInstanceOf(UsageError.class)
                .hasMessageContaining("'flush-intervall', which is no setting; did you mean flush-interval?")
                .hasMessageContaining("'xyzzy-plugh-42', which is no setting\n".strip());
    }

    @Test
    void an_unknown_variable_is_a_warning_with_a_suggestion() {
        Settings settings = resolve(
                Map.of(),
                Map.of(
                        "EVERYCOUNT_MAX_KEY", "1",
                        "EVERYCOUNT_TEST_JDBC_URL", "x",
                        "EVERYCOUNT_API_KEY", "x",
                        "EVERYCOUNT_CONFIG", "",
                        "PATH", "/bin"));
        assertThat(settings.warnings())
                .singleElement()
                .satisfies(warning -> assertThat(warning)
                        .contains(
                                "EVERYCOUNT_MAX_KEY is no setting and is ignored; did you mean EVERYCOUNT_MAX_KEYS?"));
    }

    @Test
    void all_mistakes_are_told_at_once() {
        assertThatThrownBy(() -> resolve(Map.of("max-keys", "0"), Map.of("EVERYCOUNT_LISTEN", "x")))
                .hasMessageContaining("max-keys is '0' (flag --max-keys); allowed: 1 to 100,000,000")
                .hasMessageContaining("listen is 'x' (environment EVERYCOUNT_LISTEN); allowed: host:port");
    }

    @Test
    void listening_beyond_this_machine_needs_keys_or_a_word() {
        assertThat(resolve(Map.of("listen", ":8080"), Map.of()).conflicts())
                .singleElement()
                .asString()
                .contains("set keys-file", "allow-anonymous");
        assertThat(resolve(Map.of("listen", "0.0.0.0:8080"), Map.of()).conflicts())
                .hasSize(1);
        assertThat(resolve(Map.of("listen", ":8080", "allow-anonymous", "true"), Map.of())
                        .conflicts())
                .isEmpty();
        assertThat(resolve(Map.of("listen", ":8080", "keys-file", "k"), Map.of())
                        .conflicts())
                .isEmpty();
        assertThat(resolve(Map.of("listen", "[::1]:8080"), Map.of()).conflicts())
                .isEmpty();
        assertThat(resolve(Map.of("listen", "localhost:8080"), Map.of()).conflicts())
                .isEmpty();
    }

    @Test
    void settings_that_do_not_go_together_are_said() {
        assertThat(resolve(Map.of("tls-key", "k"), Map.of()).conflicts())
                .singleElement()
                .asString()
                .contains("tls-certificate is not set");
        assertThat(resolve(Map.of("management-listen", "127.0.0.1:8080"), Map.of())
                        .conflicts())
                .hasSize(1);
        assertThat(resolve(Map.of("on-limit", "overflow:others", "max-key-bytes", "3"), Map.of())
                        .conflicts())
                .hasSize(1);
    }

    private static Settings resolve(Map<String, String> flags, Map<String, String> environment) {
        return new SettingSources(flags, environment).resolve();
    }
}
