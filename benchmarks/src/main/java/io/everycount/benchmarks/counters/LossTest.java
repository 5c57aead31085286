// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether drains lose increments: writers add to the same keys while one thread drains without a pause;
 * once the writers are done, it drains a last time.
 */
public final class LossTest {
    private LossTest() {}

    /**
     * What came of it.
     *
     * @param made increments made
     * @param drained the sum of what all drains returned
     * @param drains how many drains there were
     */
    public record Outcome(long made, long drained, long drains) {
        /** Whether there was a drain beside the writers, and nothing is missing or too much. */
        public boolean isExact() {
            return drains > 1 && made == drained;
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
     * @param each how often each of them adds
     */
    public static Outcome run(Peer peer, String[] keys, int writers, int each) throws InterruptedException {
        try (Counting counting = peer.open(0)) {
            AtomicInteger running = new AtomicInteger(writers);
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int w = 0; w < writers; w++) {
                int from = keys.length / writers * w;
                Thread thread = new Thread(() -> {
                    try {
                        start.await();
                        for (int i = 0; i < each; i++) {
                            counting.add(keys[(from + i) % keys.length]);
                        }
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
            long drains = 1;
            while (running.get() > 0) {
                drained += counting.drain();
                drains++;
            }
            for (Thread thread : threads) {
                thread.join();
            }
            drained += counting.drain();
            return new Outcome((long) writers * each, drained, drains);
        }
    }
}
