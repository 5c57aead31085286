// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;

/**
 * What an hour of flushing, once a second, does to the table of totals, for each fillfactor and with and
 * without eager autovacuum: the share of HOT updates, WAL, the size before and after. A plain program:
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.TableTuningBenchmark [flushes]</pre>
 */
public final class TableTuningBenchmark {
    private static final int KEYS_PER_FLUSH = 1_000;

    private TableTuningBenchmark() {}

    /**
     * @param args how many flushes; default 3,600
     */
    public static void main(String[] args) throws Exception {
        int flushes = args.length > 0 ? Integer.parseInt(args[0]) : 3_600;
        System.out.println(
                "| keys | fillfactor | autovacuum | HOT % | WAL B/key | heap KB at start | at end | index KB at start"
                        + " | at end | vacuums | ledger HOT % | ledger KB | ms/flush |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        for (int keys : new int[] {1_000, 100_000}) {
            for (int fillfactor : new int[] {100, 70, 50}) {
                measure(keys, fillfactor, true, flushes);
            }
            measure(keys, 50, false, flushes);
        }
    }

    private static void measure(int keys, int fillfactor, boolean eager, int flushes) throws Exception {
        // Without full page writes, so that checkpoints do not decide the figures.
        try (PostgresServer server = PostgresServer.builder()
                        .durable(false)
                        .setting("full_page_writes", "off")
                        .setting("autovacuum_naptime", "5s")
                        .start();
                TestDatabase database = server.newDatabase();
                JdbcCounterSink sink = JdbcCounterSink.builder(database.jdbcUrl(), server.user(), server.password())
                        .synchronousCommit(false)
                        .build()) {
            sink.schema().apply();
            database.execute("ALTER TABLE everycount_counter SET (fillfactor = " + fillfactor + ")");
            if (!eager) {
                database.execute("ALTER TABLE everycount_counter RESET (autovacuum_vacuum_threshold,"
                        + " autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay)");
            }
            database.execute(
                    "INSERT INTO everycount_counter SELECT 'benchmark/page/' || lpad(i::text, 7, '0'), 0, now()"
                            + " FROM generate_series(0, " + (keys - 1) + ") AS i");
            database.execute("VACUUM ANALYZE everycount_counter");
            long heap = size(database, "pg_relation_size('everycount_counter')");
            long index = size(database, "pg_relation_size('everycount_counter_pkey')");
            long wal = database.walBytes();
            double millis = flush(sink, keys, flushes);
            long written = database.walBytes() - wal;
            database.execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_clear_snapshot()");
            System.out.printf(
                    "| %,d | %d | %s | %s | %d | %,d | %,d | %,d | %,d | %d | %s | %,d | %.1f |%n",
                    keys,
                    fillfactor,
                    eager ? "eager" : "default",
                    hot(database, "counter"),
                    written / ((long) flushes * KEYS_PER_FLUSH),
                    heap,
                    size(database, "pg_relation_size('everycount_counter')"),
                    index,
                    size(database, "pg_relation_size('everycount_counter_pkey')"),
                    database.number("SELECT autovacuum_count FROM pg_stat_user_tables"
                            + " WHERE relname = 'everycount_counter'"),
                    hot(database, "instance"),
                    size(database, "pg_relation_size('everycount_instance')"),
                    millis / flushes);
        }
    }

    private static double flush(JdbcCounterSink sink, int keys, int flushes) {
        Random random = new Random(1);
        Registration registration = new Registration(UUID.randomUUID(), UUID.randomUUID(), "benchmark");
        Mark mark = sink.register(registration).mark();
        long[] deltas = new long[KEYS_PER_FLUSH];
        Arrays.fill(deltas, 3);
        long start = System.nanoTime();
        for (int i = 0; i < flushes; i++) {
            TreeSet<Integer> chosen = new TreeSet<>();
            while (chosen.size() < KEYS_PER_FLUSH) {
                chosen.add(keys == KEYS_PER_FLUSH ? chosen.size() : random.nextInt(keys));
            }
            byte[][] batch = chosen.stream()
                    .map(key -> String.format("benchmark/page/%07d", key).getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new);
            Mark next = new Mark(mark.record() + 1, mark.digest() * 31 + 1);
            sink.write(
                    new CounterBatch(registration.instanceId(), registration.ownerToken(), mark, next, batch, deltas));
            mark = next;
        }
        return (System.nanoTime() - start) / 1e6;
    }

    private static String hot(TestDatabase database, String table) {
        return database.query("SELECT round(100.0 * n_tup_hot_upd / greatest(n_tup_upd, 1), 2)"
                        + " FROM pg_stat_user_tables WHERE relname = 'everycount_" + table + "'")
                .get(0);
    }

    private static long size(TestDatabase database, String expression) {
        return database.number("SELECT " + expression + " / 1024");
    }
}
