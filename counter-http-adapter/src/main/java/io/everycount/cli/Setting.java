// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One setting of the server. The constants are all there are, in the order that help and doctor show
 * them. Immutable.
 *
 * @param <T> the type of its values
 */
final class Setting<T> {
    /** What settings are about, in the order of the help. */
    enum Group {
        DATABASE("Database"),
        COUNTING("Counting"),
        JOURNAL("Journal"),
        LISTENING("Listening and access"),
        REQUESTS("Limits of requests"),
        STOPPING("Stopping"),
        LOGGING("Logging");

        final String title;

        Group(String title) {
            this.title = title;
        }
    }

    private static final List<Setting<?>> ALL = new ArrayList<>();
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MILLI = Duration.ofMillis(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration TEN_MINUTES = Duration.ofMinutes(10);

    static final Setting<String> DATABASE_URL =
            add(Group.DATABASE, "database-url", Kind.databaseUrl(), null, "Postgres 13 or later, as a JDBC URL");
    static final Setting<String> DATABASE_USER =
            add(Group.DATABASE, "database-user", Kind.text(0, 63), "", "The role to connect as");
    static final Setting<Secret> DATABASE_PASSWORD =
            add(Group.DATABASE, "database-password", Kind.secret(1_000), "", "Its password");
    static final Setting<String> TABLE_PREFIX =
            add(Group.DATABASE, "table-prefix", Kind.tablePrefix(), "everycount_", "What the tables' names begin with");
    static final Setting<Boolean> CREATE_SCHEMA =
            add(Group.DATABASE, "create-schema", Kind.flag(), "true", "Whether to create tables that are missing");
    static final Setting<Boolean> PGBOUNCER = add(
            Group.DATABASE, "pgbouncer", Kind.flag(), "false", "Whether a pooler in transaction mode is in between");
    static final Setting<Boolean> SYNCHRONOUS_COMMIT = add(
            Group.DATABASE,
            "synchronous-commit",
            Kind.flag(),
            "true",
            "Whether a commit waits until it is on the database server's disk");

    static final Setting<String> NAME = add(
            Group.COUNTING,
            "name",
            Kind.text(1, 60),
            HostName::orDefault,
            "this host's name",
            "What this instance is called in the ledger, in logs and in metrics");
    static final Setting<Duration> FLUSH_INTERVAL =
            add(Group.COUNTING, "flush-interval", Kind.duration(MILLI, HOUR), "1s", "How often totals are written");
    static final Setting<Integer> MAX_KEYS = add(
            Group.COUNTING, "max-keys", Kind.whole(1, 100_000_000), "1000000", "How many distinct keys may be in use");
    static final Setting<Integer> MAX_KEY_BYTES =
            add(Group.COUNTING, "max-key-bytes", Kind.whole(1, 1_024), "256", "How long a key may be, in UTF-8");
    static final Setting<Long> MAX_PENDING = add(
            Group.COUNTING,
            "max-pending",
            Kind.bytes(1L << 10, 1L << 40),
            "64MiB",
            "How much may be on the way to the database before increments wait in their cells");
    static final Setting<OnLimit> ON_LIMIT = add(
            Group.COUNTING,
            "on-limit",
            Kind.onLimit(),
            "reject",
            "What happens to an increment that finds no room: 503, or counted under another key");
    static final Setting<Duration> RETAIN_TIME = add(
            Group.COUNTING,
            "retain-time",
            Kind.duration(Duration.ZERO, Duration.ofDays(1)),
            "10m",
            "How long written records are kept for a database that goes back in time");
    static final Setting<Long> RETAIN_BYTES =
            add(Group.COUNTING, "retain-bytes", Kind.bytes(0, 1L << 40), "64MiB", "How much of them is kept at most");
    static final Setting<Integer> MAX_WAITERS = add(
            Group.COUNTING,
            "max-waiters",
            Kind.whole(1, 10_000_000),
            "100000",
            "How many increments may wait for the database's acknowledgement");

    static final Setting<Path> JOURNAL_DIR = add(
            Group.JOURNAL,
            "journal-dir",
            Kind.path(),
            null,
            "Where to keep a journal, so that what was counted survives this process; several instances may share it");
    static final Setting<Duration> COMMIT_INTERVAL = add(
            Group.JOURNAL,
            "commit-interval",
            Kind.duration(MILLI, Duration.ofMinutes(1)),
            "5ms",
            "How often the journal is forced to disk");
    static final Setting<Long> JOURNAL_BYTES = add(
            Group.JOURNAL,
            "journal-bytes",
            Kind.bytes(1L << 20, 1L << 40),
            "1GiB",
            "How much the journal may take on disk");

    static final Setting<Address> LISTEN =
            add(Group.LISTENING, "listen", Kind.address(), "127.0.0.1:8080", "Where to take requests");
    static final Setting<Address> MANAGEMENT_LISTEN = add(
            Group.LISTENING,
            "management-listen",
            Kind.address(),
            null,
            "Where to answer health checks and metrics; where requests are taken, if not set");
    static final Setting<Boolean> ALLOW_ANONYMOUS = add(
            Group.LISTENING,
            "allow-anonymous",
            Kind.flag(),
            "false",
            "Whether to listen beyond this machine although no API key is needed");
    static final Setting<Path> KEYS_FILE =
            add(Group.LISTENING, "keys-file", Kind.path(), null, "The API keys, as the keys command writes them");
    static final Setting<Path> TLS_CERTIFICATE = add(
            Group.LISTENING, "tls-certificate", Kind.path(), null, "The certificate and its chain in PEM: then HTTPS");
    static final Setting<Path> TLS_KEY =
            add(Group.LISTENING, "tls-key", Kind.path(), null, "Its private key in PEM (PKCS #8, not encrypted)");
    static final Setting<Duration> SESSION_LIFE = add(
            Group.LISTENING,
            "session-life",
            Kind.duration(Duration.ofMinutes(1), Duration.ofDays(30)),
            "8h",
            "How long a browser stays logged in");

    static final Setting<Long> MAX_BODY_BYTES =
            add(Group.REQUESTS, "max-body-bytes", Kind.bytes(1L << 10, 1L << 30), "8MiB", "How long a body may be");
    static final Setting<Integer> MAX_ENTRIES = add(
            Group.REQUESTS,
            "max-entries",
            Kind.whole(1, 10_000_000),
            "100000",
            "How many increments one request may have");
    static final Setting<Integer> MAX_CONNECTIONS =
            add(Group.REQUESTS, "max-connections", Kind.whole(1, 1_000_000), "10000", "How many may be open at once");
    static final Setting<Duration> REQUEST_TIMEOUT = add(
            Group.REQUESTS,
            "request-timeout",
            Kind.duration(Duration.ofMillis(100), TEN_MINUTES),
            "10s",
            "How long a client may take to send a request");
    static final Setting<Duration> IDLE_TIMEOUT = add(
            Group.REQUESTS,
            "idle-timeout",
            Kind.duration(SECOND, HOUR),
            "60s",
            "How long a connection may rest between requests");
    static final Setting<Duration> ACK_TIMEOUT = add(
            Group.REQUESTS,
            "ack-timeout",
            Kind.duration(MILLI, TEN_MINUTES),
            "5s",
            "How long a request waits for the database's acknowledgement, if it asks for it");
    static final Setting<Double> RATE_LIMIT = add(
            Group.REQUESTS,
            "rate-limit",
            Kind.perSecond(1, 10_000_000),
            null,
            "How many requests a second each API key may send");

    static final Setting<Duration> DRAIN_TIME = add(
            Group.STOPPING,
            "drain-time",
            Kind.duration(Duration.ZERO, TEN_MINUTES),
            "5s",
            "How long to go on serving, not ready any more, so that load balancers notice");
    static final Setting<Duration> SHUTDOWN_TIMEOUT = add(
            Group.STOPPING,
            "shutdown-timeout",
            Kind.duration(MILLI, HOUR),
            "30s",
            "How long the last totals may take to be written");

    static final Setting<String> LOG_LEVEL =
            add(Group.LOGGING, "log-level", Kind.oneOf("error", "warn", "info", "debug"), "info", "What is logged");
    static final Setting<String> LOG_FORMAT = add(
            Group.LOGGING,
            "log-format",
            Kind.oneOf("text", "logfmt", "json"),
            "text",
            "How it is logged, on standard error");

    private final Group group;
    private final String name;
    private final Kind<T> kind;
    private final @Nullable DefaultValue defaultValue;
    private final String description;

    private record DefaultValue(Supplier<String> value, String shown) {}

    private Setting(Group group, String name, Kind<T> kind, @Nullable DefaultValue defaultValue, String description) {
        this.group = group;
        this.name = name;
        this.kind = kind;
        this.defaultValue = defaultValue;
        this.description = description;
    }

    private static <T> Setting<T> add(
            Group group, String name, Kind<T> kind, @Nullable String defaultValue, String description) {
        return add(new Setting<>(
                group,
                name,
                kind,
                defaultValue == null ? null : new DefaultValue(() -> defaultValue, defaultValue),
                description));
    }

    private static <T> Setting<T> add(
            Group group,
            String name,
            Kind<T> kind,
            Supplier<String> defaultValue,
            String shownDefault,
            String description) {
        return add(new Setting<>(group, name, kind, new DefaultValue(defaultValue, shownDefault), description));
    }

    private static <T> Setting<T> add(Setting<T> setting) {
        ALL.add(setting);
        return setting;
    }

    /** Every setting. */
    static List<Setting<?>> all() {
        return List.copyOf(ALL);
    }

    /** As in a properties file: {@code flush-interval}. */
    String name() {
        return name;
    }

    /** What it is about. */
    Group group() {
        return group;
    }

    /** What values it takes. */
    Kind<T> kind() {
        return kind;
    }

    /** As a sentence without a full stop. */
    String description() {
        return description;
    }

    /** Its value if nobody gives one; null if it then has none. */
    @Nullable
    String defaultText() {
        return defaultValue == null ? null : defaultValue.value.get();
    }

    /** The same for the help, which does not depend on this machine. */
    @Nullable
    String defaultShown() {
        return defaultValue == null ? null : defaultValue.shown;
    }

    /** Whether its value must not be shown, and cannot be given on the command line. */
    boolean isSecret() {
        return kind.label().equals("SECRET");
    }

    /** The name of its flag; a secret's names a file. */
    String flag() {
        return "--" + (isSecret() ? name + "-file" : name);
    }

    /** The name of its environment variable. */
    String variable() {
        return "EVERYCOUNT_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    @Override
    public String toString() {
        return name;
    }
}
