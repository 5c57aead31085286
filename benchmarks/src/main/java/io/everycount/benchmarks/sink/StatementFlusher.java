// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/** Flushers of plain JDBC: no ledger, so that a retry after a lost reply counts twice. */
final class StatementFlusher implements Flusher {
    /** How to write. */
    interface Writing {
        void write(Connection connection, String[] keys, long[] deltas) throws SQLException;
    }

    private static final String ON_CONFLICT =
            " ON CONFLICT (key) DO UPDATE" + " SET value = c.value + excluded.value, updated_at = excluded.updated_at";
    private static final String ONE_ROW =
            "INSERT INTO everycount_counter AS c (key, value, updated_at) VALUES (?, ?, now())" + ON_CONFLICT;

    private final Connection connection;
    private final Writing writing;

    StatementFlusher(Connection connection, Writing writing) throws SQLException {
        this.connection = connection;
        this.writing = writing;
        connection.setAutoCommit(false);
    }

    @Override
    public void flush(Sums sums) throws SQLException {
        writing.write(connection, sums.keys(), sums.deltas());
        connection.commit();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    static void oneByOne(Connection connection, String[] keys, long[] deltas) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(ONE_ROW)) {
            for (int i = 0; i < keys.length; i++) {
                insert.setString(1, keys[i]);
                insert.setLong(2, deltas[i]);
                insert.executeUpdate();
                connection.commit();
            }
        }
    }

    static void batch(Connection connection, String[] keys, long[] deltas) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(ONE_ROW)) {
            for (int i = 0; i < keys.length; i++) {
                insert.setString(1, keys[i]);
                insert.setLong(2, deltas[i]);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    static void upsert(Connection connection, String[] keys, long[] deltas) throws SQLException {
        Long[] boxed = new Long[deltas.length];
        for (int i = 0; i < boxed.length; i++) {
            boxed[i] = deltas[i];
        }
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO everycount_counter AS c (key, value, updated_at)"
                        + " SELECT e.key, e.delta, now() FROM unnest(?::text[], ?::bigint[]) AS e (key, delta)"
                        + ON_CONFLICT)) {
            insert.setArray(1, connection.createArrayOf("text", keys));
            insert.setArray(2, connection.createArrayOf("bigint", boxed));
            insert.executeUpdate();
        }
    }

    static void copyAndMerge(Connection connection, String[] keys, long[] deltas) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMPORARY TABLE IF NOT EXISTS flush (key text COLLATE \"C\", delta bigint)"
                    + " ON COMMIT DELETE ROWS");
            copyInto(connection, "flush (key, delta)", lines(keys, deltas, ""));
            statement.execute("INSERT INTO everycount_counter AS c (key, value, updated_at)"
                    + " SELECT key, delta, now() FROM flush" + ON_CONFLICT);
        }
    }

    /** Cannot add: for keys that are not there. */
    static void copy(Connection connection, String[] keys, long[] deltas) throws SQLException {
        copyInto(connection, "everycount_counter (key, value, updated_at)", lines(keys, deltas, "\tnow"));
    }

    private static String lines(String[] keys, long[] deltas, String end) {
        return IntStream.range(0, keys.length)
                .mapToObj(i -> keys[i] + "\t" + deltas[i] + end + "\n")
                .collect(Collectors.joining());
    }

    private static void copyInto(Connection connection, String table, String lines) throws SQLException {
        try {
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("COPY " + table + " FROM STDIN", new StringReader(lines));
        } catch (IOException e) {
            throw new IllegalStateException("a string could not be read", e);
        }
    }
}
