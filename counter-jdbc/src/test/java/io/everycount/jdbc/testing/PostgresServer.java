// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.testing;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A Postgres server of our own: embedded binaries, a child process, root or not. Durable unless told
 * otherwise: {@code fsync} and {@code synchronous_commit} are on.
 *
 * <p>Set the environment variable {@code EVERYCOUNT_TEST_JDBC_URL} (or the system property of that name) to
 * use a server that runs already, as a role that may create databases; {@link #shared} then is that
 * server, and whatever needs the server's process throws UnsupportedOperationException. Tests that do so
 * have the tag {@link #OWN_SERVER}, and the build leaves them out, and says so.
 */
public final class PostgresServer implements AutoCloseable {
    /** The tag of tests that stop, kill or restore the server, or read its log. */
    public static final String OWN_SERVER = "own-server";

    /** Names a server to use in place of the embedded one. */
    public static final String URL_VARIABLE = "EVERYCOUNT_TEST_JDBC_URL";

    private static final String USER = "postgres";
    private static final String PASSWORD = "everycount";
    private static final Duration START_MAX = Duration.ofSeconds(60);

    private static final Pattern EXTERNAL = Pattern.compile("^jdbc:postgresql://([^/:,]+):(\\d+)/");

    private final Path data;
    private final boolean temporary;
    private final int port;
    private final Map<String, String> settings;
    private final String externalUrl;
    private final Thread atExit = new Thread(this::closeQuietly, "postgres-stop");
    private Process process;

    private PostgresServer(Builder builder, String externalUrl) throws IOException {
        this.externalUrl = externalUrl;
        this.settings = new LinkedHashMap<>(builder.settings);
        if (externalUrl != null) {
            this.data = null;
            this.temporary = false;
            this.port = 0;
            return;
        }
        this.temporary = builder.dataDirectory == null;
        this.port = builder.port != 0 ? builder.port : freePort();
        if (temporary) {
            Path parent = Files.createTempDirectory("everycount-pg");
            Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
            this.data = parent.resolve("data");
        } else {
            this.data = builder.dataDirectory.toAbsolutePath();
        }
        if (!Files.exists(data.resolve("PG_VERSION"))) {
            initialise();
        }
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** One server for this JVM, started by whoever asks first, stopped with the JVM. */
    public static PostgresServer shared() {
        return Shared.SERVER;
    }

    private static final class Shared {
        static final PostgresServer SERVER = open();

        private static PostgresServer open() {
            String url = externalServer();
            try {
                return url == null ? builder().start() : new PostgresServer(new Builder(), url);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The URL of the server that is to be used in place of the embedded one, or null. */
    public static String externalServer() {
        String property = System.getProperty(URL_VARIABLE, System.getenv(URL_VARIABLE));
        return property == null || property.isBlank() ? null : property;
    }

    /** A server of one's own. */
    public static Builder builder() {
        return new Builder();
    }

    /** How a server is stopped. */
    public enum Shutdown {
        /** Roll back, disconnect, write a checkpoint. */
        FAST("INT"),
        /** No checkpoint: the next start recovers, as after a crash. */
        IMMEDIATE("QUIT");

        private final String signal;

        Shutdown(String signal) {
            this.signal = signal;
        }
    }

    /** The port; the same after every restart. */
    public int port() {
        return externalUrl == null ? port : Integer.parseInt(externalAddress().group(2));
    }

    /** The server's host. */
    public String host() {
        return externalUrl == null ? "127.0.0.1" : externalAddress().group(1);
    }

    private Matcher externalAddress() {
        var address = EXTERNAL.matcher(externalUrl);
        if (!address.find()) {
            throw new IllegalStateException(URL_VARIABLE + " has to look like jdbc:postgresql://host:port/database?…");
        }
        return address;
    }

    /** The user to connect as: a superuser, on an embedded server. */
    public String user() {
        return externalUrl == null ? USER : external().getUser();
    }

    /** The user's password. */
    public String password() {
        return externalUrl == null ? PASSWORD : external().getPassword();
    }

    private PGSimpleDataSource external() {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(externalUrl);
        return dataSource;
    }

    /** A JDBC URL of a database on this server, without user and password. */
    public String jdbcUrl(String database) {
        if (externalUrl == null) {
            return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
        }
        int query = externalUrl.indexOf('?');
        String parameters =
                query < 0 ? "" : externalUrl.substring(query).replaceAll("(?<=[?&])(user|password)=[^&]*&?", "");
        String address = query < 0 ? externalUrl : externalUrl.substring(0, query);
        return address.substring(0, address.lastIndexOf('/') + 1) + database + parameters;
    }

    /** Creates an empty database with a name of its own. */
    public TestDatabase newDatabase() {
        return newDatabase("");
    }

    /**
     * Creates an empty database.
     *
     * @param options of CREATE DATABASE
     */
    public TestDatabase newDatabase(String options) {
        String name = "test_" + UUID.randomUUID().toString().replace("-", "");
        administrate("CREATE DATABASE " + name + " " + options);
        return new TestDatabase(this, name);
    }

    /** Runs a statement in the server's own database, as its superuser. */
    public void administrate(String sql) {
        try (Connection connection = administration();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    private Connection administration() throws SQLException {
        return externalUrl == null
                ? DriverManager.getConnection(jdbcUrl("postgres"), USER, PASSWORD)
                : DriverManager.getConnection(externalUrl);
    }

    /** The data directory. */
    public Path dataDirectory() {
        requireOwn();
        return data;
    }

    /** What the server has written, over all its starts. */
    public Path log() {
        requireOwn();
        return data.resolveSibling(data.getFileName() + ".log");
    }

    /** Where the log ends now, to be handed to {@link #logSince}. */
    public long logEnd() {
        try {
            return Files.size(log());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What was logged after a point. */
    public String logSince(long offset) {
        try (RandomAccessFile file = new RandomAccessFile(log().toFile(), "r")) {
            byte[] bytes = new byte[Math.toIntExact(file.length() - offset)];
            file.seek(offset);
            file.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the server's process is there. */
    public boolean isRunning() {
        return externalUrl != null || process != null && process.isAlive();
    }

    /** Starts the server again, on the same port and the same data, and waits until it accepts queries. */
    public synchronized void start() {
        requireOwn();
        if (isRunning()) {
            throw new IllegalStateException("the server is running");
        }
        long deadline = System.nanoTime() + START_MAX.toNanos();
        try {
            launch();
            while (!acceptsQueries()) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException("the server did not start in " + START_MAX + ":\n" + logTail());
                }
                if (!process.isAlive()) {
                    // After a kill, processes that outlive their parent for a moment still hold its memory.
                    if (!logTail().contains("is still in use")) {
                        throw new IllegalStateException("the server did not start:\n" + logTail());
                    }
                    process.onExit().get();
                    launch();
                }
                process.waitFor(20, TimeUnit.MILLISECONDS);
            }
        } catch (IOException | ExecutionException e) {
            throw new IllegalStateException("the server did not start", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Stops the server and waits until it has gone. */
    public synchronized void stop(Shutdown shutdown) {
        requireOwn();
        if (!isRunning()) {
            return;
        }
        run(List.of("kill", "-" + shutdown.signal, Long.toString(process.pid())));
        awaitEnd();
    }

    /** Kills the server and every process that it has started, all at once, and waits for their end. */
    public synchronized void kill9() {
        requireOwn();
        List<ProcessHandle> all = new ArrayList<>();
        // The parent first: it would start a new set of children.
        all.add(process.toHandle());
        process.descendants().forEach(all::add);
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(PostgresServer::await);
        awaitEnd();
    }

    /**
     * Kills the server's processes that serve clients, as a crash of one would; it then restarts itself.
     *
     * @return how many
     */
    public int killBackends() {
        requireOwn();
        // Their command lines say who is a client's, but Java leaves out the part in which they do.
        List<Long> clients = new ArrayList<>();
        try (Connection connection = administration();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT pid FROM pg_stat_activity"
                        + " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")) {
            while (rows.next()) {
                clients.add(rows.getLong(1));
            }
            clients.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        } catch (SQLException e) {
            if (clients.isEmpty()) {
                throw new IllegalStateException(e);
            }
            // The server closes every connection when one of its processes is killed, this one too.
        }
        return clients.size();
    }

    /** Copies the data of the stopped server to a directory, which must not be there yet. */
    public void copyTo(Path directory) {
        requireStopped();
        run(List.of("cp", "-a", data.toString(), directory.toString()));
    }

    /** Puts a copy made by {@link #copyTo} in the place of the stopped server's data: back in time. */
    public void restoreFrom(Path directory) {
        requireStopped();
        try {
            Directories.delete(data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        run(List.of("cp", "-a", directory.toString(), data.toString()));
    }

    /** Stops the server; deletes its data unless a directory was given for it. */
    @Override
    public void close() {
        if (externalUrl != null) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM is on its way out, perhaps in this very hook.
        }
        closeQuietly();
    }

    private void closeQuietly() {
        stop(temporary ? Shutdown.IMMEDIATE : Shutdown.FAST);
        if (temporary) {
            try {
                Directories.delete(data.getParent());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void initialise() throws IOException {
        Files.createDirectories(data);
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
        List<String> prefix = PostgresBinaries.notAsRoot();
        Path passwordFile = Files.createTempFile("everycount-pg", ".pw");
        try {
            Files.writeString(passwordFile, PASSWORD);
            if (!prefix.isEmpty() && !prefix.get(0).equals("unshare")) {
                run(List.of("chown", "-R", "65534:65534", data.toString(), passwordFile.toString()));
            }
            List<String> command = new ArrayList<>(prefix);
            command.addAll(List.of(
                    PostgresBinaries.unpacked().resolve("bin/initdb").toString(),
                    "-D",
                    data.toString(),
                    "-U",
                    USER,
                    "-A",
                    "scram-sha-256",
                    "--pwfile=" + passwordFile,
                    "-E",
                    "UTF8",
                    "--no-locale",
                    "--no-sync",
                    "--no-instructions"));
            run(command);
        } finally {
            Files.delete(passwordFile);
        }
    }

    private void launch() throws IOException {
        List<String> command = new ArrayList<>(PostgresBinaries.notAsRoot());
        command.addAll(List.of(
                PostgresBinaries.unpacked().resolve("bin/postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port)));
        settings.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
    }

    private boolean acceptsQueries() {
        try (Connection connection = administration();
                Statement statement = connection.createStatement()) {
            return statement.execute("SELECT 1");
        } catch (SQLException e) {
            return false;
        }
    }

    private String logTail() throws IOException {
        String all = Files.exists(log()) ? Files.readString(log()) : "";
        return all.substring(Math.max(0, all.length() - 3000));
    }

    private void requireOwn() {
        if (externalUrl != null) {
            throw new UnsupportedOperationException("this needs a server of our own, and " + URL_VARIABLE
                    + " names another: tag the test " + OWN_SERVER);
        }
    }

    private void requireStopped() {
        requireOwn();
        if (isRunning()) {
            throw new IllegalStateException("stop the server first");
        }
    }

    /** The process's own handle may see its end before the process itself does, which {@link #isRunning} asks. */
    private void awaitEnd() {
        await(process.pid(), process.onExit());
    }

    private static void await(ProcessHandle handle) {
        await(handle.pid(), handle.onExit());
    }

    private static void await(long pid, CompletableFuture<?> end) {
        try {
            end.get(START_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("process " + pid + " did not end", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static void run(List<String> command) {
        try {
            Process child =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (child.waitFor() != 0) {
                throw new IllegalStateException(command + " failed:\n" + out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** How to start a server. */
    public static final class Builder {
        private final Map<String, String> settings = new LinkedHashMap<>();
        private Path dataDirectory;
        private int port;

        private Builder() {
            setting("listen_addresses", "127.0.0.1");
            setting("unix_socket_directories", "");
            setting("log_line_prefix", "%m [%p] %d ");
            setting("shared_buffers", "128MB");
            setting("max_connections", "200");
            durable(true);
        }

        /** Whether a commit is on the disk when it returns; default true. */
        public Builder durable(boolean durable) {
            setting("fsync", durable ? "on" : "off");
            return setting("synchronous_commit", durable ? "on" : "off");
        }

        /** Where the data lies; it stays there after {@link #close} and serves the next start. */
        public Builder dataDirectory(Path directory) {
            dataDirectory = Objects.requireNonNull(directory);
            return this;
        }

        /** The port; default is any free one. */
        public Builder port(int number) {
            port = number;
            return this;
        }

        /** A setting of the server, as in {@code postgresql.conf}. */
        public Builder setting(String name, String value) {
            settings.put(name, value);
            return this;
        }

        /** Starts it, whatever {@link #URL_VARIABLE} says. */
        public PostgresServer start() {
            try {
                PostgresServer server = new PostgresServer(this, null);
                server.start();
                return server;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
