// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.everycount.benchmarks.CpuClock;
import io.everycount.benchmarks.Drainer;
import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.Samples;
import io.everycount.benchmarks.counters.Counting;
import io.everycount.benchmarks.counters.LossTest;
import io.everycount.benchmarks.counters.Peer;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/** Measures a case that is not for JMH, in a process of its own; the figures go to standard output as JSON. */
final class Probe {
    private static final int DRAIN_WARMUPS = 8;
    private static final int DRAINS = 5;
    private static final long SLOWEST_NANOS = 60_000_000_000L;

    private final Case measured;
    private final int effort;
    private final SortedMap<Figure, Double> figures = new TreeMap<>();

    /**
     * Prepares it.
     *
     * @param effort {@link Kind#LOSS}: increments of each thread; {@link Kind#LATENCY}: seconds; otherwise not
     *     looked at
     */
    Probe(Case measured, int effort) {
        this.measured = measured;
        this.effort = effort;
    }

    /**
     * Measures.
     *
     * @param args a case, its parts in order, and how many seconds or increments it may take
     */
    public static void main(String[] args) throws Exception {
        // What libraries print must not get between the figures.
        PrintStream out = System.out;
        System.setOut(System.err);
        Case measured = new Case(
                Kind.valueOf(args[0]),
                Peer.valueOf(args[1]),
                KeySet.valueOf(args[2]),
                Integer.parseInt(args[3]),
                Integer.parseInt(args[4]));
        out.println(new ObjectMapper().writeValueAsString(new Probe(measured, Integer.parseInt(args[5])).measure()));
    }

    /** Measures in this process. */
    SortedMap<Figure, Double> measure() throws Exception {
        switch (measured.kind()) {
            case LOSS -> loss();
            case MEMORY -> memory();
            case LATENCY -> latency();
            default -> throw new IllegalArgumentException(measured + " is for JMH");
        }
        return figures;
    }

    private void loss() throws InterruptedException {
        LossTest.Outcome outcome =
                LossTest.run(measured.peer(), measured.keys().strings().sequence(), measured.threads(), effort);
        figures.put(Figure.LOST_PER_MILLION, outcome.lostPerMillion());
        figures.put(Figure.DRAINS, (double) outcome.drains());
    }

    /** Every thread adds to every key once, then comes a drain; and again, until it is warm. */
    private void memory() throws Exception {
        String[] keys = measured.keys().distinct();
        ExecutorService threads = Executors.newFixedThreadPool(measured.threads());
        try {
            drains(keys, threads);
            figures.put(Figure.HEAP_PER_KEY_DRAINED, heapPerKeyDrained(keys, threads));
        } finally {
            threads.shutdown();
        }
    }

    private void drains(String[] keys, ExecutorService threads) throws Exception {
        long before = usedHeap();
        try (Counting counting = measured.peer().open(0)) {
            List<Double> nanosPerKey = new ArrayList<>();
            List<Double> bytesPerKey = new ArrayList<>();
            for (int drain = -DRAIN_WARMUPS; drain < DRAINS; drain++) {
                long bytes = -allocated();
                addToAll(counting, keys, threads);
                bytes += allocated();
                if (drain == -DRAIN_WARMUPS) {
                    figures.put(Figure.HEAP_PER_KEY, (double) (usedHeap() - before) / keys.length);
                }
                // The clock allocates, too, and does so before and after these two.
                CpuClock clock = new CpuClock();
                bytes -= allocated();
                long drained = counting.drain();
                bytes += allocated();
                double cpu = clock.nanos();
                if (drained != (long) keys.length * measured.threads()) {
                    throw new IllegalStateException("a drain returned " + drained);
                }
                if (drain >= 0) {
                    nanosPerKey.add(cpu / keys.length);
                    bytesPerKey.add((double) bytes / keys.length);
                }
            }
            figures.put(Figure.DRAIN_CPU_NANOS_PER_KEY, new Samples(nanosPerKey).median());
            figures.put(Figure.ALLOCATED_PER_KEY_AND_DRAIN, new Samples(bytesPerKey).median());
        }
    }

