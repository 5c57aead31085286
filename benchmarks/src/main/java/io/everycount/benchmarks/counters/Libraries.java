// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.phantomthief.collection.BufferTrigger;
import com.google.common.util.concurrent.AtomicLongMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.WriterReaderPhaser;
import org.agrona.collections.Object2LongCounterMap;

/** Counting with what libraries have for it. */
final class Libraries {
    private Libraries() {}

    /** Guava's map of counts; a drain removes key by key. */
    static final class Guava implements Counting {
        private final AtomicLongMap<String> map = AtomicLongMap.create();

        @Override
        public void add(String key) {
            map.incrementAndGet(key);
        }

        @Override
        public long drain() {
            long sum = 0;
            for (String key : map.asMap().keySet()) {
                sum += map.remove(key);
            }
            return sum;
        }
    }

    /** A Caffeine cache without bounds; a drain removes key by key, or clears what it has read. */
    static final class CaffeineCompute implements Counting {
        private final Cache<String, Long> cache = Caffeine.newBuilder().build();
        private final boolean clears;

        CaffeineCompute(boolean clears) {
            this.clears = clears;
        }

        @Override
        public void add(String key) {
            cache.asMap().compute(key, (k, count) -> count == null ? 1L : count + 1);
        }

        @Override
        public long drain() {
            if (!clears) {
                return Maps.removeAll(cache.asMap());
            }
            Map<String, Long> copy = Map.copyOf(cache.asMap());
            cache.invalidateAll();
            return copy.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /** Two maps of adders; HdrHistogram's phaser tells when nobody writes to the one that is drained. */
    static final class Phased implements Counting {
        private final WriterReaderPhaser phaser = new WriterReaderPhaser();
        private volatile ConcurrentMap<String, LongAdder> active = new ConcurrentHashMap<>();
        private ConcurrentMap<String, LongAdder> inactive = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            long entered = phaser.writerCriticalSectionEnter();
            try {
                Maps.addTo(active, key);
            } finally {
                phaser.writerCriticalSectionExit(entered);
            }
        }

        @Override
        public long drain() {
            phaser.readerLock();
            try {
                ConcurrentMap<String, LongAdder> old = active;
                active = inactive;
                inactive = old;
                phaser.flipPhase();
                long sum = Maps.sum(old);
                old.clear();
                return sum;
            } finally {
                phaser.readerUnlock();
            }
        }
    }

    /** Agrona's map of counts is not thread-safe: one lock, and a drain swaps the map. */
    static final class Agrona implements Counting {
        private Object2LongCounterMap<String> map = new Object2LongCounterMap<>(0);

        @Override
        public synchronized void add(String key) {
            map.incrementAndGet(key);
        }

        @Override
        public long drain() {
            long[] sum = new long[1];
            swap().forEach((key, count) -> sum[0] += count);
            return sum[0];
        }

        private synchronized Object2LongCounterMap<String> swap() {
            Object2LongCounterMap<String> old = map;
            map = new Object2LongCounterMap<>(0);
            return old;
        }
    }

    /** Writers share a lock, and a drain takes it for itself while it swaps the map. */
    static final class Triggered implements Counting {
        private final LongAdder drained = new LongAdder();
        // Its own executor would make close() wait for the next turn of a trigger that there is none of here.
        private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
        private final BufferTrigger<String> trigger = BufferTrigger.<String, ConcurrentHashMap<String, Long>>simple()
                .setContainer(ConcurrentHashMap::new, (map, key) -> {
                    map.merge(key, 1L, Long::sum);
                    return true;
                })
                .setScheduleExecutorService(executor)
                .consumer(map -> map.values().forEach(drained::add))
                .build();

        @Override
        public void add(String key) {
            trigger.enqueue(key);
        }

        @Override
        public long drain() {
            trigger.manuallyDoTrigger();
            return drained.sumThenReset();
        }

        @Override
        public void close() {
            trigger.close();
            executor.shutdownNow();
        }
    }
}
