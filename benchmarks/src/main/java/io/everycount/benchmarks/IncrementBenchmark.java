// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.CloseReport;
import io.everycount.Counter;
import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.sink.InMemorySink;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * What one increment costs, beside the usual way, a ConcurrentHashMap of LongAdders.
 *
 * <p>Look at {@code cpu.ns/op} of {@link CpuProfiler}, not at the wall time. With {@code drain} at 100
 * milliseconds Everycount runs its real pipeline into a sink in memory; the map's drainer only calls
 * {@code sumThenReset} on every adder and keeps the sum. That is exact as long as no key is ever
 * removed from the map, and takes nothing anywhere.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 3,
        // Batch: on a busy machine the compiler gets to work in time only if somebody waits for it.
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-Xbatch"})
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class IncrementBenchmark {
    private static final String HANDLE_KEY = "page:/item/00000000000042";

    /** Where a contender takes its keys from. */
    @State(Scope.Benchmark)
    public static class Keys {
        /** Which keys, and how often each. */
        @Param("ZIPF_1000")
        KeySet keys;

        String[] strings;
        byte[] bytes;

        /** Prepares both kinds of keys. */
        @Setup
        public void prepare() {
            strings = keys.strings();
            bytes = keys.bytes();
        }
    }

    /** A thread's walk through the keys; threads start apart. */
    @State(Scope.Thread)
    public static class Walk {
        private String[] strings;
        private byte[] bytes;
        private int position;
        private int mask;

        /** Chooses where to start. */
        @Setup
        public void start(Keys keys, ThreadParams threads) {
            strings = keys.strings;
            bytes = keys.bytes;
            mask = strings.length - 1;
            position = strings.length / threads.getThreadCount() * threads.getThreadIndex();
        }

        String nextString() {
            return strings[position++ & mask];
        }

        int nextOffset() {
            return (position++ & mask) * KeySet.KEY_LENGTH;
        }
    }

    /** Everycount. */
    @State(Scope.Benchmark)
    public static class Everycount {
        /** Milliseconds between drains; 0 for none. */
        @Param("100")
        int drain;

        CounterCache cache;
        Counter handle;

        /** Starts it. */
        @Setup
        public void open() {
            CounterCacheBuilder builder =
                    CounterCache.builder(new InMemorySink()).maxKeys(4_000_000);
            cache = drain == 0
                    ? builder.flushOnlyWhenAsked().build()
                    : builder.flushInterval(Duration.ofMillis(drain)).build();
            handle = cache.counter(HANDLE_KEY);
        }

        /** Stops it. */
        @TearDown
        public void close() throws InterruptedException {
            CloseReport report = cache.close(Duration.ofMinutes(1));
            if (!report.isComplete()) {
                throw new IllegalStateException("not everything was saved: " + report);
            }
        }
    }

    /** The usual way. */
    @State(Scope.Benchmark)
    public static class Adders {
        /** Milliseconds between drains; 0 for none. */
        @Param("100")
        int drain;

        final ConcurrentHashMap<String, LongAdder> map = new ConcurrentHashMap<>();
        final LongAdder handle = new LongAdder();
        private final ScheduledExecutorService drainer = Executors.newSingleThreadScheduledExecutor();
        private volatile long drained;

        /** Starts the drainer. */
        @Setup
        public void open() {
            if (drain > 0) {
                drainer.scheduleAtFixedRate(this::drain, drain, drain, TimeUnit.MILLISECONDS);
            }
        }

        private void drain() {
            long sum = handle.sumThenReset();
            for (LongAdder adder : map.values()) {
                sum += adder.sumThenReset();
            }
            drained += sum;
        }

        void add(String key, long delta) {
            LongAdder adder = map.get(key);
            if (adder == null) {
                adder = map.computeIfAbsent(key, k -> new LongAdder());
            }
            adder.add(delta);
        }

        /** Stops the drainer. */
        @TearDown
        public void close() {
            drainer.shutdownNow();
        }
    }

    /** {@link CounterCache#add(String, long)}. */
    @Benchmark
    public void everycount(Everycount everycount, Walk walk) {
        everycount.cache.add(walk.nextString(), 1);
    }

    /** A ConcurrentHashMap of LongAdders. */
    @Benchmark
    public void mapOfAdders(Adders adders, Walk walk) {
        adders.add(walk.nextString(), 1);
    }

    /** {@link CounterCache#add(byte[], int, int, long)}. */
    @Benchmark
    public void everycountBytes(Everycount everycount, Walk walk) {
        everycount.cache.add(walk.bytes, walk.nextOffset(), KeySet.KEY_LENGTH, 1);
    }

    /** The usual way with a key that comes as bytes: a String is built for each increment. */
    @Benchmark
    public void mapOfAddersBytes(Adders adders, Walk walk) {
        adders.add(new String(walk.bytes, walk.nextOffset(), KeySet.KEY_LENGTH, StandardCharsets.UTF_8), 1);
    }

    /** {@link Counter#increment}. */
    @Benchmark
    public void everycountHandle(Everycount everycount) {
        everycount.handle.increment();
    }

    /** A LongAdder that the caller holds. */
    @Benchmark
    public void adder(Adders adders) {
        adders.handle.increment();
    }

    /** Nothing but the walk through the keys and JMH's own loop: what to take off both. */
    @Benchmark
    public String walkOnly(Walk walk) {
        return walk.nextString();
    }
}
