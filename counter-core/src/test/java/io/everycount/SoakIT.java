// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import io.everycount.model.ModelStore.Op;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One cache for a long time: handles that come and go, keys as Strings and as bytes, keys that make room for others, a
 * journal drained every 5 ms, and a store that fails, hesitates and goes back in time. At the end each key has what was
 * added to it, and the heap is not larger than it was early on. {@code -Deverycount.soak=100000000000} makes it hours
 * long; {@code -Deverycount.seed=N} repeats the random choices of a run.
 */
class SoakIT {
    private static final long SEED = Long.getLong("everycount.seed", new Random().nextLong());
    private static final long INCREMENTS = Long.getLong("everycount.soak", 100_000_000);
    private static final int KEYS = 1_000;
    private static final int CHURN_KEYS = 40_000;
    private static final int MAX_KEYS = 20_000;
    private static final int HANDLES = 16;
    private static final int BURST = 50_000;
    private static final long REPORT_SECONDS = 10;
    private static final long HEAP_GROWTH_MAX = 32L << 20;

    private final ModelStore store = new ModelStore("store", Guard.STRICT, 32);
    private final AtomicLong made = new AtomicLong();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean failing = true;
    private volatile boolean enough;

    @TempDir
    Path directory;

    private interface Adder {
        /** Some increments, counted in sums. */
        void addSome(CounterCache cache, SplittableRandom random, long[] sums);
    }

    private record Writer(String name, int keys, String prefix, Adder adder, long[] sums) {
        Writer(String name, int keys, String prefix, Adder adder) {
            this(name, keys, prefix, adder, new long[keys]);
        }
    }

    @Test
    void a_cache_that_counts_for_long_loses_nothing_and_does_not_grow() throws Exception {
        SplittableRandom random = new SplittableRandom(SEED);
        SplittableRandom faults = random.split();
        store.faults((op, argument) -> fault(op, faults));
        CounterCache cache = CounterCache.builder(store)
                .name("soak")
                .journal(directory)
                .journalBytes(256L << 20)
                .flushInterval(Duration.ofMillis(100))
                .retain(Duration.ofMinutes(1), 24L << 20)
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(50))
                .ledgerCheckInterval(Duration.ofMillis(100))
                .maxKeys(MAX_KEYS)
                .onLimit(LimitPolicy.block(Duration.ofMinutes(1)))
                .build();
        List<Writer> writers = writers();
        CountDownLatch done = new CountDownLatch(writers.size());
        for (Writer writer : writers) {
            start(writer, cache, random.split(), done);
        }
        long early = watch(cache, done);
        long late = heap();
        assertThat(failure.get()).as("seed %d", SEED).isNull();
        finish(cache);

