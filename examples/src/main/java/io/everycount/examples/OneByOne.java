// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The other way: one INSERT ... ON CONFLICT for each increment, each a transaction of its own. */
final class OneByOne implements AutoCloseable {
    private final List<String> keys;
    private final List<Connection> connections = new ArrayList<>();
    private final List<PreparedStatement> inserts = new ArrayList<>();
    private final ExecutorService threads;

    /**
     * @param table to write to; made here, and emptied if it is there
     * @param keys to add to in turn
     * @param width how many connections to use at once
     */
    OneByOne(Store store, String table, List<String> keys, int width) throws SQLException {
        this.keys = keys;
        this.threads = Executors.newFixedThreadPool(width);
        try {
            for (int i = 0; i < width; i++) {
                Connection connection = store.connect();
                connections.add(connection);
                try (Statement statement = connection.createStatement()) {
                    if (store.server() != null) {
                        // The log shall not slow this way down.
                        statement.execute("SET log_statement = 'none'");
                    }
                    if (i == 0) {
                        statement.execute("DROP TABLE IF EXISTS " + table);
                        statement.execute("CREATE TABLE " + table + " (key text COLLATE \"C\" PRIMARY KEY,"
                                + " value bigint NOT NULL) WITH (fillfactor = 50)");
                    }
                }
                inserts.add(connection.prepareStatement("INSERT INTO " + table + " AS c VALUES (?, 1)"
                        + " ON CONFLICT (key) DO UPDATE SET value = c.value + 1"));
            }
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    /**
     * Inserts over all connections at once.
     *
     * @param count how many over each connection
     * @return the time of all, divided by their number
     */
    Duration insert(int count) throws SQLException, InterruptedException {
        List<Future<?>> running = new ArrayList<>();
        long started = System.nanoTime();
        for (int c = 0; c < inserts.size(); c++) {
            int first = c * count;
            PreparedStatement insert = inserts.get(c);
            running.add(threads.submit(() -> {
                for (int i = 0; i < count; i++) {
                    insert.setString(1, keys.get((first + i) % keys.size()));
                    insert.executeUpdate();
                }
                return null;
            }));
        }
        for (Future<?> each : running) {
            try {
                each.get();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof SQLException s ? s : new SQLException(e.getCause());
            }
        }
        return Duration.ofNanos((System.nanoTime() - started) / ((long) count * inserts.size()));
    }

    @Override
    public void close() throws SQLException {
        threads.shutdownNow();
        for (Connection connection : connections) {
            connection.close();
        }
    }
}
