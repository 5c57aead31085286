// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.postgresql.ds.PGSimpleDataSource;

/** What these tests break, and sinks that do not wait long for it. */
final class Faulty {
    private static PostgresServer server;

    private Faulty() {}

    /** A server that tests may stop, kill and restore; running again after each of them. */
    static synchronized PostgresServer server() {
        if (server == null) {
            server = PostgresServer.builder().start();
        } else if (!server.isRunning()) {
            server.start();
        }
        return server;
    }

    static JdbcCounterSink.Builder sink(TestDatabase database) {
        return sink(database, database.jdbcUrl());
    }

    /** A sink with a pool of its own whose waits are short. */
    static JdbcCounterSink.Builder sink(TestDatabase database, String url) {
        PostgresServer its = database.server();
        JdbcCounterSink.Builder builder = its.user() == null
                ? JdbcCounterSink.builder(new PGSimpleDataSource() {
                    {
                        setUrl(url);
                    }
                })
                : JdbcCounterSink.builder(url, its.user(), its.password());
        return shortWaits(builder);
    }

    static JdbcCounterSink.Builder shortWaits(JdbcCounterSink.Builder builder) {
        return builder.lockTimeout(Duration.ofMillis(400))
                .statementTimeout(Duration.ofMillis(800))
                .socketTimeout(Duration.ofMillis(1_600))
                .connectTimeout(Duration.ofMillis(500));
    }

    /** Whether a statement is a flush: the one that moves the mark, or that adds to totals. */
    static boolean isFlush(String sql) {
        return sql.contains("INTO everycount_counter");
    }

    /** A foreign transaction, rolled back when closed. */
    static final class Session implements AutoCloseable {
        private final Connection connection;

        Session(TestDatabase database) {
            try {
                connection = database.dataSource().getConnection();
                connection.setAutoCommit(false);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }

        Session run(String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
                return this;
            }
        }

        @Override
        public void close() throws SQLException {
            connection.rollback();
            connection.close();
        }
    }

    /** The process of a server's client that waits for a lock in this database, once there is one. */
    static long awaitLockWait(TestDatabase database) {
        return awaitLockWait(database, "%");
    }

    /** The same, for a client whose application name is like this. */
    static long awaitLockWait(TestDatabase database, String application) {
        String waiting = "FROM pg_stat_activity WHERE datname = '" + database.name() + "' AND wait_event_type = 'Lock'"
                + " AND application_name LIKE '" + application + "'";
        long[] pid = new long[1];
        Await.until("somebody waits for a lock", () -> {
            pid[0] = database.number("SELECT coalesce(min(pid), 0) " + waiting);
            return pid[0] != 0;
        });
        return pid[0];
    }
}
