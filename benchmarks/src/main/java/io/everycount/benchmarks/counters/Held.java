// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import io.everycount.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * A single counter that the caller holds: the key of an increment is not looked at. A benchmark that has
 * nothing to spare for a detour takes the counter itself.
 */
public final class Held {
    /** The key that is held where there is one. */
    public static final String KEY = "page:/item/00000000000042";

    private Held() {}

    /** A handle of Everycount. */
    public static final class Everycount implements Counting {
        private final EverycountCounting everycount;

        /** What to add to. */
        public final Counter counter;

        /**
         * Starts a cache.
         *
         * @param drainMillis how often it drains by itself; 0 for only when asked
         */
        public Everycount(int drainMillis) {
            everycount = new EverycountCounting(drainMillis);
            counter = everycount.handle(KEY);
        }

        @Override
        public void add(String key) {
            counter.increment();
        }

        @Override
        public long drain() {
            return everycount.drain();
        }

        @Override
        public void close() {
            everycount.close();
        }
    }

    /** A LongAdder. */
    public static final class Adder implements Counting {
        /** What to add to. */
        public final LongAdder adder = new LongAdder();

        @Override
        public void add(String key) {
            adder.increment();
        }

        @Override
        public long drain() {
            return adder.sumThenReset();
        }
    }

    /** An AtomicLong. */
    public static final class Atomic implements Counting {
        /** What to add to. */
        public final AtomicLong count = new AtomicLong();

        @Override
        public void add(String key) {
            count.incrementAndGet();
        }

        @Override
        public long drain() {
            return count.getAndSet(0);
        }
    }

    /** A counter of Micrometer; a drain returns by how much its value has grown. */
    public static final class Micrometer implements Counting {
        private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
        private long before;

        /** What to add to. */
        public final io.micrometer.core.instrument.Counter counter = registry.counter("increments", "key", KEY);

        @Override
        public void add(String key) {
            counter.increment();
        }

        @Override
        public long drain() {
            long now = (long) counter.count();
            long grown = now - before;
            before = now;
            return grown;
        }

        @Override
        public void close() {
            registry.close();
        }
    }

    /** A counter of the Prometheus client; a drain returns by how much its value has grown. */
    public static final class Prometheus implements Counting {
        private long before;

        /** What to add to. */
        public final CounterDataPoint counter = io.prometheus.metrics.core.metrics.Counter.builder()
                .name("increments")
                .labelNames("key")
                .build()
                .labelValues(KEY);

        @Override
        public void add(String key) {
            counter.inc();
        }

        @Override
        public long drain() {
            long now = (long) counter.get();
            long grown = now - before;
            before = now;
            return grown;
        }
    }
}
