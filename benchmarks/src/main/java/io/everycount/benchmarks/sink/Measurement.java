// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * One way, measured once: keys that are new, and then the same ones again.
 *
 * @param newKeys keys a second
 * @param existingKeys keys a second; NaN if the way cannot add
 * @param newWal bytes of write-ahead log for each key
 * @param existingWal bytes of write-ahead log for each key; NaN if the way cannot add
 * @param hotPercent of updates that touched no index; NaN if there were none
 */
record Measurement(double newKeys, double existingKeys, double newWal, double existingWal, double hotPercent) {
    /**
     * @param keys how many
     * @param batch how many in one flush
     */
    static Measurement of(PostgresServer server, Way way, int keys, int batch) throws SQLException {
        try (TestDatabase database = server.newDatabase()) {
            applySchema(database);
            try (Flusher flusher = way.open(database)) {
                int all = way.keys(keys);
                double[] first = pass(database, flusher, all, batch);
                if (!way.adds) {
                    return new Measurement(first[0], Double.NaN, first[1], Double.NaN, Double.NaN);
                }
                database.execute("VACUUM ANALYZE everycount_counter");
                double[] second = pass(database, flusher, all, batch);
                check(database, all);
                return new Measurement(first[0], second[0], first[1], second[1], hotPercent(database));
            }
        }
    }

    private static void applySchema(TestDatabase database) {
        try (JdbcCounterSink sink = JdbcCounterSink.builder(
                        database.jdbcUrl(),
                        database.server().user(),
                        database.server().password())
                .build()) {
            sink.schema().apply();
        }
    }

    /** How many statements the server gets for one flush, those that begin and end a transaction included. */
    static int statements(PostgresServer server, Way way, int batch) throws SQLException {
        try (TestDatabase database = server.newDatabase()) {
            applySchema(database);
            database.logStatements();
            try (Flusher flusher = way.open(database)) {
                Flusher.Sums sums = sums(0, batch);
                // The first one prepares what the next ones use.
                flusher.flush(sums(batch, 2 * batch));
                return database.statementsOf(() -> {
                            try {
                                flusher.flush(sums);
                            } catch (SQLException e) {
                                throw new IllegalStateException(e);
                            }
                        })
                        .size();
            }
        }
    }

    private static double[] pass(TestDatabase database, Flusher flusher, int keys, int batch) throws SQLException {
        long wal = database.walBytes();
        long nanos = 0;
        for (int from = 0; from < keys; from += batch) {
            Flusher.Sums some = sums(from, Math.min(keys, from + batch));
            long start = System.nanoTime();
            flusher.flush(some);
            nanos += System.nanoTime() - start;
        }
        return new double[] {keys / (nanos / 1e9), (database.walBytes() - wal) / (double) keys};
    }

    private static Flusher.Sums sums(int from, int to) {
        String[] keys = IntStream.range(from, to)
                .mapToObj(i -> String.format("benchmark/page/%07d", i))
                .toArray(String[]::new);
        long[] deltas = new long[keys.length];
        Arrays.fill(deltas, 3);
        return Flusher.Sums.of(keys, deltas);
    }

    private static void check(TestDatabase database, int keys) {
        long sum = database.number("SELECT sum(value) FROM everycount_counter");
        if (sum != 6L * keys) {
            throw new IllegalStateException("the sum is " + sum + ", not " + 6L * keys);
        }
    }

    private static double hotPercent(TestDatabase database) {
        database.execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_clear_snapshot()");
        return Double.parseDouble(database.query("SELECT 100.0 * n_tup_hot_upd / greatest(n_tup_upd, 1)"
                        + " FROM pg_stat_user_tables WHERE relname = 'everycount_counter'")
                .get(0));
    }
}
