// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.FatalSinkException;
import io.everycount.sink.SinkException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The tables: print them, create them, or check that they are there. Thread-safe.
 *
 * <p>A database gets an id when its tables are created. It is kept in the schema table <em>and</em> in the
 * ledger, so that totals which were restored without the ledger that belongs to them are refused
 * instead of being written to again.
 */
public final class CounterSchema {
    /** The version of the tables that this library creates, and needs. */
    public static final int VERSION = 2;

    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final int CHANGE_WAIT_MILLIS = 250;
    private static final int CHANGE_TRIES = 20;
    private static final long CHANGE_PAUSE_NANOS = 250_000_000;

    private static final int NONE = -1;
    private static final int UNKNOWN = -2;

    private final Database database;
    private final Sql sql;

    CounterSchema(Database database, Sql sql) {
        this.database = database;
        this.sql = sql;
    }

    /**
     * The tables of a database, for a prefix, with the default timeouts.
     *
     * @param dataSource of a role that may create tables, if {@link #apply} is to be called
     * @param tablePrefix as in {@link JdbcCounterSink.Builder#tablePrefix}
     */
    public static CounterSchema of(DataSource dataSource, String tablePrefix) {
        Objects.requireNonNull(dataSource, "dataSource");
        Sql sql = new Sql(tablePrefix, Waits.DEFAULT, true);
        return new CounterSchema(new Database(dataSource, sql), sql);
    }

