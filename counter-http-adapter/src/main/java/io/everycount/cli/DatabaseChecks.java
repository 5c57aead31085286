// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.jdbc.CounterSchema;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.sink.SinkException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Looks at the database; changes nothing in it. */
final class DatabaseChecks {
    private static final int VERSION_MIN = 130_000;
    private static final int POOL = 4;
    private static final Duration CLOCK_DIFFERENCE_MAX = Duration.ofSeconds(1);

    /** Sessions of others show their type only to roles that may look; that they are in a database, everybody sees. */
    private static final String ROOM = """
            SELECT current_setting('max_connections')::int
                 - current_setting('superuser_reserved_connections')::int
                 - coalesce(current_setting('reserved_connections', true)::int, 0)
                 - (SELECT count(*) FROM pg_stat_activity
                    WHERE coalesce(backend_type, 'client backend') = 'client backend' AND datid IS NOT NULL
                      AND coalesce(application_name, '') NOT LIKE 'everycount%')::int""";

    private static final String OWN_LIMIT = """
            SELECT least(coalesce(nullif(rolconnlimit, -1), 2147483647),
                         (SELECT coalesce(nullif(datconnlimit, -1), 2147483647) FROM pg_database
                          WHERE datname = current_database()))
            FROM pg_roles WHERE rolname = current_user""";

    private final Settings settings;
    private final int instances;
    private final List<Finding> findings = new ArrayList<>();

    private DatabaseChecks(Settings settings, int instances) {
        this.settings = settings;
        this.instances = instances;
    }

    /**
     * What was found; nothing beyond the first thing that keeps everything else from being looked at.
     *
     * @param instances how many servers with these settings share the database
     */
    static List<Finding> run(Settings settings, int instances) {
        DatabaseChecks checks = new DatabaseChecks(settings, instances);
        checks.run();
        return checks.findings;
    }

    private void run() {
        String url = settings.find(Setting.DATABASE_URL);
        if (url == null) {
            findings.add(Finding.fail(
                    "database", "none is given: set database-url (--database-url or EVERYCOUNT_DATABASE_URL)"));
            return;
        }
        long startNanos = System.nanoTime();
        try (Connection connection = DriverManager.getConnection(url, properties())) {
            long millis = (System.nanoTime() - startNanos) / 1_000_000;
            findings.add(Finding.ok(
                    "database",
                    one(connection, "SELECT current_database() || ' as ' || current_user") + ", connected in " + millis
                            + " ms"));
            version(connection);
            writable(connection);
            schema(connection);
            clock(connection);
            connections(connection);
            durability(connection);
        } catch (SQLException e) {
            findings.add(Finding.fail("database", DatabaseUrl.shown(url) + ": " + advice(e)));
        }
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("user", settings.get(Setting.DATABASE_USER));
        properties.setProperty(
                "password", settings.get(Setting.DATABASE_PASSWORD).value());
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("loginTimeout", "5");
        properties.setProperty("socketTimeout", "10");
        properties.setProperty("ApplicationName", "everycount doctor");
        if (settings.get(Setting.PGBOUNCER)) {
            properties.setProperty("prepareThreshold", "0");
        }
        return properties;
    }

    private static String advice(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        String message = oneLine(failure);
        if (state.startsWith("08")) {
            return message + " Is it running, and reachable from here?";
        }
        if (state.startsWith("28")) {
            return message + ". Check database-user, database-password and the server's pg_hba.conf";
        }
        if (state.equals("3D000")) {
            return message + ". Create it: createdb, or CREATE DATABASE";
        }
        return message + " (SQLSTATE " + state + ")";
    }

    private static String oneLine(Exception failure) {
        return Text.printable(
                String.valueOf(failure.getMessage())
                        .replaceAll("\\s*\n\\s*", " ")
                        .strip(),
                300);
    }

    private void version(Connection connection) throws SQLException {
        int number = Integer.parseInt(one(connection, "SHOW server_version_num"));
        String version = "Postgres " + one(connection, "SHOW server_version");
        findings.add(
                number >= VERSION_MIN
                        ? Finding.ok("version", version)
                        : Finding.fail("version", version + "; 13 or later is needed"));
    }

    private void writable(Connection connection) throws SQLException {
        if (isTrue(connection, "SELECT pg_is_in_recovery()")) {
            findings.add(Finding.fail(
                    "writable", "this server is a standby: name the primary, or all hosts, in database-url"));
        } else if (one(connection, "SHOW transaction_read_only").equals("on")) {
            findings.add(Finding.fail(
                    "writable", "transactions are read-only for this role: see default_transaction_read_only"));
        } else {
            findings.add(Finding.ok("writable", "the server takes writes"));
        }
    }

    private void schema(Connection connection) throws SQLException {
        String prefix = settings.get(Setting.TABLE_PREFIX);
        if (!isTrue(connection, "SELECT to_regclass('" + prefix + "schema') IS NOT NULL")) {
            missingSchema(connection, prefix);
            return;
        }
        try (JdbcCounterSink sink = settings.sink()) {
            String id = sink.schema().check().toString();
            String version = one(connection, "SELECT version::text FROM " + prefix + "schema");
            findings.add(Finding.ok("schema", prefix + "* version " + version + ", database id " + id));
        } catch (SinkException e) {
            findings.add(
                    settings.get(Setting.CREATE_SCHEMA) && mayChangeOldTables(connection, prefix)
                            ? Finding.ok(
                                    "schema",
                                    "the tables " + prefix
                                            + "* are of an older version; serve will bring them to version "
                                            + CounterSchema.VERSION)
                            : Finding.fail("schema", oneLine(e)));
            return;
        }
        permission(connection, prefix + "counter", "SELECT", "INSERT", "UPDATE");
        permission(connection, prefix + "instance", "SELECT", "INSERT", "UPDATE");
        permission(connection, prefix + "quarantine", "SELECT", "INSERT", "UPDATE");
        permission(connection, prefix + "gap", "INSERT");
        if (findings.stream().noneMatch(finding -> finding.what().equals("permissions"))) {
            findings.add(Finding.ok("permissions", "the role may read and write the tables"));
        }
    }

