// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counting in a map of the JDK, or in one that is like it. */
final class Maps {
    private Maps() {}

    static void addTo(ConcurrentMap<String, LongAdder> map, String key) {
        LongAdder adder = map.get(key);
        if (adder == null) {
            adder = map.computeIfAbsent(key, k -> new LongAdder());
        }
        adder.increment();
    }

    static long sum(Map<String, LongAdder> map) {
        long sum = 0;
        for (LongAdder adder : map.values()) {
            sum += adder.sum();
        }
        return sum;
    }

    /** Takes entry by entry out of the map: each removal tells what was there at that moment. */
    static long removeAll(Map<String, Long> map) {
        long sum = 0;
        for (String key : map.keySet()) {
            Long removed = map.remove(key);
            sum += removed == null ? 0 : removed;
        }
        return sum;
    }

    /** Adders that stay in the map for ever; a drain empties each. */
    static final class OfAdders implements Counting {
        private final ConcurrentMap<String, LongAdder> map;

        OfAdders(ConcurrentMap<String, LongAdder> map) {
            this.map = map;
        }

        @Override
        public void add(String key) {
            addTo(map, key);
        }

        @Override
        public long drain() {
            long sum = 0;
            for (LongAdder adder : map.values()) {
                sum += adder.sumThenReset();
            }
            return sum;
        }
    }

    /** As {@link OfAdders}, but what had nothing in it is removed. */
    static final class OfAddersWithoutIdle implements Counting {
        private final ConcurrentMap<String, LongAdder> map = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            addTo(map, key);
        }

        @Override
        public long drain() {
            long sum = 0;
            for (Iterator<LongAdder> i = map.values().iterator(); i.hasNext(); ) {
                long taken = i.next().sumThenReset();
                sum += taken;
                if (taken == 0) {
                    i.remove();
                }
            }
            return sum;
        }
    }

    /** As {@link OfAdders}, but each is first read, then reset. */
    static final class OfAddersReadThenReset implements Counting {
        private final ConcurrentMap<String, LongAdder> map = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            addTo(map, key);
        }

        @Override
        public long drain() {
            long sum = 0;
            for (LongAdder adder : map.values()) {
                sum += adder.sum();
                adder.reset();
            }
            return sum;
        }
    }

    /** The map is swapped for a new one, and read at once. */
    static final class Swapped implements Counting {
        private volatile ConcurrentMap<String, LongAdder> map = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            addTo(map, key);
        }

        @Override
        public long drain() {
            ConcurrentMap<String, LongAdder> old = map;
            map = new ConcurrentHashMap<>();
            return sum(old);
        }
    }

    /** AtomicLongs that stay in the map for ever. */
    static final class OfAtomics implements Counting {
        private final ConcurrentHashMap<String, AtomicLong> map = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            AtomicLong count = map.get(key);
            if (count == null) {
                count = map.computeIfAbsent(key, k -> new AtomicLong());
            }
            count.incrementAndGet();
        }

        @Override
        public long drain() {
            long sum = 0;
            for (AtomicLong count : map.values()) {
                sum += count.getAndSet(0);
            }
            return sum;
        }
    }

    /** {@link ConcurrentHashMap#merge}; a drain removes key by key. */
    static final class Merging implements Counting {
        private final ConcurrentHashMap<String, Long> map = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            map.merge(key, 1L, Long::sum);
        }

        @Override
        public long drain() {
            return removeAll(map);
        }
    }

    /** {@link ConcurrentHashMap#merge}; a drain copies the map, then clears it. */
    static final class CopiedThenCleared implements Counting {
        private final ConcurrentHashMap<String, Long> map = new ConcurrentHashMap<>();

        @Override
        public void add(String key) {
            map.merge(key, 1L, Long::sum);
        }

        @Override
        public long drain() {
            Map<String, Long> copy = Map.copyOf(map);
            map.clear();
            return copy.values().stream().mapToLong(Long::longValue).sum();
        }
    }
}