    /**
     * The SQL that creates the tables, or brings those of an older version up to date, for {@code psql} or a migration
     * tool; safe to run again.
     */
    public static String sql(String tablePrefix) {
        try (InputStream in = CounterSchema.class.getResourceAsStream("schema-" + VERSION + ".sql")) {
            Objects.requireNonNull(in, "the schema's resource");
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return Sql.filled(text, Sql.requirePrefix(tablePrefix));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #sql(String)}, for the prefix of this object. */
    public String sql() {
        return sql(sql.prefix);
    }

    /**
     * Creates the tables, unless they are there, and changes those of an older version: in one transaction, under
     * a lock, so any number of instances can call this at once, and those of an older version go on
     * meanwhile. A role that may not create tables can call it too, once they are there.
     *
     * @throws SinkException as {@link #check} does, or if the tables could not be created or changed
     */
    public void apply() {
        int version = version();
        if (version == NONE) {
            run("could not create the tables " + sql.prefix + "*", () -> database.inTransaction(this::create));
        } else if (isOld(version)) {
            run(
                    "could not change the tables " + sql.prefix + "* from version " + version + " to " + VERSION,
                    this::changeBetweenFlushes);
        }
        check();
    }

    /** Whether there are tables that {@link #apply} would change. */
    boolean isOld() {
        return isOld(version());
    }

    private static boolean isOld(int version) {
        return version >= 1 && version < VERSION;
    }

    private boolean create(Connection connection) throws SQLException {
        try (Statement statement = database.statement(connection)) {
            statement.execute(sql.lock);
            requireUtf8(connection);
            int version = version(connection);
            return version != NONE && !isOld(version) || statement.execute(sql());
        }
    }

    /** Everybody's flushes queue up behind a change that waits for a long reader, such as a dump; so it waits briefly. */
    private boolean changeBetweenFlushes() throws SQLException {
        for (int tries = 1; ; tries++) {
            try {
                return database.inTransaction(this::change);
            } catch (SQLException e) {
                if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || tries == CHANGE_TRIES) {
                    throw e;
                }
            }
            LockSupport.parkNanos(CHANGE_PAUSE_NANOS);
        }
    }

    /** Under the lock of the table that it changes: flushes that have that one may wait for the advisory lock. */
    private boolean change(Connection connection) throws SQLException {
        try (Statement statement = database.statement(connection)) {
            statement.execute("SET LOCAL lock_timeout = " + CHANGE_WAIT_MILLIS);
            return statement.execute(sql());
        }
    }

    private int version() {
        return run("could not look for the tables " + sql.prefix + "*", () -> database.autocommitted(this::version));
    }

    /** That of the tables that are there; {@link #NONE} if there are none, {@link #UNKNOWN} if they do not say. */
    private int version(Connection connection) throws SQLException {
        if (!isThere(connection)) {
            return NONE;
        }
        try (PreparedStatement statement =
                        database.prepared(connection, "SELECT version FROM " + sql.prefix + "schema");
                ResultSet row = statement.executeQuery()) {
            return row.next() ? row.getInt(1) : UNKNOWN;
        }
    }

    private <T> T run(String doing, Failures.Work<T> work) {
        return Failures.translating(doing, sql.prefix, work);
    }

    /**
     * Checks that the tables are there, that this library knows their version, and that totals and
     * ledger belong together.
     *
     * @return the database's id
     * @throws FatalSinkException if not; the message says what to do
     * @throws SinkException if it could not be found out
     */
    public UUID check() {
        return run(
                "the tables " + sql.prefix + "* are not usable",
                () -> database.autocommitted(connection -> {
                    requireUtf8(connection);
                    for (String table : new String[] {"counter", "quarantine", "gap"}) {
                        try (Statement statement = database.statement(connection)) {
                            statement.execute("SELECT FROM " + sql.prefix + table + " LIMIT 0");
                        }
                    }
                    return requireKnown(connection);
                }));
    }

    /** The database's id, if this library knows the tables, and they belong together. */
    UUID requireKnown(Connection connection) throws SQLException {
        try (PreparedStatement statement = database.prepared(connection, sql.store)) {
            statement.setInt(1, VERSION);
            try (ResultSet row = statement.executeQuery()) {
                return storeId(row, sql.prefix);
            }
        }
    }

    private boolean isThere(Connection connection) throws SQLException {
        try (PreparedStatement statement = database.prepared(connection, "SELECT to_regclass(?) IS NOT NULL")) {
            statement.setString(1, sql.prefix + "schema");
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    private void requireUtf8(Connection connection) throws SQLException {
        try (PreparedStatement statement =
                        database.prepared(connection, "SELECT current_setting('server_encoding'), current_database()");
                ResultSet row = statement.executeQuery()) {
            row.next();
            if (!row.getString(1).equals("UTF8")) {
                throw new FatalSinkException(
                        "database " + row.getString(2) + " has the encoding " + row.getString(1)
                                + "; keys are UTF-8: use a database created with ENCODING 'UTF8'",
                        null);
            }
        }
    }

    /**
     * Reads the first four columns of what {@link Sql#store} returns.
     *
     * @throws FatalSinkException unless the row is there, its version known and both ids the same
     */
    static UUID storeId(ResultSet row, String prefix) throws SQLException {
        if (!row.next()) {
            throw new FatalSinkException(
                    "table " + prefix + "schema is empty: it was cleared, or restored without its row. Restore it"
                            + " together with " + prefix + "counter and " + prefix + "instance from one backup",
                    null);
        }
        int version = row.getInt(1);
        if (isOld(version)) {
            throw new FatalSinkException(
                    "the tables " + prefix + "* have version " + version + ", and this library needs version " + VERSION
                            + ": run what CounterSchema.sql() prints as their owner, or call CounterSchema.apply(), or"
                            + " build the sink with createSchema(true), as a role that owns them. Processes of older"
                            + " versions go on working with the tables",
                    null);
        }
        if (!row.getBoolean(2)) {
            throw new FatalSinkException(
                    "the tables " + prefix + "* have version " + version + ", and this library knows version " + VERSION
                            + ": update the library",
                    null);
        }
        UUID databaseId = row.getObject(3, UUID.class);
        @Nullable UUID sentinel = row.getObject(4, UUID.class);
        if (!databaseId.equals(sentinel)) {
            throw new FatalSinkException(
                    "the ledger " + prefix + "instance "
                            + (sentinel == null
                                    ? "has lost its row for the nil UUID"
                                    : "has the database id " + sentinel)
                            + ", but " + prefix + "schema says " + databaseId
                            + ": totals and ledger do not belong together, and writing could count records twice."
                            + " Restore all of these tables from one backup",
                    null);
        }
        return databaseId;
    }
}
