// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.CounterCache;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.Total;
import io.everycount.jdbc.testing.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * 100,000 increments by 64 threads over 100 keys, without a timer, then one flush: how many statements and
 * transactions that is, and how long it takes next to one INSERT for each increment.
 */
final class TortureCase {
    static final int INCREMENTS = 100_000;
    static final int KEYS = 100;
    static final int TARGET = 500;

    private static final String PREFIX = "torture_";
    static final String DATABASE = "torture";
    private static final int THREADS = Options.TORTURE_THREADS;
    private static final String ALL = Text.count(INCREMENTS);
    private static final int SAMPLE = 4_000;
    private static final int CONNECTIONS = 16;
    private static final int WARM_UP = 1_000;
    private static final Duration REACHED_MAX = Duration.ofSeconds(30);
    private static final Duration FLUSH_MAX = Duration.ofMinutes(1);
    static final int WARM_UP_ROUNDS = 20;
    private static final List<String> NAMES = names("page:/article/%02d");
    private static final List<String> WARM_UP_NAMES = names("warm-up:/article/%02d");

    private final Options options;
    private final Console console;

    private static List<String> names(String format) {
        return IntStream.range(0, KEYS).mapToObj(i -> String.format(format, i)).toList();
    }

    TortureCase(Options options, Console console) {
        this.options = options;
        this.console = console;
    }

    /** How long 64 threads counted, and how long the flush took after that. */
    private record Round(Duration counting, Duration flushing) {
        Duration time() {
            return counting.plus(flushing);
        }
    }

    /**
     * What the way through the library came to.
     *
     * @param cold the first round of all, on keys of its own
     * @param warm the round that counts
     * @param accepted in that round
     * @param log the server's statements from its first increment to the end of its flush; null if the server is
     *     not ours
     */
    private record Ours(
            Round cold, Round warm, long accepted, @Nullable List<ServerLog.Statement> log) {}

    /** Runs, shows, and returns the exit status. */
    int run() throws InterruptedException {
        console.note("No file given: the torture case. (To count a file's lines: examples/quickstart.sh FILE)");
        try (Store store = Store.open(options, DATABASE, console)) {
            if (store.server() != null) {
                // For connections from now on.
                try (Connection connection = store.connect();
                        Statement statement = connection.createStatement()) {
                    statement.execute("ALTER DATABASE " + DATABASE + " SET log_statement = 'all'");
                    statement.execute("ALTER DATABASE " + DATABASE + " SET log_parameter_max_length = 0");
                }
            }
            try (JdbcCounterSink sink = store.sink(PREFIX)) {
                console.note(Text.count(INCREMENTS) + " increments by " + THREADS + " threads over " + KEYS
                        + " keys, one flush");
                Map<String, Long> before = totals(sink);
                Ours ours = ours(store, sink);
                Map<String, Long> after = totals(sink);
                console.note("The same with one INSERT for each increment: a sample of " + Text.count(SAMPLE));
                Duration alone = perInsert(store, 1);
                Duration together = perInsert(store, CONNECTIONS);
                return report(before, after, ours, alone, together);
            }
        } catch (SQLException e) {
            console.note("Postgres does not answer as it should: " + e.getMessage());
            return 1;
        }
    }

    private static Map<String, Long> totals(JdbcCounterSink sink) {
        Map<String, Long> totals = new HashMap<>();
        for (Total total : sink.totals().get(NAMES).entries()) {
            totals.put(total.key(), total.value());
        }
        return totals;
    }

    private Ours ours(Store store, JdbcCounterSink sink) throws InterruptedException {
        try (CounterCache counters = CounterCache.builder(sink)
                .name("torture")
                .flushOnlyWhenAsked()
                // Nor may a look at the ledger show up among the statements.
                .ledgerCheckInterval(Duration.ofHours(1))
                .build()) {
            awaitReached(counters);
            Round cold = round(counters, WARM_UP_NAMES);
            for (int i = 1; i < WARM_UP_ROUNDS; i++) {
                round(counters, WARM_UP_NAMES);
            }
            long acceptedBefore = counters.stats().accepted();
            PostgresServer server = store.server();
            long logFrom = server == null ? 0 : server.logEnd();
            Round warm = round(counters, NAMES);
            return new Ours(
                    cold,
                    warm,
                    counters.stats().accepted() - acceptedBefore,
                    server == null ? null : ServerLog.statements(server.logSince(logFrom), store.database()));
        }
    }