    private double heapPerKeyDrained(String[] keys, ExecutorService threads) throws Exception {
        long before = usedHeap();
        try (Counting counting = measured.peer().openWithoutRetention()) {
            for (int drains = 0; drains < DRAINS; drains++) {
                addToAll(counting, keys, threads);
                counting.drain();
            }
            addToAll(counting, keys, threads);
            return (double) (usedHeap() - before) / keys.length;
        }
    }

    /** Every thread adds to every key once. */
    private void addToAll(Counting counting, String[] keys, ExecutorService threads) throws Exception {
        Callable<Void> adding = () -> {
            for (String key : keys) {
                counting.add(key);
            }
            return null;
        };
        for (Future<Void> added : threads.invokeAll(Collections.nCopies(measured.threads(), adding))) {
            added.get();
        }
    }

    private static long usedHeap() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        for (int i = 0; i < 3; i++) {
            memory.gc();
        }
        return memory.getHeapMemoryUsage().getUsed();
    }

    /** Of all threads that live: those that add and those that drain live as long as what is measured. */
    private static long allocated() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
                .filter(bytes -> bytes > 0)
                .sum();
    }

    private void latency() throws Exception {
        KeySet.Strings strings = measured.keys().strings();
        String[] keys = strings.sequence();
        ExecutorService threads = Executors.newFixedThreadPool(measured.threads());
        try (Counting counting = measured.peer().open(measured.drainMillis());
                Drainer drainer = new Drainer(counting, measured.peer().drainsItself() ? 0 : measured.drainMillis())) {
            List<Writer> writers = new ArrayList<>();
            for (int w = 0; w < measured.threads(); w++) {
                writers.add(new Writer(counting, keys, keys.length / measured.threads() * w));
            }
            // At first, each key is new.
            for (String key : strings.once()) {
                counting.add(key);
            }
            for (int seconds : new int[] {1, effort}) {
                long end = System.nanoTime() + seconds * 1_000_000_000L;
                writers.forEach(writer -> writer.begin(end));
                for (Future<Void> writing : threads.invokeAll(writers)) {
                    writing.get();
                }
            }
            Histogram all = new Histogram(SLOWEST_NANOS, 3);
            writers.forEach(writer -> all.add(writer.nanos));
            figures.put(Figure.P50, (double) all.getValueAtPercentile(50));
            figures.put(Figure.P90, (double) all.getValueAtPercentile(90));
            figures.put(Figure.P99, (double) all.getValueAtPercentile(99));
            figures.put(Figure.P99_9, (double) all.getValueAtPercentile(99.9));
            figures.put(Figure.P99_99, (double) all.getValueAtPercentile(99.99));
            figures.put(Figure.MAX, (double) all.getMaxValue());
            long cpu = writers.stream().mapToLong(writer -> writer.cpuNanos).sum();
            figures.put(Figure.WRITER_CPU_NANOS, (double) cpu / all.getTotalCount());
        } finally {
            threads.shutdown();
        }
    }

    /** Adds until the end, and times each increment. */
    private static final class Writer implements Callable<Void> {
        private final Counting counting;
        private final String[] keys;
        private final Histogram nanos = new Histogram(SLOWEST_NANOS, 3);
        private int position;
        private long end;
        private long cpuNanos;

        Writer(Counting counting, String[] keys, int position) {
            this.counting = counting;
            this.keys = keys;
            this.position = position;
        }

        void begin(long endNanos) {
            end = endNanos;
            nanos.reset();
        }

        @Override
        public Void call() {
            long cpuBefore = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            int mask = keys.length - 1;
            long before;
            do {
                String key = keys[position++ & mask];
                before = System.nanoTime();
                counting.add(key);
                nanos.recordValue(Math.min(SLOWEST_NANOS, System.nanoTime() - before));
            } while (before - end < 0);
            cpuNanos = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuBefore;
            return null;
        }
    }
}
