// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The Postgres to count into: one of our own, started here, or the one that the user named. */
final class Store implements AutoCloseable {
    private static final int CONNECT_SECONDS = 10;
    private static final Duration STOP_MAX = Duration.ofSeconds(30);

    private final @Nullable PostgresServer server;
    private final String database;
    private final String url;
    private final String user;
    private final String password;

    private Store(@Nullable PostgresServer server, String database, String url, String user, String password) {
        this.server = server;
        this.database = database;
        this.url = url;
        this.user = user;
        this.password = password;
    }

    /**
     * Starts Postgres, or makes sure that the user's can be reached, and says which.
     *
     * @param database to create on a server of our own, unless it is there
     * @throws UserError if that fails
     */
    static Store open(Options options, String database, Console console) {
        String url = options.url();
        if (url != null) {
            String user = options.user().isEmpty() ? System.getProperty("user.name") : options.user();
            Store store = new Store(null, database, url, user, options.password());
            store.introduce(console, Options.withoutParameters(url));
            return store;
        }
        return openOwn(options.data(), database, console);
    }

    /** Starts Postgres and says so. */
    static Store openOwn(Path directory, String database, Console console) {
        long started = System.nanoTime();
        Path data = directory.toAbsolutePath().normalize().resolve("postgres");
        PostgresServer server = start(data, console);
        Store store = new Store(server, database, server.jdbcUrl(database), server.user(), server.password());
        try {
            store.createDatabase(server);
            store.introduce(
                    console,
                    "our own, on port " + server.port() + ", data in " + shortest(data) + ", started in "
                            + Text.time(Duration.ofNanos(System.nanoTime() - started)));
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        return store;
    }

    private static PostgresServer start(Path data, Console console) {
        try {
            Files.createDirectories(data);
            stopLeftOver(data, console);
            return PostgresServer.builder()
                    .dataDirectory(data)
                    // The database and the virtual transaction, for whoever counts statements in the log.
                    .setting("log_line_prefix", "%m [%p] %d %v ")
                    .start();
        } catch (UserError e) {
            throw e;
        } catch (IOException e) {
            throw new UserError("cannot keep data in " + data + ": "
                    + (e instanceof AccessDeniedException ? "permission denied" : "it cannot be created or read")
                    + " (" + e.getMessage() + ")");
        } catch (RuntimeException e) {
            throw new UserError("the embedded Postgres did not start: " + e.getMessage() + "\nIts log is " + data
                    + ".log. --url names another server to use instead.");
        }
    }

    /**
     * A run that was killed leaves its server behind. One that is running does not: its server has a
     * living parent.
     */
    private static void stopLeftOver(Path data, Console console) throws IOException {
        Path pidFile = data.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        List<String> lines = Files.readAllLines(pidFile);
        @Nullable
        ProcessHandle postmaster = lines.isEmpty()
                ? null
                : ProcessHandle.of(Long.parseLong(lines.get(0).strip())).orElse(null);
        if (postmaster == null || !postmaster.info().commandLine().orElse("").contains(data.toString())) {
            // Postgres itself finds that the file is stale.
            return;
        }
        boolean inUse = postmaster
                .parent()
                .flatMap(parent -> parent.info().command())
                .filter(command -> command.endsWith("java"))
                .isPresent();
        if (inUse) {
            throw new UserError("another run is using " + shortest(data) + " (Postgres has process id "
                    + postmaster.pid() + "): wait for it, or use --data");
        }
        console.note("Stopping a Postgres that an earlier run left behind (process " + postmaster.pid() + ")");
        try {
            // Postgres takes SIGTERM as "when all clients have gone", and there are none.
            postmaster.destroy();
            postmaster.onExit().get(STOP_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
            throw new UserError(
                    "a Postgres that an earlier run left behind does not stop: process " + postmaster.pid());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("interrupted");
        }
    }

    private void createDatabase(PostgresServer own) {
        try (Connection connection = connect(own.jdbcUrl("postgres"));
                Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT FROM pg_database WHERE datname = '" + database + "'")) {
                if (row.next()) {
                    return;
                }
            }
            statement.execute("CREATE DATABASE " + database);
        } catch (SQLException e) {
            throw new UserError("cannot create the database " + database + ": " + e.getMessage());
        }
    }

    private void introduce(Console console, String where) {
        try (Connection connection = connect(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT split_part(current_setting('server_version'), ' ', 1),"
                        + " current_setting('fsync'), current_setting('synchronous_commit')")) {
            row.next();
            console.note("Postgres %s: %s; fsync %s, synchronous_commit %s"
                    .formatted(row.getString(1), where, row.getString(2), row.getString(3)));
        } catch (SQLException e) {
            throw new UserError("cannot use " + Options.withoutParameters(url) + " as " + user + ": " + e.getMessage());
        }
    }

    /** The server, if it is ours. */
    @Nullable
    PostgresServer server() {
        return server;
    }

    String database() {
        return database;
    }

    String url() {
        return url;
    }

    String user() {
        return user;
    }

    String password() {
        return password;
    }

    /** A connection of one's own. */
    Connection connect() throws SQLException {
        return connect(url);
    }

    private Connection connect(String to) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.setProperty("connectTimeout", Integer.toString(CONNECT_SECONDS));
        return DriverManager.getConnection(to, properties);
    }

    /** A sink for tables of this prefix, which are there when this returns. */
    JdbcCounterSink sink(String prefix) {
        JdbcCounterSink sink =
                JdbcCounterSink.builder(url, user, password).tablePrefix(prefix).build();
        try {
            sink.schema().apply();
        } catch (RuntimeException e) {
            sink.close();
            throw new UserError(e.getMessage() == null ? e.toString() : e.getMessage());
        }
        return sink;
    }

    /**
     * All totals of a table together.
     *
     * @param keys how many there are
     * @param sum of their values
     */
    record Sum(long keys, long sum) {}

    /** Sums up the totals as they are now. */
    Sum sum(String prefix) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT count(*), coalesce(sum(value), 0) FROM " + prefix + "counter")) {
            row.next();
            return new Sum(row.getLong(1), row.getLong(2));
        }
    }

    /** A path below where the user is, as seen from there. */
    static String shortest(Path path) {
        Path here = Path.of("").toAbsolutePath();
        return here.getNameCount() > 0 && path.startsWith(here)
                ? here.relativize(path).toString()
                : path.toString();
    }

    @Override
    public void close() {
        if (server != null) {
            // After Ctrl-C, too, the server has stopped when this returns, so that the next run finds none.
            boolean interrupted = Thread.interrupted();
            server.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
