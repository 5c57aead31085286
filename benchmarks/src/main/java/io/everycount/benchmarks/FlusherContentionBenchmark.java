// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.everycount.jdbc.Contention;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * How instances that write at once get along, for each {@link Contention}, on the same keys and on keys
 * of their own: keys a second, how long a write takes, WAL, and deadlocks. A plain program, because what
 * is measured is a server:
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.FlusherContentionBenchmark [seconds [paceMillis]]</pre>
 *
 * <p>Without a pace every flusher writes as fast as it can; with one, at most once in that time, as a cache does.
 */
public final class FlusherContentionBenchmark {
    private static final int KEYS = 1_000;

    private FlusherContentionBenchmark() {}

    /**
     * @param args how long each line is measured, in seconds, default 4; how much time from one flush of a
     *     flusher to its next, in milliseconds, default 0
     */
    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 4;
        long paceNanos = args.length > 1 ? Long.parseLong(args[1]) * 1_000_000 : 0;
        try (PostgresServer server = PostgresServer.builder().start()) {
            System.out.println(
                    "| keys | flushers | mode | keys/s | p50 ms | p99 ms | WAL B/key | deadlocks | failures |");
            System.out.println("|---|---|---|---|---|---|---|---|---|");
            for (boolean shared : new boolean[] {true, false}) {
                for (int flushers : new int[] {1, 4, 16}) {
                    for (Contention contention : Contention.values()) {
                        measure(server, contention, flushers, shared, seconds, paceNanos);
                    }
                }
            }
        }
    }

    private static void measure(
            PostgresServer server, Contention contention, int flushers, boolean shared, int seconds, long paceNanos)
            throws Exception {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(flushers);
        try (TestDatabase database = server.newDatabase()) {
            config.setDataSource(database.dataSource());
            try (HikariDataSource pool = new HikariDataSource(config);
                    JdbcCounterSink sink =
                            JdbcCounterSink.builder(pool).contention(contention).build()) {
                run(sink, flushers, shared, 1, 0);
                long walBefore = database.walBytes();
                Result result = run(sink, flushers, shared, seconds, paceNanos);
                long wal = database.walBytes() - walBefore;
                long[] nanos = result.nanos.stream()
                        .mapToLong(Long::longValue)
                        .sorted()
                        .toArray();
                System.out.printf(
                        "| %s | %d | %s | %,d | %.1f | %.1f | %d | %d | %d |%n",
                        shared ? "same" : "own",
                        flushers,
                        contention,
                        (long) nanos.length * KEYS / seconds,
                        nanos[nanos.length / 2] / 1e6,
                        nanos[(int) (nanos.length * 0.99)] / 1e6,
                        wal / ((long) nanos.length * KEYS),
                        database.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
                        result.failures);
            }
        }
    }

    private static final class Result {
        final List<Long> nanos = new ArrayList<>();
        int failures;
    }

    private static Result run(JdbcCounterSink sink, int flushers, boolean shared, int seconds, long paceNanos)
            throws Exception {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        List<Callable<Result>> tasks = new ArrayList<>();
        for (int f = 0; f < flushers; f++) {
            byte[][] keys = keys(shared ? 0 : f);
            tasks.add(() -> flush(sink, keys, end, paceNanos));
        }
        ExecutorService threads = Executors.newFixedThreadPool(flushers);
        try {
            Result all = new Result();
            for (Future<Result> each : threads.invokeAll(tasks)) {
                all.nanos.addAll(each.get().nanos);
                all.failures += each.get().failures;
            }
            return all;
        } finally {
            threads.shutdown();
        }
    }

    private static Result flush(JdbcCounterSink sink, byte[][] keys, long end, long paceNanos) {
        long[] deltas = new long[KEYS];
        Arrays.fill(deltas, 3);
        Registration registration = new Registration(UUID.randomUUID(), UUID.randomUUID(), "benchmark");
        Mark mark = sink.register(registration).mark();
        Result result = new Result();
        while (System.nanoTime() < end) {
            Mark next = new Mark(mark.record() + 1, mark.digest() * 31 + 1);
            long start = System.nanoTime();
            long due = start + ThreadLocalRandom.current().nextLong(paceNanos / 2 + 1) + paceNanos / 2;
            try {
                sink.write(new CounterBatch(
                        registration.instanceId(), registration.ownerToken(), mark, next, keys, deltas));
                result.nanos.add(System.nanoTime() - start);
                mark = next;
            } catch (RetriableSinkException e) {
                result.failures++;
                mark = sink.ledger(registration.instanceId()).orElseThrow().mark();
            }
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
        return result;
    }

    private static byte[][] keys(int set) {
        byte[][] keys = new byte[KEYS][];
        for (int i = 0; i < KEYS; i++) {
            keys[i] = String.format("benchmark/%02d/page/%04d", set, i).getBytes(StandardCharsets.UTF_8);
        }
        return keys;
    }
}
