// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.CloseReport;
import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.LimitPolicy;
import io.everycount.RejectedException;
import io.everycount.UnconfirmedException;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.Total;
import io.everycount.sink.SinkException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Counts the lines of the input by key, from several threads, and compares what was read with what is stored. */
final class LineCount {
    static final String PREFIX = "lines_";
    static final String DATABASE = "everycount";
    static final String NO_MATCH = "(no match)";

    private static final int KEY_BYTES_MAX = 256;
    private static final byte[] NO_MATCH_UTF8 = NO_MATCH.getBytes(StandardCharsets.UTF_8);
    private static final Duration FLUSH_TRY = Duration.ofMinutes(1);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /** How many lines a thread counts before others see it. */
    private static final int TALLY_LINES = 1_000;

    /** How long an increment waits for room before it looks whether the user has had enough. */
    private static final Duration ROOM_TIMEOUT = Duration.ofSeconds(1);

    private final Options options;
    private final Console console;
    private final Input input;
    private final LongAdder lines = new LongAdder();
    private final LongAdder unmatched = new LongAdder();
    private final LongAdder shortened = new LongAdder();
    private final LongAdder replaced = new LongAdder();
    private final Interrupts interrupts;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;

    /**
     * @throws UserError if a file cannot be read
     */
    LineCount(Options options, InputStream standardInput, Console console, Interrupts interrupts) {
        this.options = options;
        this.interrupts = interrupts;
        this.console = console;
        this.input = new Input(options.files(), standardInput);
        interrupts.onFirst(this::interrupted);
    }

    /** Counts, shows, and returns the exit status. */
    int run() throws InterruptedException {
        try (Store store = Store.open(options, DATABASE, console);
                JdbcCounterSink sink = store.sink(PREFIX)) {
            return run(store, sink);
        } catch (SQLException | SinkException e) {
            console.note("Postgres does not answer any more: " + e.getMessage());
            return 1;
        }
    }

    private int run(Store store, JdbcCounterSink sink) throws SQLException, InterruptedException {
        Store.Sum before = store.sum(PREFIX);
        console.note(
                "Counting lines of " + what() + " by " + options.what() + ", with " + options.threads() + " threads");

        CounterCache counters = CounterCache.builder(sink)
                .name("count-lines")
                .maxKeyBytes(KEY_BYTES_MAX)
                .onLimit(LimitPolicy.block(ROOM_TIMEOUT))
                .build();
        long started = System.nanoTime();
        long read;
        CloseReport report;
        LiveLine live = new LiveLine(counters, started);
        Thread liveThread = daemon(live, "live-line");
        try {
            countAll(counters);
            read = System.nanoTime();
            flush(counters);
        } finally {
            // After a second Ctrl-C, or with Postgres gone, this does not take long and says what is missing.
            Thread.interrupted();
            report = counters.close(CLOSE_TIMEOUT);
            live.end();
            liveThread.join();
        }
        long written = System.nanoTime();

        showSpeed(report, Duration.ofNanos(read - started), Duration.ofNanos(written - read));
        try {
            Store.Sum after = store.sum(PREFIX);
            showTop(sink, after);
            return verdict(before, after, report);
        } catch (SQLException | SinkException e) {
            return noVerdict(report, e);
        }
    }

    private String what() {
        List<String> files = options.files();
        if (files.size() == 1) {
            return files.get(0).equals("-") ? "standard input" : files.get(0);
        }
        return files.size() + " files";
    }

    private void interrupted() {
        stopping = true;
        console.endLive();
        console.note("Stopped reading; writing what was counted. Ctrl-C again does not wait for Postgres.");
    }

