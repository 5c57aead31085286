// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.everycount.CounterCache;
import io.everycount.sink.InMemorySink;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** The ways to count that {@link LossDemo} compares: five that people write, and Everycount. */
final class Strategies {
    private Strategies() {}

    /**
     * A strategy as the reports show it.
     *
     * @param name what it counts in
     * @param how what a drain does
     * @param weakness what happens to an increment at the wrong moment
     * @param ours whether it has to be exact
     * @param make a fresh one
     */
    record Contender(String name, String how, String weakness, boolean ours, Supplier<Strategy> make) {
        String title() {
            return name + ": " + how;
        }
    }

    static final List<Contender> ALL = List.of(
            new Contender(
                    "ConcurrentHashMap",
                    "copy, then clear",
                    "An increment between the copy and `clear()` is cleared and was not copied.",
                    false,
                    CopyThenClear::new),
            new Contender(
                    "Caffeine",
                    "copy, then invalidateAll",
                    "The same, with another map.",
                    false,
                    CopyThenInvalidate::new),
            new Contender(
                    "volatile map",
                    "swap it, then sum it up",
                    "A thread that has just read the field adds to the old map after it was summed up.",
                    false,
                    SwapTheMap::new),
            new Contender(
                    "LongAdder",
                    "sum, then reset",
                    "An increment between `sum()` and `reset()` is reset and was not summed up.",
                    false,
                    SumThenReset::new),
            new Contender(
                    "LongAdder",
                    "sumThenReset, remove idle keys",
                    "A thread that has just found an adder adds to it after it was removed. Without removing, nothing is"
                            + " lost, and the map grows for ever.",
                    false,
                    RemoveIdle::new),
            new Contender(
                    "Everycount",
                    "flush",
                    "None: a drained cell takes no increment any more, and the thread that comes too late adds to the"
                            + " next one.",
                    true,
                    Exact::new));

    /** Those whose store is a map. */
    private abstract static class IntoMap extends Strategy {
        private final Map<String, Long> totals = new HashMap<>();

        final void store(Map<String, Long> batch) {
            batch.forEach((key, count) -> totals.merge(key, count, Long::sum));
        }

        @Override
        final Map<String, Long> stored() {
            return totals;
        }
    }

    static class CopyThenClear extends IntoMap {
        private final Map<String, Long> counts = new ConcurrentHashMap<>();

        @Override
        void increment(String key) {
            counts.merge(key, 1L, Long::sum);
        }

        @Override
        void drain() {
            Map<String, Long> batch = new HashMap<>(counts);
            between();
            counts.clear();
            store(batch);
        }
    }

    static class CopyThenInvalidate extends IntoMap {
        private final Cache<String, Long> counts = Caffeine.newBuilder().build();

        @Override
        void increment(String key) {
            counts.asMap().merge(key, 1L, Long::sum);
        }

        @Override
        void drain() {
            Map<String, Long> batch = new HashMap<>(counts.asMap());
            between();
            counts.invalidateAll();
            store(batch);
        }
    }

    static class SwapTheMap extends IntoMap {
        private volatile Map<String, LongAdder> counts = new ConcurrentHashMap<>();

        @Override
        void increment(String key) {
            Map<String, LongAdder> current = counts;
            between();
            current.computeIfAbsent(key, k -> new LongAdder()).increment();
        }

        @Override
        void drain() {
            Map<String, LongAdder> old = counts;
            counts = new ConcurrentHashMap<>();
            Map<String, Long> batch = new HashMap<>();
            old.forEach((key, adder) -> batch.put(key, adder.sum()));
            store(batch);
        }
    }

    static class SumThenReset extends IntoMap {
        private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

        @Override
        void increment(String key) {
            counts.computeIfAbsent(key, k -> new LongAdder()).increment();
        }

        @Override
        void drain() {
            Map<String, Long> batch = new HashMap<>();
            counts.forEach((key, adder) -> {
                batch.put(key, adder.sum());
                between();
                adder.reset();
            });
            store(batch);
        }
    }

    static class RemoveIdle extends IntoMap {
        private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

        @Override
        void increment(String key) {
            counts.computeIfAbsent(key, k -> new LongAdder()).increment();
        }

        @Override
        void drain() {
            Map<String, Long> batch = new HashMap<>();
            counts.forEach((key, adder) -> {
                long count = adder.sumThenReset();
                if (count > 0) {
                    batch.put(key, count);
                } else {
                    between();
                    counts.remove(key);
                }
            });
            store(batch);
        }
    }

    /** The library as anybody uses it; it is told when to flush, so that all are drained as often. */
    static final class Exact extends Strategy {
        private static final Duration FLUSH_MAX = Duration.ofSeconds(30);

        private final InMemorySink sink = new InMemorySink();
        private final CounterCache counts =
                CounterCache.builder(sink).flushOnlyWhenAsked().build();

        @Override
        void increment(String key) {
            counts.increment(key);
        }

        @Override
        void drain() throws InterruptedException {
            counts.flush(FLUSH_MAX);
        }

        @Override
        void finish() {
            counts.close();
        }

        @Override
        Map<String, Long> stored() {
            return sink.totals();
        }
    }
}