        Map<String, Long> missing = new HashMap<>();
        long counted = 0;
        for (Writer writer : writers) {
            long sum = Arrays.stream(writer.sums).sum();
            System.out.printf("soak: %,d increments by %s%n", sum, writer.name);
            counted += sum;
            for (int i = 0; i < writer.keys; i++) {
                missing.merge(writer.prefix + i, writer.sums[i], Long::sum);
            }
        }
        store.totals().forEach((key, sum) -> missing.merge(key, -sum, Long::sum));
        missing.values().removeIf(difference -> difference == 0);
        System.out.printf(
                "soak: %,d increments, difference %s, heap %,d KiB early on and %,d KiB at the end; %s; seed %d%n",
                counted, missing.isEmpty() ? "0" : missing, early >> 10, late >> 10, told(cache.stats()), SEED);
        assertThat(missing).as("seed %d", SEED).isEmpty();
        assertThat(counted).isGreaterThanOrEqualTo(INCREMENTS);
        assertThat(late).as("heap early on, and at the end").isLessThan(early + HEAP_GROWTH_MAX);
    }

    private static List<Writer> writers() {
        List<Writer> writers = new ArrayList<>();
        writers.add(new Writer("handles", HANDLES, "handle:", SoakIT::addByHandle));
        writers.add(new Writer("handles", HANDLES, "handle:", SoakIT::addByHandle));
        String[] names = new String[KEYS];
        byte[][] utf8 = new byte[KEYS][];
        for (int i = 0; i < KEYS; i++) {
            names[i] = "page:/" + i;
            utf8[i] = names[i].getBytes(StandardCharsets.UTF_8);
        }
        writers.add(new Writer("Strings", KEYS, "page:/", (cache, random, sums) -> {
            for (int i = 0; i < BURST; i++) {
                int key = skewed(random);
                cache.add(names[key], 1);
                sums[key]++;
            }
        }));
        writers.add(new Writer("bytes", KEYS, "page:/", (cache, random, sums) -> {
            for (int i = 0; i < BURST; i++) {
                int key = skewed(random);
                cache.add(utf8[key], 0, utf8[key].length, 1);
                sums[key]++;
            }
        }));
        writers.add(new Writer("keys that come and go", CHURN_KEYS, "visitor:", SoakIT::addToKeysThatComeAndGo));
        return writers;
    }

    /** Half of all increments for a sixteenth of the keys. */
    private static int skewed(SplittableRandom random) {
        return random.nextInt(2) == 0 ? random.nextInt(KEYS / 16) : random.nextInt(KEYS);
    }

    private static void addByHandle(CounterCache cache, SplittableRandom random, long[] sums) {
        int key = random.nextInt(HANDLES);
        try (Counter counter = cache.counter("handle:" + key)) {
            for (int burst = 0; burst < 100; burst++) {
                for (int i = 0; i < BURST; i++) {
                    counter.increment();
                }
                sums[key] += BURST;
            }
        } catch (RejectedException e) {
            // Handles do not wait for room: once more, a little later.
            Thread.yield();
        }
    }

    /** Some keys in a row a few times each: more than there is room for, so that those before have to go. */
    private static void addToKeysThatComeAndGo(CounterCache cache, SplittableRandom random, long[] sums) {
        int first = random.nextInt(CHURN_KEYS);
        for (int i = 0; i < 1_000; i++) {
            int key = (first + i) % CHURN_KEYS;
            for (int times = 1 + random.nextInt(4); times > 0; times--) {
                cache.add("visitor:" + key, 1);
                sums[key]++;
            }
        }
    }

    private void start(Writer writer, CounterCache cache, SplittableRandom random, CountDownLatch done) {
        Thread thread = new Thread(
                () -> {
                    long before = 0;
                    try {
                        while (!enough && failure.get() == null) {
                            writer.adder.addSome(cache, random, writer.sums);
                            long now = Arrays.stream(writer.sums).sum();
                            enough |= made.addAndGet(now - before) >= INCREMENTS;
                            before = now;
                        }
                    } catch (Throwable t) {
                        failure.compareAndSet(null, t);
                    } finally {
                        done.countDown();
                    }
                },
                "soak " + writer.name);
        thread.setDaemon(true);
        thread.start();
    }

    private Fault fault(Op op, SplittableRandom random) {
        if (!failing) {
            return Fault.NONE;
        }
        if (op != Op.QUARANTINED && random.nextInt(50) == 0) {
            store.rewind(1 + random.nextInt(8));
        }
        return random.nextInt(5) == 0 ? Fault.values()[random.nextInt(Fault.FATAL.ordinal())] : Fault.NONE;
    }

    /** Reports until the end, and returns the heap at about a tenth of the way. */
    private long watch(CounterCache cache, CountDownLatch done) throws InterruptedException {
        long start = System.nanoTime();
        long early = 0;
        while (!done.await(early == 0 ? 1 : REPORT_SECONDS, TimeUnit.SECONDS)) {
            if (made.get() < INCREMENTS / 10) {
                continue;
            }
            long heap = heap();
            early = early == 0 ? heap : early;
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf(
                    "soak: %,d of %,d increments in %.0f s, %.1f M/s; heap %,d KiB; %s%n",
                    made.get(), INCREMENTS, seconds, made.get() / seconds / 1e6, heap >> 10, told(cache.stats()));
        }
        return early == 0 ? heap() : early;
    }

    private static String told(CounterStats stats) {
        CounterStats.Sink sink = stats.sinks().get(0);
        return String.format("%,d drains, %s", stats.drains(), sink);
    }

    private static long heap() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private void finish(CounterCache cache) throws InterruptedException {
        failing = false;
        Await.until(() -> {
            long rewinds = cache.stats().sinks().get(0).rewinds();
            try {
                cache.flush(Duration.ofSeconds(30));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            // Once more: a store that went back just now is looked at again within the interval of checks.
            Await.untilTime(System.nanoTime() + 300_000_000);
            return cache.stats().pending() == 0 && cache.stats().sinks().get(0).rewinds() == rewinds;
        });
        CloseReport report = cache.close(Duration.ofSeconds(60));
        assertThat(report.isComplete()).as("%s", report).isTrue();
        CounterStats stats = report.stats();
        assertThat(stats.accepted()).isEqualTo(stats.persisted() + stats.quarantined() + stats.lost());
        assertThat(stats.lost()).isZero();
    }
}
