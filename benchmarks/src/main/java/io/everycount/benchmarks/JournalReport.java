// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.AckLevel;
import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.CounterStats;
import io.everycount.Increments;
import io.everycount.journal.DigestChain;
import io.everycount.journal.Entries;
import io.everycount.journal.Journal;
import io.everycount.journal.JournalRecord;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.sink.InMemorySink;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What a journal costs, and what it gives: counting with and without one, by turns; commits a second; how long callers
 * wait for {@link AckLevel#JOURNAL}; how long a start takes that finds much. Run it on a disk that is like yours:
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.JournalReport DIRECTORY [ROUNDS]</pre>
 */
public final class JournalReport {
    private static final int KEYS = 1_000;
    private static final int THREADS = 2;
    private static final Duration WINDOW = Duration.ofSeconds(3);
    private static final ThreadMXBean THREAD_TIMES = ManagementFactory.getThreadMXBean();

    private final Path directory;
    private final int rounds;

    private JournalReport(Path directory, int rounds) {
        this.directory = directory;
        this.rounds = rounds;
    }

    /**
     * @param args a directory for journals, in which a new one is made for each part and deleted afterwards; perhaps the
     *     number of rounds, 5 if not given
     */
    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            System.err.println("usage: JournalReport DIRECTORY [ROUNDS]");
            System.exit(2);
        }
        JournalReport report = new JournalReport(Path.of(args[0]), args.length > 1 ? Integer.parseInt(args[1]) : 5);
        report.counting();
        report.appends();
        report.commits();
        report.waits();
        report.recovery();
    }

    private interface Part {
        void run(CounterCache cache) throws Exception;
    }

    private void with(UnaryOperator<CounterCacheBuilder> settings, Part part) throws Exception {
        Path root = Files.createTempDirectory(Files.createDirectories(directory), "report");
        try (CounterCache cache = settings.apply(
                        CounterCache.builder(new InMemorySink()).journal(root))
                .build()) {
            part.run(cache);
        } finally {
            delete(root);
        }
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** Increments for each second of the callers' CPU time, with and without a journal, by turns. */
    private void counting() throws Exception {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            double[] rates = new double[2];
            try (CounterCache plain = CounterCache.builder(new InMemorySink()).build()) {
                rates[0] = count(plain);
            }
            with(builder -> builder, cache -> rates[1] = count(cache));
            if (round > 0) {
                ratios.add(rates[1] / rates[0]);
                print(
                        "counting, %d threads, %d keys: %.1f million/s without, %.1f with a commit every 5 ms: %.3f",
                        THREADS, KEYS, rates[0] / 1e6, rates[1] / 1e6, rates[1] / rates[0]);
            }
        }
        ratios.sort(null);
        print(
                "counting with a journal to counting without: median %.3f (%.3f to %.3f)",
                ratios.get(ratios.size() / 2), ratios.get(0), ratios.get(ratios.size() - 1));
    }

    private static double count(CounterCache cache) throws Exception {
        AtomicBoolean stopped = new AtomicBoolean();
        double[] rates = new double[THREADS];
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            int number = t;
            String[] keys = new String[KEYS];
            for (int k = 0; k < KEYS; k++) {
                keys[k] = "some/key/of/some/length/" + k;
            }
            Thread thread = new Thread(() -> {
                long start = THREAD_TIMES.getCurrentThreadCpuTime();
                long adds = 0;
                int k = number * 7;
                while (!stopped.get()) {
                    for (int i = 0; i < 1_000; i++) {
                        cache.add(keys[k], 1);
                        k = (k + 31) % KEYS;
                    }
                    adds += 1_000;
                }
                rates[number] = adds / ((THREAD_TIMES.getCurrentThreadCpuTime() - start) / 1e9);
            });
            threads.add(thread);
            thread.start();
        }
        Thread.sleep(WINDOW.toMillis()); // the window that is measured
        stopped.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        return Arrays.stream(rates).sum();
    }

    /**
     * Records of 1,000 keys into the journal itself, one behind the other, each forced: beside them, by turns, as many
     * bytes into a file of that size, each forced too, which is what the disk can do.
     */
    private void appends() throws Exception {
        byte[][] keys = new byte[KEYS][];
        long[] deltas = new long[KEYS];
        for (int k = 0; k < KEYS; k++) {
            keys[k] = ("some/key/of/some/length/" + k).getBytes(StandardCharsets.US_ASCII);
            deltas[k] = k + 1;
        }
        Entries entries = Entries.of(keys, deltas);
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            double plain = plainAppends((int) (entries.keyBytes() + 3L * KEYS));
            ratios.add(journalAppends(entries) / plain);
        }
        ratios.sort(null);
        print("commits into the journal to such of a plain file: median %.2f", ratios.get(ratios.size() / 2));
    }

    private double journalAppends(Entries entries) throws IOException {
        Path root = Files.createTempDirectory(Files.createDirectories(directory), "report");
        ExecutorService housekeeping = Executors.newSingleThreadExecutor();
        JournalSettings settings =
                new JournalSettings(64 << 20, 1L << 30, housekeeping, new Random(), System::nanoTime);
        try (Journal journal = JournalRoot.of(root, settings).openOwn(1, (id, done, total, records) -> {})) {
            long digest = 0;
            long[] nanos = new long[1 << 16];
            long slowestRoll = 0;
            int rolls = 0;
            int n = 0;
            long start = System.nanoTime();
            long end = start + WINDOW.toNanos();
            int segments = journal.stats().segments();
            while (System.nanoTime() < end && n < nanos.length) {
                long before = System.nanoTime();
                digest = DigestChain.next(digest, journal.salt(), n + 1L, entries);
                journal.append(new JournalRecord(n, n + 1L, digest, entries, 0), n);
                nanos[n] = System.nanoTime() - before;
                // So that old segments can go, and there is no end to it.
                journal.forget(n);
                int now = journal.stats().segments();
                if (now > segments && n > 0) {
                    rolls++;
                    slowestRoll = Math.max(slowestRoll, nanos[n]);
                }
                segments = now;
                n++;
            }
            double rate = n / ((System.nanoTime() - start) / 1e9);
            long[] sorted = Arrays.copyOf(nanos, n);
            Arrays.sort(sorted);
            print(
                    "commits of 1,000 keys into the journal: %.0f/s, p50 %.0f µs, p99 %.0f µs, max %.1f ms; %d rolls, the slowest %.1f ms",
                    rate,
                    sorted[n / 2] / 1e3,
                    sorted[(int) (n * 0.99)] / 1e3,
                    sorted[n - 1] / 1e6,
                    rolls,
                    slowestRoll / 1e6);
            return rate;
        } finally {
            housekeeping.shutdown();
            delete(root);
        }
    }

    private double plainAppends(int bytes) throws IOException {
        Path file = Files.createTempFile(Files.createDirectories(directory), "report", ".plain");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            long size = 256L << 20;
            for (long position = 0; position < size; position += zeros.capacity()) {
                channel.write(zeros.clear(), position);
            }
            channel.force(true);
            ByteBuffer content = ByteBuffer.allocateDirect(bytes);
            long start = System.nanoTime();
            long end = start + WINDOW.toNanos();
            int n = 0;
            while (System.nanoTime() < end) {
                channel.write(content.clear(), (long) n * bytes % (size - bytes));
                channel.force(false);
                n++;
            }
            double rate = n / ((System.nanoTime() - start) / 1e9);
            print("commits of as many bytes into a plain file: %.0f/s", rate);
            return rate;
        } finally {
            Files.delete(file);
        }
    }

    /** One caller that waits for each commit of 1,000 keys. */
    private void commits() throws Exception {
        with(builder -> builder.commitInterval(Duration.ofMillis(1)), cache -> {
            Increments list = new Increments();
            StringBuilder keys = new StringBuilder();
            int[] offsets = new int[KEYS + 1];
            for (int k = 0; k < KEYS; k++) {
                keys.append("some/key/of/some/length/").append(k);
                offsets[k + 1] = keys.length();
            }
            list.over(keys.toString().getBytes(StandardCharsets.US_ASCII));
            for (int k = 0; k < KEYS; k++) {
                list.add(offsets[k], offsets[k + 1] - offsets[k], 1);
            }
            long end = System.nanoTime() + WINDOW.toNanos();
            while (System.nanoTime() < end) {
                cache.addAllAsync(list, AckLevel.JOURNAL).toCompletableFuture().join();
            }
            CounterStats.Journal journal = cache.stats().journal();
            print(
                    "commits of 1,000 keys, one caller that waits for each, interval 1 ms: %.0f/s; slowest commit %.1f ms",
                    journal.commits() / (WINDOW.toMillis() / 1e3),
                    journal.slowestCommit().toNanos() / 1e6);
        });
    }

    /** 64 callers that each wait for their increment to be in the journal. */
    private void waits() throws Exception {
        with(builder -> builder.commitInterval(Duration.ofMillis(1)), cache -> {
            int callers = 64;
            long[][] waits = new long[callers][];
            List<Thread> threads = new ArrayList<>();
            long end = System.nanoTime() + 2 * WINDOW.toNanos();
            for (int c = 0; c < callers; c++) {
                int number = c;
                Thread thread = new Thread(() -> {
                    long[] nanos = new long[1 << 16];
                    int n = 0;
                    while (System.nanoTime() < end && n < nanos.length) {
                        long start = System.nanoTime();
                        cache.addAsync("key-" + number, 1, AckLevel.JOURNAL)
                                .toCompletableFuture()
                                .join();
                        nanos[n++] = System.nanoTime() - start;
                    }
                    waits[number] = Arrays.copyOf(nanos, n);
                });
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            long[] all =
                    Arrays.stream(waits).flatMapToLong(Arrays::stream).sorted().toArray();
            print(
                    "%d callers that wait for the journal, interval 1 ms: %.0f/s, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.1f ms",
                    callers,
                    all.length / (2 * WINDOW.toMillis() / 1e3),
                    all[all.length / 2] / 1e6,
                    all[(int) (all.length * 0.99)] / 1e6,
                    all[(int) (all.length * 0.999)] / 1e6,
                    all[all.length - 1] / 1e6);
        });
    }

    /** A start on a journal with many records that all may have to be written. */
    private void recovery() throws Exception {
        Path root = Files.createTempDirectory(Files.createDirectories(directory), "report");
        try {
            CounterCache first = CounterCache.builder(new AwaySink())
                    .journal(root)
                    .maxPendingBytes(1L << 40)
                    .journalBytes(4L << 30)
                    .commitInterval(Duration.ofMillis(1))
                    .build();
            byte[] keys = new byte[10_000 * 24];
            Increments list = new Increments().over(keys);
            for (int round = 0; size(root) < 300L << 20; round++) {
                list = new Increments().over(keys);
                for (int k = 0; k < 10_000; k++) {
                    byte[] key = String.format(Locale.ROOT, "key/%020d", round * 100L + k)
                            .getBytes(StandardCharsets.US_ASCII);
                    System.arraycopy(key, 0, keys, k * 24, 24);
                    list.add(k * 24, 24, 1 + k);
                }
                first.addAllAsync(list, AckLevel.JOURNAL).toCompletableFuture().join();
            }
            first.close(Duration.ZERO);
            long bytes = size(root);
            long start = System.nanoTime();
            CounterCache second = CounterCache.builder(new AwaySink())
                    .journal(root)
                    .maxPendingBytes(1L << 40)
                    .journalBytes(4L << 30)
                    .build();
            double seconds = (System.nanoTime() - start) / 1e9;
            print(
                    "recovery, warm: %d MiB, %d records in %.2f s: %.2f s for each GiB",
                    bytes >> 20, second.stats().lastRecord(), seconds, seconds * (1L << 30) / bytes);
            second.close(Duration.ZERO);
        } finally {
            delete(root);
        }
    }

    private static long size(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(p -> p.toString().endsWith(".seg"))
                    .mapToLong(p -> p.toFile().length())
                    .sum();
        }
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }
}
