// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.CounterCache;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.Total;
import io.everycount.jdbc.testing.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
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
    private static final int CONNECTIONS = 16;
    private static final int WARM_UP_INSERTS = 1_000;
    private static final int TRIALS = 15;
    private static final int TRIAL_INSERTS = 200;
    private static final int TRIAL_INSERTS_EACH = 30;
    private static final Duration REACHED_MAX = Duration.ofSeconds(30);
    private static final Duration FLUSH_MAX = Duration.ofMinutes(1);
    private static final int WARM_UP_ROUNDS = 20;

    /** How often all increments are made and flushed: to warm up, to be counted, to be timed. */
    static final int ROUNDS = WARM_UP_ROUNDS + 1 + TRIALS;

    private static final List<String> NAMES = names("page:/article/%02d");
    private static final List<String> OTHER_NAMES = names("other:/article/%02d");

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
     * What happened.
     *
     * @param accepted in the round that counts
     * @param log the server's statements from that round's first increment to the end of its flush; null if the
     *     server is not ours
     * @param cold how long the first round of all took
     * @param warm the middle one of the rounds that were timed
     * @param alone how long an INSERT takes over one connection: the middle one of as many samples
     * @param together the same over several connections at once
     */
    private record Outcome(
            long accepted,
            @Nullable List<ServerLog.Statement> log,
            Round cold,
            Round warm,
            Duration alone,
            Duration together) {
        double ratio() {
            return ratio(alone, warm);
        }

        static double ratio(Duration insert, Round round) {
            return (double) insert.multipliedBy(INCREMENTS).toNanos()
                    / round.time().toNanos();
        }
    }

    /** Runs, shows, and returns the exit status. */
    int run() throws InterruptedException {
        console.note("No file given: the torture case. (To count a file's lines: examples/count-lines.sh FILE)");
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
                Outcome outcome = measure(store, sink);
                return report(before, totals(sink), outcome);
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

    private Outcome measure(Store store, JdbcCounterSink sink) throws SQLException, InterruptedException {
        try (CounterCache counters = CounterCache.builder(sink)
                .name("torture")
                .flushOnlyWhenAsked()
                // Nor may a look at the ledger show up among the statements.
                .ledgerCheckInterval(Duration.ofHours(1))
                .build()) {
            awaitReached(counters);
            Round cold = round(counters, OTHER_NAMES);
            for (int i = 1; i < WARM_UP_ROUNDS; i++) {
                round(counters, OTHER_NAMES);
            }

            long acceptedBefore = counters.stats().accepted();
            PostgresServer server = store.server();
            long logFrom = server == null ? 0 : server.logEnd();
            round(counters, NAMES);
            List<ServerLog.Statement> log =
                    server == null ? null : ServerLog.statements(server.logSince(logFrom), store.database());
            long accepted = counters.stats().accepted() - acceptedBefore;

            console.note("The same " + TRIALS + " times more, by turns with one INSERT for each increment");
            List<Round> rounds = new ArrayList<>();
            List<Duration> alone = new ArrayList<>();
            List<Duration> together = new ArrayList<>();
            try (OneByOne one = new OneByOne(store, PREFIX + "one_by_one", NAMES, 1);
                    OneByOne many = new OneByOne(store, PREFIX + "one_by_one_wide", NAMES, CONNECTIONS)) {
                one.insert(WARM_UP_INSERTS);
                many.insert(WARM_UP_INSERTS / CONNECTIONS);
                // By turns, so that whatever else this machine does slows all of them down alike.
                for (int i = 0; i < TRIALS; i++) {
                    rounds.add(round(counters, OTHER_NAMES));
                    alone.add(one.insert(TRIAL_INSERTS));
                    together.add(many.insert(TRIAL_INSERTS_EACH));
                }
            }
            rounds.sort(Comparator.comparing(Round::time));
            Collections.sort(alone);
            Collections.sort(together);
            int middle = TRIALS / 2;
            return new Outcome(accepted, log, cold, rounds.get(middle), alone.get(middle), together.get(middle));
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
    static void joinAll(List<? extends Thread> threads) throws InterruptedException {
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

    private static String times(double ratio) {
        return Text.count(Math.round(ratio));
    }

    private int report(Map<String, Long> before, Map<String, Long> after, Outcome outcome) {
        long persisted = 0;
        long wrongKeys = 0;
        for (String key : NAMES) {
            long increase = after.getOrDefault(key, 0L) - before.getOrDefault(key, 0L);
            persisted += increase;
            wrongKeys += increase == INCREMENTS / KEYS ? 0 : 1;
        }
        List<ServerLog.Statement> log = outcome.log();
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
                                Text.time(outcome.warm().time()))
                        .row(
                                "one INSERT for each increment",
                                ALL,
                                ALL,
                                Text.time(outcome.alone().multipliedBy(INCREMENTS)))
                        .row(
                                "the same over " + CONNECTIONS + " connections",
                                ALL,
                                ALL,
                                Text.time(outcome.together().multipliedBy(INCREMENTS))));
        console.say("");
        console.say("  Statements and transactions: "
                + (log == null
                        ? "this server's log is not ours to read."
                        : "from the server's log, which has them all."));
        console.say("  Times: the middle one of " + TRIALS + " trials, when warm; Everycount and INSERTs took turns.");
        console.say("  Everycount: " + Text.time(outcome.warm().counting()) + " counting from " + THREADS + " threads, "
                + Text.time(outcome.warm().flushing()) + " flushing; the first time of all, in a JVM");
        console.say("  just started, it took " + Text.time(outcome.cold().time()) + ".");
        console.say("  INSERTs: " + TRIAL_INSERTS + " measured in a trial, " + Text.time(outcome.alone()) + " each ("
                + Text.time(outcome.together()) + " over " + CONNECTIONS + " connections), and " + ALL
                + " reckoned from that.");
        console.say("");
        console.say("  " + times(outcome.ratio()) + " times as fast as one INSERT for each increment (target " + TARGET
                + ": " + (outcome.ratio() >= TARGET ? "met" : "MISSED") + ");");
        console.say("  " + times(Outcome.ratio(outcome.together(), outcome.warm())) + " times as fast as INSERTs over "
                + CONNECTIONS + " connections; " + times(Outcome.ratio(outcome.alone(), outcome.cold()))
                + " times in a JVM just started.");
        console.say("");
        console.out()
                .print(new Text.Table("  ", "lrl")
                        .row("increments", Text.count(INCREMENTS), "calls that returned")
                        .row("accepted", Text.count(outcome.accepted()), "by the counter cache")
                        .row(
                                "persisted",
                                Text.count(persisted),
                                String.format(
                                        Locale.ROOT,
                                        "more in Postgres, %s on each of %d keys",
                                        wrongKeys == 0 ? "+" + Text.count(INCREMENTS / KEYS) : "NOT THE SAME",
                                        KEYS)));
        boolean equal = wrongKeys == 0 && persisted == INCREMENTS && outcome.accepted() == INCREMENTS;
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