    private void countAll(CounterCache counters) throws InterruptedException {
        List<Worker> workers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < options.threads(); i++) {
            Worker worker = new Worker(counters);
            workers.add(worker);
            threads.add(daemon(worker, "reader-" + i));
        }
        for (Thread thread : threads) {
            while (thread.isAlive() && !stopping) {
                thread.join(50);
            }
        }
        for (Worker worker : workers) {
            // A thread may hang in a read for ever. Whoever had begun to count has ended now; nobody begins.
            synchronized (worker) {
                shortened.add(worker.repair.shortened());
                replaced.add(worker.repair.replaced());
            }
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Reads and counts until there is nothing more. */
    private final class Worker implements Runnable {
        private final CounterCache counters;
        private final Input.Reader reader = input.reader();
        private final KeyFinder finder = options.finders().get();
        private final KeySpan key = new KeySpan();
        private final KeyRepair repair = new KeyRepair(KEY_BYTES_MAX);

        Worker(CounterCache counters) {
            this.counters = counters;
        }

        @Override
        public void run() {
            try {
                while (!stopping) {
                    LineBlocks.Block block = reader.next();
                    if (block == null) {
                        return;
                    }
                    synchronized (this) {
                        if (!stopping) {
                            count(block);
                        }
                    }
                }
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
                stopping = true;
            }
        }

        private void count(LineBlocks.Block block) {
            byte[] bytes = block.bytes;
            long counted = 0;
            long without = 0;
            try {
                int from = 0;
                while (from < block.length) {
                    if (counted == TALLY_LINES) {
                        lines.add(counted);
                        unmatched.add(without);
                        counted = 0;
                        without = 0;
                    }
                    int lineFeed = LineBlocks.firstLineFeed(bytes, from, block.length);
                    int to = lineFeed < 0 ? block.length : lineFeed;
                    boolean found = finder.find(bytes, from, to, key);
                    if (found) {
                        repair.repair(key);
                    } else {
                        key.set(NO_MATCH_UTF8, 0, NO_MATCH_UTF8.length);
                    }
                    if (!add()) {
                        return;
                    }
                    counted++;
                    without += found ? 0 : 1;
                    from = to + 1;
                }
            } finally {
                lines.add(counted);
                unmatched.add(without);
            }
        }

        /** Returns false if there was no room, and the user does not want to wait for it. */
        private boolean add() {
            while (true) {
                try {
                    counters.add(key.bytes, key.offset, key.length, 1);
                    return true;
                } catch (RejectedException e) {
                    if (e.reason() != RejectedException.Reason.KEY_LIMIT) {
                        throw e;
                    }
                    if (stopping) {
                        return false;
                    }
                }
            }
        }
    }

    /** Waits until everything is in Postgres, as long as there is hope and the user has patience. */
    private void flush(CounterCache counters) {
        while (true) {
            try {
                counters.flush(FLUSH_TRY);
                return;
            } catch (InterruptedException e) {
                return;
            } catch (UnconfirmedException e) {
                if (counters.stats().state() != CounterStats.State.RUNNING) {
                    failure.compareAndSet(null, e);
                    return;
                }
            }
        }
    }

    /** The line that shows how it goes. */
    private final class LiveLine implements Runnable {
        private final CounterCache counters;
        private final long started;
        private final long interval = console.terminal() ? 200 : 1_000;
        private boolean ended;

        LiveLine(CounterCache counters, long started) {
            this.counters = counters;
            this.started = started;
        }

        @Override
        public synchronized void run() {
            long lastTime = started;
            long lastLines = 0;
            try {
                while (!ended) {
                    wait(interval);
                    long now = System.nanoTime();
                    long linesNow = lines.sum();
                    if (ended || now - lastTime > interval * 900_000) {
                        double seconds = (now - (ended ? started : lastTime)) / 1e9;
                        show((linesNow - (ended ? 0 : lastLines)) / seconds, linesNow);
                        lastTime = now;
                        lastLines = linesNow;
                    }
                }
            } catch (InterruptedException e) {
                // Nobody interrupts this thread.
            }
            console.endLive();
        }

        synchronized void end() {
            ended = true;
            notifyAll();
        }

        private void show(double rate, long linesNow) {
            CounterStats stats = counters.stats();
            String trouble = "";
            for (CounterStats.Sink sink : stats.sinks()) {
                if (sink.failing() && sink.lastError() != null) {
                    trouble = " | Postgres: " + Text.printable(withoutClass(sink.lastError()), 70);
                }
            }
            String full = line(rate, linesNow, stats, true) + trouble;
            String line = console.terminal() && full.length() >= console.columns()
                    ? line(rate, linesNow, stats, false) + trouble
                    : full;
            console.live(console.terminal() ? Text.printable(line, Math.max(2, console.columns() - 1)) : line);
        }

        private static String withoutClass(String error) {
            return error.replaceFirst("^[\\w.$]+: ", "");
        }

        /** Accepted is every increment whose call returned, drained from its cell or not. */
        private String line(double rate, long accepted, CounterStats stats, boolean full) {
            long total = input.totalBytes();
            String progress = total > 0 ? String.format(Locale.ROOT, "%3d%% ", 100 * input.bytesRead() / total) : "";
            long persisted = stats.persisted();
            long pending = Math.max(0, accepted - persisted - stats.quarantined() - stats.lost());
            double freshness = stats.freshness().toMillis() / 1e3;
            return full
                    ? String.format(
                            Locale.ROOT,
                            "%s%6s lines/s | accepted %s | persisted %s | pending %s | freshness %.2f s",
                            progress,
                            Text.compact(rate),
                            Text.count(accepted),
                            Text.count(persisted),
                            Text.count(pending),
                            freshness)
                    : String.format(
                            Locale.ROOT,
                            "%s%s/s acc %s per %s pend %s fresh %.1fs",
                            progress,
                            Text.compact(rate),
                            Text.compact(accepted),
                            Text.compact(persisted),
                            Text.compact(pending),
                            freshness);
        }
    }

    private void showSpeed(CloseReport report, Duration reading, Duration writing) {
        double seconds = Math.max(1, reading.toNanos()) / 1e9;
        long batches = report.stats().sinks().stream()
                .mapToLong(CounterStats.Sink::batches)
                .sum();
        console.say("");
        if (lines.sum() == 0) {
            console.say("There was nothing to count.");
            return;
        }
        console.say(Text.count(lines.sum()) + (lines.sum() == 1 ? " line (" : " lines (")
                + Text.bytes(input.bytesRead()) + ") in " + Text.time(reading) + ": "
                + Text.compact(lines.sum() / seconds) + " lines/s, " + Text.bytes(input.bytesRead() / seconds)
                + "/s. " + Text.count(batches) + (batches == 1 ? " write" : " writes") + " to Postgres"
                + (report.isComplete() ? "; the last of it was there " + Text.time(writing) + " later." : "."));
    }

    private void showTop(JdbcCounterSink sink, Store.Sum all) {
        if (options.top() == 0 || all.keys() == 0) {
            return;
        }
        Text.Table table = new Text.Table("  ", "rrrl").row("", "total", "share", "key");
        int rank = 0;
        for (Total total : sink.totals().top("", options.top()).entries()) {
            String share = String.format(Locale.ROOT, "%.2f %%", 100.0 * total.value() / Math.max(1, all.sum()));
            table.row(Integer.toString(++rank), Text.count(total.value()), share, Text.printable(total.key(), 80));
        }
        console.say("");
        console.say("Top " + rank + " of " + Text.count(all.keys()) + (all.keys() == 1 ? " key" : " keys")
                + " in Postgres, all runs together:");
        console.out().print(table);
    }

    private int verdict(Store.Sum before, Store.Sum after, CloseReport report) {
        CounterStats stats = report.stats();
        long persisted = after.sum() - before.sum();
        showTotals(
                stats,
                persisted,
                "more in Postgres: " + Text.count(before.sum()) + " before, " + Text.count(after.sum()) + " now");
        showAsides(report);
        boolean equal = lines.sum() == stats.accepted() && stats.accepted() == persisted;
        boolean all = input.failures().isEmpty() && failure.get() == null;
        boolean early = interrupts.happened();
        String restriction = early ? ", up to where it was stopped" : all ? "" : ", but not everything was read";
        console.say("");
        console.say(
                equal
                        ? "EXACT: lines read = accepted = persisted" + restriction
                        : "NOT EQUAL: lines read, accepted and persisted differ");
        return !equal || !all ? 1 : early ? 130 : 0;
    }

    /** What is known when Postgres cannot be asked. */
    private int noVerdict(CloseReport report, Exception error) {
        showTotals(report.stats(), report.stats().persisted(), "as the counter cache knows");
        showAsides(report);
        console.say("");
        console.say("NOT PROVEN: the totals cannot be read. " + error.getMessage());
        return 1;
    }

    private void showTotals(CounterStats stats, long persisted, String source) {
        console.say("");
        console.out()
                .print(new Text.Table("  ", "lrl")
                        .row("lines read", Text.count(lines.sum()), "as the readers counted them")
                        .row("accepted", Text.count(stats.accepted()), "by the counter cache")
                        .row("persisted", Text.count(persisted), source));
    }

    private void showAsides(CloseReport report) {
        CounterStats stats = report.stats();
        aside(unmatched.sum(), "without a " + options.what() + ", counted as " + NO_MATCH);
        aside(shortened.sum(), "with a key of more than " + KEY_BYTES_MAX + " bytes, cut to end in …");
        aside(replaced.sum(), "with a key that is not UTF-8 or has a NUL, its odd bytes replaced by \uFFFD");
        aside(input.overlong(), "longer than 1 MiB, of which the first MiB was looked at");
        if (stats.quarantined() != 0 || stats.lost() != 0) {
            console.say("  quarantined: " + Text.count(stats.quarantined()) + ", lost with a database that went back"
                    + " in time: " + Text.count(stats.lost()));
        }
        if (!report.isComplete()) {
            console.say("  not in Postgres when this ended: " + Text.count(total(report.unsaved()))
                    + "; on the way, and not known whether they arrived: " + Text.count(total(report.unknown())));
        }
        console.out().flush();
        input.failures().forEach(console::note);
        Throwable error = failure.get();
        if (error != null) {
            console.note("Stopped early: "
                    + (error instanceof RejectedException || error instanceof UnconfirmedException
                            ? error.getMessage()
                            : error));
        }
    }

    private void aside(long count, String what) {
        if (count > 0) {
            console.say("  " + Text.count(count) + (count == 1 ? " line " : " lines ") + what);
        }
    }

    private static long total(Map<String, Long> deltas) {
        return deltas.values().stream().mapToLong(Long::longValue).sum();
    }
}
