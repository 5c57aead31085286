// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.AckLevel;
import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.CounterStats;
import io.everycount.Increments;
import io.everycount.sink.InMemorySink;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
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
