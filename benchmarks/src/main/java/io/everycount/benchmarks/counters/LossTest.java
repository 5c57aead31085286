// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Whether drains lose increments: writers add to the same keys while one thread drains without a pause;
 * once the writers are done, it drains a last time. Writers go on until there were enough drains.
 */
public final class LossTest {
    private static final int DRAINS_MIN = 20;

    private LossTest() {}

    /**
     * What came of it.
     *
     * @param made increments made
     * @param drained the sum of what all drains returned
     * @param drains how many drains there were before the last one
     */
    public record Outcome(long made, long drained, long drains) {
        /** Whether nothing is missing, and nothing is there twice. */
        public boolean isExact() {
            return made == drained;
        }

        /** Increments lost, of a million; negative if there were more than were made. */
        public double lostPerMillion() {
            return (made - drained) * 1e6 / made;
        }
    }

    /**
     * Runs it once.
     *
     * @param peer what to drain
     * @param keys the keys; each writer walks them round and round, and starts at another place
     * @param writers how many threads add
     * @param each how often each of them adds, at least
     */
    public static Outcome run(Peer peer, String[] keys, int writers, int each) throws InterruptedException {
        try (Counting counting = peer.open(0)) {
            AtomicInteger running = new AtomicInteger(writers);
            LongAdder made = new LongAdder();
            AtomicLong drains = new AtomicLong();
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int w = 0; w < writers; w++) {
                int from = keys.length / writers * w;
                Thread thread = new Thread(() -> {
                    try {
                        start.await();
                        do {
                            for (int i = 0; i < each; i++) {
                                counting.add(keys[(from + i) % keys.length]);
                            }
                            made.add(each);
                        } while (drains.get() < DRAINS_MIN);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        running.decrementAndGet();
                    }
                });
                threads.add(thread);
                thread.start();
            }
            start.countDown();
            long drained = 0;
            while (running.get() > 0) {
                drained += counting.drain();
                drains.incrementAndGet();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            drained += counting.drain();
            return new Outcome(made.sum(), drained, drains.get());
        }
    }
}