    private static Round round(CounterCache counters, List<String> names) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        CountDownLatch start = new CountDownLatch(1);
        for (int t = 0; t < THREADS; t++) {
            int from = (int) ((long) INCREMENTS * t / THREADS);
            int to = (int) ((long) INCREMENTS * (t + 1) / THREADS);
            Thread thread = new Thread(() -> {
                awaitUninterruptibly(start);
                for (int i = from; i < to; i++) {
                    counters.increment(names.get(i % KEYS));
                }
            });
            thread.start();
            threads.add(thread);
        }
        long started = System.nanoTime();
        start.countDown();
        joinAll(threads);
        long counted = System.nanoTime();
        counters.flush(FLUSH_MAX);
        long flushed = System.nanoTime();
        return new Round(Duration.ofNanos(counted - started), Duration.ofNanos(flushed - counted));
    }

    /** After Ctrl-C, too, they end before anything is closed that they use. */
    private static void joinAll(List<Thread> threads) throws InterruptedException {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            throw new InterruptedException();
        }
    }

    /** Connecting and registering are not what is measured. */
    private static void awaitReached(CounterCache counters) {
        long deadline = System.nanoTime() + REACHED_MAX.toNanos();
        while (counters.stats().sinks().get(0).failing()) {
            if (System.nanoTime() - deadline > 0) {
                throw new UserError("Postgres could not be reached in " + REACHED_MAX.toSeconds() + " s: "
                        + counters.stats().sinks().get(0).lastError());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts these threads", e);
        }
    }

    /**
     * How long one INSERT ... ON CONFLICT takes in a transaction of its own, as the time of all divided by their
     * number.
     */
    private static Duration perInsert(Store store, int connections) throws SQLException, InterruptedException {
        String table = PREFIX + "one_by_one";
        try (Connection setup = store.connect();
                Statement statement = setup.createStatement()) {
            statement.execute("DROP TABLE IF EXISTS " + table);
            statement.execute("CREATE TABLE " + table + " (key text COLLATE \"C\" PRIMARY KEY, value bigint NOT NULL)"
                    + " WITH (fillfactor = 50)");
            AtomicReference<@Nullable SQLException> failure = new AtomicReference<>();
            CountDownLatch ready = new CountDownLatch(connections);
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int c = 0; c < connections; c++) {
                int first = c;
                Thread thread = new Thread(() -> {
                    try {
                        insertOneByOne(store, table, first, connections, ready, start);
                    } catch (SQLException e) {
                        failure.compareAndSet(null, e);
                    } finally {
                        ready.countDown();
                    }
                });
                thread.start();
                threads.add(thread);
            }
            ready.await();
            long started = System.nanoTime();
            start.countDown();
            joinAll(threads);
            long took = System.nanoTime() - started;
            SQLException failed = failure.get();
            if (failed != null) {
                throw failed;
            }
            statement.execute("DROP TABLE " + table);
            return Duration.ofNanos(took / SAMPLE);
        }
    }

    private static void insertOneByOne(
            Store store, String table, int first, int step, CountDownLatch ready, CountDownLatch start)
            throws SQLException {
        try (Connection connection = store.connect()) {
            if (store.server() != null) {
                // The log shall not slow this one down.
                try (Statement statement = connection.createStatement()) {
                    statement.execute("SET log_statement = 'none'");
                }
            }
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " AS c VALUES (?, 1)"
                    + " ON CONFLICT (key) DO UPDATE SET value = c.value + 1")) {
                for (int i = first - WARM_UP; i < SAMPLE; i += step) {
                    if (i >= 0 && i < step) {
                        ready.countDown();
                        awaitUninterruptibly(start);
                    }
                    insert.setString(1, NAMES.get(Math.floorMod(i, KEYS)));
                    insert.executeUpdate();
                }
            }
        }
    }

    private static double ratio(Duration perInsert, Round round) {
        return (double) perInsert.multipliedBy(INCREMENTS).toNanos()
                / round.time().toNanos();
    }

    private static String times(Duration perInsert, Round round) {
        return Text.count(Math.round(ratio(perInsert, round)));
    }

    private int report(
            Map<String, Long> before, Map<String, Long> after, Ours ours, Duration alone, Duration together) {
        long persisted = 0;
        long wrongKeys = 0;
        for (String key : NAMES) {
            long increase = after.getOrDefault(key, 0L) - before.getOrDefault(key, 0L);
            persisted += increase;
            wrongKeys += increase == INCREMENTS / KEYS ? 0 : 1;
        }
        List<ServerLog.Statement> log = ours.log();
        long upserts = log == null
                ? -1
                : log.stream().filter(ServerLog.Statement::isUpsert).count();
        long transactions = log == null
                ? -1
                : log.stream().map(ServerLog.Statement::transaction).distinct().count();

        console.say("");
        console.out()
                .print(new Text.Table("  ", "lrrr")
                        .row("", "statements", "transactions", "time")
                        .row(
                                "Everycount, count and flush",
                                log == null ? "not seen" : Text.count(log.size()),
                                log == null ? "not seen" : Text.count(transactions),
                                Text.time(ours.warm().time()))
                        .row("one INSERT for each increment", ALL, ALL, Text.time(alone.multipliedBy(INCREMENTS)))
                        .row(
                                "the same over " + CONNECTIONS + " connections",
                                ALL,
                                ALL,
                                Text.time(together.multipliedBy(INCREMENTS))));
        console.say("");
        console.say("  Statements and transactions: "
                + (log == null
                        ? "this server's log is not ours to read."
                        : "from the server's log, which has them all."));
        console.say("  Everycount: " + Text.time(ours.warm().counting()) + " counting from " + THREADS + " threads, "
                + Text.time(ours.warm().flushing()) + " flushing, after " + WARM_UP_ROUNDS
                + " rounds on other keys.");
        console.say("  The first of those rounds, in a JVM just started, took "
                + Text.time(ours.cold().time()) + ".");
        console.say("  INSERTs: " + Text.count(SAMPLE) + " measured after " + Text.count(WARM_UP) + " to warm up: "
                + Text.time(alone) + " each, " + Text.time(together) + " over " + CONNECTIONS
                + " connections. The rest is reckoned.");
        console.say("");
        console.say("  " + times(alone, ours.warm()) + " times as fast as one INSERT for each increment (target "
                + TARGET + ": " + (ratio(alone, ours.warm()) >= TARGET ? "met" : "MISSED") + ");");
        console.say("  " + times(together, ours.warm()) + " times as fast as INSERTs over " + CONNECTIONS
                + " connections; " + times(alone, ours.cold()) + " times in a JVM just started.");
        console.say("");
        console.out()
                .print(new Text.Table("  ", "lrl")
                        .row("increments", Text.count(INCREMENTS), "calls that returned")
                        .row("accepted", Text.count(ours.accepted()), "by the counter cache")
                        .row(
                                "persisted",
                                Text.count(persisted),
                                String.format(
                                        Locale.ROOT,
                                        "more in Postgres, %s on each of %d keys",
                                        wrongKeys == 0 ? "+" + Text.count(INCREMENTS / KEYS) : "NOT THE SAME",
                                        KEYS)));
        boolean equal = wrongKeys == 0 && persisted == INCREMENTS && ours.accepted() == INCREMENTS;
        boolean one = log == null || upserts == 1 && log.size() == 1 && transactions == 1;
        console.say("");
        console.say((equal
                        ? "EXACT: increments = accepted = persisted"
                        : "NOT EQUAL: increments, accepted and persisted differ")
                + (log == null
                        ? ""
                        : one
                                ? ", by one upsert statement in one transaction"
                                : ", but NOT one statement in one transaction"));
        if (log != null && !one) {
            log.forEach(statement ->
                    console.note("  " + statement.transaction() + " " + Text.printable(statement.text(), 100)));
        }
        return equal && one ? 0 : 1;
    }
}
