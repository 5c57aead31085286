// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.Conservation.Keys;
import io.everycount.Conservation.Outcome;
import io.everycount.Conservation.Threads;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import io.everycount.model.ModelStore.Op;
import io.everycount.sink.Gap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/** One case of the stress test: a counter cache with some threads, keys, cadence and failures of its sink. */
record ConservationCase(Threads threads, Keys keys, Cadence cadence, Failure failure) {
    enum Cadence {
        CONTINUOUS,
        FIVE_MILLIS,
        ONE_SECOND
    }

    enum Failure {
        NONE,
        BEFORE,
        AMBIGUOUS,
        SLOW,
        REWIND,
        REWIND_BEYOND_RETAINED,
        REFUSING,
        POISON,
        EVERYTHING
    }

    private static final int CHURN_MAX_KEYS = 4_000;

    /** Cases in which every value of each dimension meets every value of every other one. */
    static List<ConservationCase> allPairs() {
        List<ConservationCase> all = new ArrayList<>();
        for (Failure failure : Failure.values()) {
            for (Threads threads : Threads.here()) {
                for (Keys keys : Keys.values()) {
                    for (Cadence cadence : Cadence.values()) {
                        all.add(new ConservationCase(threads, keys, cadence, failure));
                    }
                }
            }
        }
        Set<String> missing = new HashSet<>();
        all.forEach(c -> missing.addAll(c.pairs()));
        List<ConservationCase> chosen = new ArrayList<>();
        while (!missing.isEmpty()) {
            ConservationCase best = all.stream()
                    .max(Comparator.comparingLong(
                            c -> c.pairs().stream().filter(missing::contains).count()))
                    .orElseThrow();
            best.pairs().forEach(missing::remove);
            chosen.add(best);
        }
        return chosen;
    }

    private List<String> pairs() {
        String[] values = {"t" + threads, "k" + keys, "c" + cadence, "f" + failure};
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            for (int j = i + 1; j < values.length; j++) {
                pairs.add(values[i] + values[j]);
            }
        }
        return pairs;
    }

    /** Runs it on a cache with the store's guard as given. */
    Outcome run(long increments, long seed, Guard guard) throws Exception {
        return Conservation.run(new CacheSubject(seed, guard), threads, keys, increments, seed);
    }

    /** A cache over a store that fails. */
    private final class CacheSubject implements Conservation.Subject {
        private final ModelStore store;
        private final CounterCache cache;
        private final Thread flusher;
        private volatile boolean finishing;

        CacheSubject(long seed, Guard guard) {
            store = new ModelStore("store", guard, 32);
            SplittableRandom random = new SplittableRandom(seed);
            store.faults((op, argument) -> fault(op, random));
            if (failure == Failure.POISON || failure == Failure.EVERYTHING) {
                store.poison(key -> key.hashCode() % 7 == 0);
            }
            CounterCacheBuilder builder = CounterCache.builder(store)
                    .name("conserve")
                    .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(10))
                    .ledgerCheckInterval(Duration.ofMillis(10))
                    .flushInterval(
                            switch (cadence) {
                                case CONTINUOUS -> Duration.ofMillis(1);
                                case FIVE_MILLIS -> Duration.ofMillis(5);
                                case ONE_SECOND -> Duration.ofSeconds(1);
                            });
            if (keys == Keys.CHURN) {
                builder.maxKeys(CHURN_MAX_KEYS).onLimit(LimitPolicy.block(Duration.ofMinutes(1)));
            }
            if (failure == Failure.REWIND_BEYOND_RETAINED) {
                builder.retain(Duration.ZERO, 0);
            }
            cache = builder.build();
            flusher = new Thread(this::flush, "flush continuously");
            flusher.setDaemon(true);
            if (cadence == Cadence.CONTINUOUS) {
                flusher.start();
            }
        }

        private void flush() {
            try {
                while (!finishing) {
                    try {
                        cache.flush(Duration.ofSeconds(1));
                    } catch (UnconfirmedException e) {
                        // The next one, perhaps.
                    }
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        private Fault fault(Op op, SplittableRandom random) {
            if (finishing) {
                return Fault.NONE;
            }
            boolean now = random.nextInt(4) == 0;
            return switch (failure) {
                case NONE, POISON -> Fault.NONE;
                case BEFORE -> now ? Fault.BEFORE : Fault.NONE;
                case AMBIGUOUS -> now ? random.nextBoolean() ? Fault.AFTER : Fault.LATE : Fault.NONE;
                case SLOW -> {
                    if (now && op == Op.WRITE) {
                        LockSupport.parkNanos(5_000_000);
                    }
                    yield Fault.NONE;
                }
                case REWIND, REWIND_BEYOND_RETAINED -> {
                    if (op != Op.QUARANTINED && random.nextInt(8) == 0) {
                        store.rewind(1 + random.nextInt(8));
                    }
                    yield Fault.NONE;
                }
                case REFUSING -> now && op == Op.WRITE ? Fault.REFUSE : Fault.NONE;
                case EVERYTHING -> {
                    if (op != Op.QUARANTINED && random.nextInt(20) == 0) {
                        store.rewind(1 + random.nextInt(8));
                    }
                    yield now ? Fault.values()[random.nextInt(Fault.FATAL.ordinal())] : Fault.NONE;
                }
            };
        }

        @Override
        public void add(String key, long delta) {
            cache.add(key, delta);
        }

        @Override
        public void add(byte[] utf8, long delta) {
            cache.add(utf8, 0, utf8.length, delta);
        }

        @Override
        public Counter counter(String key) {
            return cache.counter(key);
        }

        @Override
        public Map<String, Long> finish() throws Exception {
            finishing = true;
            if (flusher.isAlive()) {
                flusher.join();
            }
            // A store that went back just now is repaired by then.
            long rewinds;
            do {
                rewinds = cache.stats().sinks().get(0).rewinds();
                cache.flush(Duration.ofSeconds(30));
                LockSupport.parkNanos(25_000_000);
            } while (cache.stats().sinks().get(0).rewinds() != rewinds
                    || cache.stats().pending() != 0);
            CloseReport report = cache.close(Duration.ofSeconds(30));
            if (!report.isComplete()) {
                throw new AssertionError("not complete: " + report.stats());
            }
            CounterStats s = report.stats();
            if (s.accepted() != s.persisted() + s.quarantined() + s.lost() + s.pending()) {
                throw new AssertionError("the sums do not add up: " + s);
            }
            Map<String, Long> arrived = new HashMap<>(store.totals());
            store.quarantineSums().forEach((key, sum) -> arrived.merge(key, sum, Long::sum));
            return arrived;
        }

        @Override
        public long declaredLost() {
            return store.gaps().stream().mapToLong(Gap::deltaSum).sum();
        }
    }
}
