// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.benchmarks.counters.Counting;
import io.everycount.benchmarks.counters.Peer;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * What one increment by key costs, for each {@link Peer}.
 *
 * <p>The walk through the keys and JMH's own loop are in every figure. Look at {@code cpu.ns/op} of {@link CpuProfiler}, not at the wall time. With {@code drain} Everycount runs its real
 * pipeline into a sink that sums up; other drains take the counts out, sum them up, and take them nowhere.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 3,
        // Batch: on a busy machine the compiler gets to work in time only if somebody waits for it.
        jvmArgsAppend = {
            "-Xms2g",
            "-Xmx2g",
            "-Xbatch",
            // Nothing is logged, and to set a log up takes as long as to measure.
            "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider"
        })
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class KeyBenchmark {
    private static final int VIRTUAL_THREADS = 64;
    private static final int ADDS_EACH = 8_000;
    private static final int DRAINS_MIN = 2;
    private static final int DRAINS_MAX = 200;
    private static final long WARM_UP_NANOS = 300_000_000L;
    /** So that a virtual thread goes on in the middle of its work, and perhaps on another carrier. */
    private static final int ADDS_BETWEEN_YIELDS = 1_000;

    /** Where a contender takes its keys from. */
    @State(Scope.Benchmark)
    public static class Strings {
        /** Which keys, and how often each. */
        @Param("ZIPF_1000")
        KeySet keys;

        String[] sequence;
        private String[] once;

        /** Prepares them. */
        @Setup
        public void prepare() {
            KeySet.Strings strings = keys.strings();
            sequence = strings.sequence();
            once = strings.once();
        }
    }

    /** The same keys as bytes. */
    @State(Scope.Benchmark)
    public static class Bytes {
        /** Which keys, and how often each. */
        @Param("ZIPF_1000")
        KeySet keys;

        byte[] sequence;

        /** Prepares them. */
        @Setup
        public void prepare() {
            sequence = keys.bytes();
        }
    }

    /** What is measured. */
    @State(Scope.Benchmark)
    public static class Contender {
        /** Which. */
        @Param("EVERYCOUNT")
        Peer peer;

        /** Milliseconds between drains; 0 for none. */
        @Param("100")
        int drain;

        Counting counting;
        private Drainer drainer;

        /** Starts it, and has every key added and drained until the compiler knows drains: they are few later. */
        @Setup
        public void open(Strings strings) {
            counting = peer.open(drain);
            long end = System.nanoTime() + WARM_UP_NANOS;
            for (int drains = 0; drains < DRAINS_MIN || drains < DRAINS_MAX && System.nanoTime() - end < 0; drains++) {
                for (String key : strings.once) {
                    counting.add(key);
                }
                counting.drain();
            }
            drainer = new Drainer(counting, peer.drainsItself() ? 0 : drain);
        }

        /** Stops it. */
        @TearDown
        public void close() throws InterruptedException {
            drainer.close();
            counting.close();
        }
    }

    /** A thread's walk through the Strings; threads start apart. */
    @State(Scope.Thread)
    public static class StringWalk {
        private String[] sequence;
        private int position;
        private int mask;

        /** Chooses where to start. */
        @Setup
        public void start(Strings strings, ThreadParams threads) {
            sequence = strings.sequence;
            mask = sequence.length - 1;
            position = sequence.length / threads.getThreadCount() * threads.getThreadIndex();
        }

        String next() {
            return sequence[position++ & mask];
        }
    }

    /** A thread's walk through the bytes; threads start apart. */
    @State(Scope.Thread)
    public static class ByteWalk {
        private byte[] sequence;
        private int position;
        private int mask;

        /** Chooses where to start, and goes its part of the way, so that no key is new. */
        @Setup
        public void start(Bytes bytes, ThreadParams threads, Contender contender) {
            sequence = bytes.sequence;
            int length = sequence.length / KeySet.KEY_LENGTH;
            mask = length - 1;
            position = length / threads.getThreadCount() * threads.getThreadIndex();
            for (int i = length / threads.getThreadCount(); i > 0; i--) {
                contender.counting.add(sequence, nextOffset(), KeySet.KEY_LENGTH);
            }
        }

        int nextOffset() {
            return (position++ & mask) * KeySet.KEY_LENGTH;
        }
    }

    /** Starts virtual threads; needs a JDK that has them. */
    @State(Scope.Benchmark)
    public static class Virtual {
        private ExecutorService executor;

        /** Finds out how. */
        @Setup
        public void open() {
            try {
                executor = (ExecutorService) Executors.class
                        .getMethod("newVirtualThreadPerTaskExecutor")
                        .invoke(null);
            } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
                throw new IllegalStateException("there are no virtual threads here", e);
            }
        }

        /** Stops. */
        @TearDown
        public void close() {
            executor.shutdown();
        }
    }

    /** One increment. */
    @Benchmark
    public void key(Contender contender, StringWalk walk) {
        contender.counting.add(walk.next());
    }

    /** One increment of a key that comes as bytes. */
    @Benchmark
    public void bytes(Contender contender, ByteWalk walk) {
        contender.counting.add(walk.sequence, walk.nextOffset(), KeySet.KEY_LENGTH);
    }

    /** One increment of many that short-lived virtual threads make. */
    @Benchmark
    @OperationsPerInvocation(VIRTUAL_THREADS * ADDS_EACH)
    public void virtualThreads(Contender contender, Strings strings, Virtual virtual)
            throws InterruptedException, ExecutionException {
        List<Future<?>> running = new ArrayList<>(VIRTUAL_THREADS);
        String[] sequence = strings.sequence;
        for (int t = 0; t < VIRTUAL_THREADS; t++) {
            int from = sequence.length / VIRTUAL_THREADS * t;
            running.add(virtual.executor.submit(() -> addMany(contender.counting, sequence, from)));
        }
        for (Future<?> thread : running) {
            thread.get();
        }
    }

    private static void addMany(Counting counting, String[] sequence, int from) {
        int mask = sequence.length - 1;
        for (int i = 1; i <= ADDS_EACH; i++) {
            counting.add(sequence[(from + i) & mask]);
            if (i % ADDS_BETWEEN_YIELDS == 0) {
                Thread.yield();
            }
        }
    }
}
