// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;

/**
 * A sink that is away while everybody counts at full speed: memory grows with keys, never with
 * increments. {@code -Deverycount.outage.seconds=600} makes it the ten minutes of the acceptance run; the
 * build has 15 seconds.
 */
class SinkOutageIT {
    private static final int KEYS = 100_000;
    private static final long SECONDS = Long.getLong("everycount.outage.seconds", 15);
    private static final int THREADS = 4;
    private static final int LOOKS = 8;
    private static final long TOLERATED_BYTES = 8L << 20;

    @Test
    void costs_freshness_and_neither_memory_nor_counts_and_heals_by_itself() throws Exception {
        ModelStore store = new ModelStore("store");
        AtomicBoolean away = new AtomicBoolean();
        store.faults((op, argument) -> away.get() ? Fault.BEFORE : Fault.NONE);
        CounterCache cache = CounterCache.builder(store)
                .retryBackoff(Duration.ofMillis(10), Duration.ofMillis(200))
                .build();
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLongArray accepted = new AtomicLongArray(KEYS);
        List<Thread> threads = new ArrayList<>();
        String[] keys = new String[KEYS];
        Arrays.setAll(keys, i -> "page:/outage/" + i);
        for (int t = 0; t < THREADS; t++) {
            SplittableRandom random = new SplittableRandom(t);
            Thread thread = new Thread(() -> {
                int[] mine = new int[KEYS];
                while (!stop.get()) {
                    for (int i = 0; i < 1_000; i++) {
                        int key = random.nextInt(KEYS);
                        cache.add(keys[key], 1);
                        mine[key]++;
                    }
                }
                for (int i = 0; i < KEYS; i++) {
                    accepted.addAndGet(i, mine[i]);
                }
            });
            threads.add(thread);
            thread.start();
        }
        Await.until(() -> cache.stats().persisted() > 2 * KEYS && cache.stats().keysInUse() == KEYS);

        away.set(true);
        Await.until(() ->
                cache.stats().sinks().get(0).retries() > 3 && cache.stats().pending() > 0);
        long start = System.nanoTime();
        long[] used = new long[LOOKS];
        for (int look = 0; look < LOOKS; look++) {
            long due = start + TimeUnit.SECONDS.toNanos(SECONDS) * (look + 1) / LOOKS;
            Await.untilTime(due);
            used[look] = usedHeap();
        }
        CounterStats during = cache.stats();
        away.set(false);
        long back = System.nanoTime();
        Await.until(() -> cache.stats().appliedRecord() > during.lastRecord() + 1);
        double recovered = (System.nanoTime() - back) / 1e9;
        stop.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        CloseReport report = cache.close(Duration.ofSeconds(60));

        long total = 0;
        for (int i = 0; i < KEYS; i++) {
            assertThat(store.total(keys[i])).isEqualTo(accepted.get(i));
            total += accepted.get(i);
        }
        System.out.printf(
                "outage: %,d increments of %,d keys, sink away for %d s, written again after %.1f s; "
                        + "heap after collections, MiB: %s; freshness at the end %s, retries %d%n",
                total,
                KEYS,
                SECONDS,
                recovered,
                Arrays.toString(Arrays.stream(used).map(b -> b >> 20).toArray()),
                during.freshness(),
                during.sinks().get(0).retries());
        assertThat(report.isComplete()).isTrue();
        assertThat(report.stats().persisted()).isEqualTo(total);
        assertThat(during.freshness()).isGreaterThan(Duration.ofSeconds(SECONDS * 9 / 10));
        assertThat(during.rejected()).isEmpty();
        // The first look may still see lanes fill up.
        for (int look = 2; look < LOOKS; look++) {
            assertThat(used[look]).as("heap at look %d", look).isLessThan(used[1] + TOLERATED_BYTES);
        }
    }

    /** The least of some tries: a collection may run while the counting threads have things in hand. */
    private static long usedHeap() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            memory.gc();
            least = Math.min(least, memory.getHeapMemoryUsage().getUsed());
        }
        return least;
    }
}
