// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.benchmarks.counters.Counting;
import io.everycount.benchmarks.counters.Held;
import java.util.concurrent.TimeUnit;
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

/**
 * What one increment of a counter costs that the caller holds. Nothing stands between the loop and the counter:
 * such an increment takes so little that one more load would show.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 3,
        jvmArgsAppend = {
            "-Xms2g",
            "-Xmx2g",
            "-Xbatch",
            // Nothing is logged, and to set a log up takes as long as to measure.
            "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider"
        })
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class HandleBenchmark {
    /** Drains what a subclass holds. */
    @State(Scope.Benchmark)
    public abstract static class Holder<T extends Counting> {
        /** Milliseconds between drains; 0 for none. */
        @Param("100")
        int drain;

        T held;
        private Drainer drainer;

        abstract T open(int drainMillis);

        boolean drainsItself() {
            return false;
        }

        /** Starts it. */
        @Setup
        public void start() {
            held = open(drain);
            drainer = new Drainer(held, drainsItself() ? 0 : drain);
        }

        /** Stops it. */
        @TearDown
        public void stop() throws InterruptedException {
            drainer.close();
            held.close();
        }
    }

    /** Everycount. */
    public static class Everycount extends Holder<Held.Everycount> {
        private io.everycount.Counter counter;

        @Override
        Held.Everycount open(int drainMillis) {
            Held.Everycount opened = new Held.Everycount(drainMillis);
            counter = opened.counter;
            return opened;
        }

        @Override
        boolean drainsItself() {
            return true;
        }
    }

    /** A LongAdder. */
    public static class Adder extends Holder<Held.Adder> {
        private java.util.concurrent.atomic.LongAdder adder;

        @Override
        Held.Adder open(int drainMillis) {
            Held.Adder opened = new Held.Adder();
            adder = opened.adder;
            return opened;
        }
    }

    /** An AtomicLong. */
    public static class Atomic extends Holder<Held.Atomic> {
        private java.util.concurrent.atomic.AtomicLong count;

        @Override
        Held.Atomic open(int drainMillis) {
            Held.Atomic opened = new Held.Atomic();
            count = opened.count;
            return opened;
        }
    }

    /** Micrometer. */
    public static class Micrometer extends Holder<Held.Micrometer> {
        private io.micrometer.core.instrument.Counter counter;

        @Override
        Held.Micrometer open(int drainMillis) {
            Held.Micrometer opened = new Held.Micrometer();
            counter = opened.counter;
            return opened;
        }
    }

    /** The Prometheus client. */
    public static class Prometheus extends Holder<Held.Prometheus> {
        private io.prometheus.metrics.core.datapoints.CounterDataPoint counter;

        @Override
        Held.Prometheus open(int drainMillis) {
            Held.Prometheus opened = new Held.Prometheus();
            counter = opened.counter;
            return opened;
        }
    }

    /** {@link io.everycount.Counter#increment}. */
    @Benchmark
    public void everycountHandle(Everycount everycount) {
        everycount.counter.increment();
    }

    /** {@link java.util.concurrent.atomic.LongAdder#increment}. */
    @Benchmark
    public void longAdder(Adder adder) {
        adder.adder.increment();
    }

    /** {@link java.util.concurrent.atomic.AtomicLong#incrementAndGet}. */
    @Benchmark
    public long atomicLong(Atomic atomic) {
        return atomic.count.incrementAndGet();
    }

    /** Micrometer's increment. */
    @Benchmark
    public void micrometerHeld(Micrometer micrometer) {
        micrometer.counter.increment();
    }

    /** The Prometheus client's increment. */
    @Benchmark
    public void prometheusHeld(Prometheus prometheus) {
        prometheus.counter.inc();
    }
}