    private static boolean mayChangeOldTables(Connection connection, String prefix) {
        try {
            return isTrue(
                    connection,
                    "SELECT coalesce((SELECT version BETWEEN 1 AND " + (CounterSchema.VERSION - 1) + " FROM " + prefix
                            + "schema) AND pg_has_role((SELECT relowner FROM pg_class WHERE oid = to_regclass('"
                            + prefix + "instance')), 'USAGE'), false)");
        } catch (SQLException e) {
            // What the check said is what there is to say.
            return false;
        }
    }

    private void missingSchema(Connection connection, String prefix) throws SQLException {
        int dot = prefix.indexOf('.');
        String schema = dot < 0 ? "current_schema()" : "'" + prefix.substring(0, dot) + "'";
        if (dot >= 0
                && !isTrue(connection, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = " + schema + ")")) {
            findings.add(Finding.fail("schema", "there is no schema " + schema + ": CREATE SCHEMA it first"));
        } else if (!settings.get(Setting.CREATE_SCHEMA)) {
            findings.add(Finding.fail(
                    "schema",
                    "the tables " + prefix + "* are missing, and create-schema is false: create them, or set it"));
        } else if (!isTrue(connection, "SELECT coalesce(has_schema_privilege(" + schema + ", 'CREATE'), false)")) {
            findings.add(Finding.fail(
                    "schema",
                    "the tables " + prefix + "* are missing, and the role may not create them: GRANT CREATE ON SCHEMA"
                            + " to it, or create them as another role"));
        } else {
            findings.add(Finding.ok("schema", "the tables " + prefix + "* are missing; serve will create them"));
        }
    }

    private void permission(Connection connection, String table, String... privileges) throws SQLException {
        for (String privilege : privileges) {
            if (!isTrue(connection, "SELECT has_table_privilege('" + table + "', '" + privilege + "')")) {
                findings.add(
                        Finding.fail("permissions", "GRANT " + privilege + " ON " + table + " to the role is missing"));
            }
        }
    }

    private void clock(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT clock_timestamp()")) {
            Instant before = Instant.now();
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                Instant there = row.getObject(1, OffsetDateTime.class).toInstant();
                Instant here =
                        before.plus(Duration.between(before, Instant.now()).dividedBy(2));
                Duration difference = Duration.between(here, there);
                String shown =
                        Text.time(difference.abs()) + (difference.isNegative() ? " behind" : " ahead of") + " ours";
                findings.add(
                        difference.abs().compareTo(CLOCK_DIFFERENCE_MAX) <= 0
                                ? Finding.ok("clock", "the database's is " + shown)
                                : Finding.warn(
                                        "clock",
                                        "the database's is " + shown
                                                + ": counts are not affected, times that are shown are; see NTP"));
            }
        }
    }

    private void connections(Connection connection) throws SQLException {
        if (settings.get(Setting.PGBOUNCER)) {
            findings.add(Finding.ok("connections", "a pooler is in between: its limits count, not the server's"));
            return;
        }
        long needed = (long) POOL * instances;
        int room = Integer.parseInt(one(connection, ROOM));
        int ownLimit = Integer.parseInt(one(connection, OWN_LIMIT));
        String wanted = instances == 1
                ? "a server takes up to " + POOL
                : Text.count(instances) + " servers take up to " + Text.count(needed) + ", " + POOL + " each";
        String detail = wanted + "; of max_connections " + one(connection, "SHOW max_connections") + " others leave "
                + Text.count(Math.max(0, room));
        if (ownLimit < room) {
            detail += ", and the role or the database allows " + Text.count(ownLimit);
        }
        int available = Math.min(room, ownLimit);
        if (available < instances) {
            findings.add(Finding.fail("connections", detail + ": not every server gets one; raise the limit"));
        } else if (available < needed) {
            findings.add(Finding.warn("connections", detail + ": raise the limit, or close some"));
        } else {
            findings.add(Finding.ok("connections", detail));
        }
    }

    private void durability(Connection connection) throws SQLException {
        if (one(connection, "SHOW fsync").equals("off")) {
            findings.add(Finding.warn(
                    "durability",
                    "the server has fsync off: a crash of its machine can lose or damage totals; turn it on"));
        } else if (one(connection, "SHOW full_page_writes").equals("off")) {
            findings.add(Finding.warn(
                    "durability",
                    "the server has full_page_writes off: fine only on a file system that never tears a page"));
        } else if (!settings.get(Setting.SYNCHRONOUS_COMMIT)) {
            findings.add(Finding.warn(
                    "durability",
                    "synchronous-commit is false: a crash of the database server can undo what was acknowledged as"
                            + " written; this adapter writes it again as long as it lives"));
        } else {
            String server = one(connection, "SHOW synchronous_commit");
            findings.add(Finding.ok(
                    "durability",
                    "fsync on, synchronous_commit " + server
                            + (server.equals("off") ? " for others; our writes turn it on" : "")));
        }
    }

    private static boolean isTrue(Connection connection, String sql) throws SQLException {
        return one(connection, sql).equals("t");
    }

    private static String one(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setQueryTimeout(5);
            try (ResultSet row = statement.executeQuery()) {
                @Nullable String value = row.next() ? row.getString(1) : null;
                if (value == null) {
                    throw new SQLException("the server answers nothing to " + sql);
                }
                return value;
            }
        }
    }
}
