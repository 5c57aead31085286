// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.testing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.postgresql.ds.PGSimpleDataSource;

/** An empty database on a server, dropped on close. */
public final class TestDatabase implements AutoCloseable {
    /**
     * Except for what a driver or a pool sends of its own accord: an empty query, to see whether anybody
     * is there, and its name, on each new connection.
     */
    private static final Pattern STATEMENT =
            Pattern.compile("LOG:  (?:statement|execute [^:]*): (?=\\S)(?!SET application_name)");

    private final PostgresServer server;
    private final String name;

    TestDatabase(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
    }

    /** The database's name. */
    public String name() {
        return name;
    }

    /** The server it is on. */
    public PostgresServer server() {
        return server;
    }

    /** Its JDBC URL. */
    public String jdbcUrl() {
        return server.jdbcUrl(name);
    }

    /** New connections for each request, without any settings. */
    public PGSimpleDataSource dataSource() {
        return dataSource(jdbcUrl());
    }

    /** The same through a proxy on this machine. */
    public PGSimpleDataSource dataSource(TcpProxy proxy) {
        return dataSource(jdbcUrl(proxy));
    }

    /** Its JDBC URL through a proxy on this machine. */
    public String jdbcUrl(TcpProxy proxy) {
        return jdbcUrl().replaceFirst("//[^/]*/", "//127.0.0.1:" + proxy.port() + "/");
    }

    private PGSimpleDataSource dataSource(String url) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url);
        dataSource.setUser(server.user());
        dataSource.setPassword(server.password());
        return dataSource;
    }

    /** Runs statements. */
    public void execute(String sql) {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** Runs a query and returns its rows, each with its columns as text, joined by a bar. */
    public List<String> query(String sql) {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> result = new ArrayList<>();
            while (rows.next()) {
                List<String> columns = new ArrayList<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    columns.add(rows.getString(i));
                }
                result.add(String.join("|", columns));
            }
            return result;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }

    /** Runs a query of one number. */
    public long number(String sql) {
        return Long.parseLong(query(sql).get(0));
    }

    /** How many bytes of write-ahead log the server has written so far, for whatever database. */
    public long walBytes() {
        return number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint");
    }

    /**
     * The statements that the server has logged for this database while something ran, from connections
     * opened after the first call. Needs an embedded server.
     */
    public List<String> statementsOf(Runnable something) {
        long from = server.logEnd();
        something.run();
        List<String> statements = new ArrayList<>();
        for (String line : server.logSince(from).split("\n(?=\\d{4}-\\d\\d-\\d\\d )")) {
            var found = STATEMENT.matcher(line);
            if (line.contains("] " + name + " ") && found.find()) {
                statements.add(line.substring(found.end()).strip());
            }
        }
        return statements;
    }

    /** Makes the server log every statement of connections to this database that are opened from now on. */
    public void logStatements() {
        execute("ALTER DATABASE " + name + " SET log_statement = 'all'");
    }

    /** Drops it, whoever is connected. */
    @Override
    public void close() {
        server.administrate("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    }
}
