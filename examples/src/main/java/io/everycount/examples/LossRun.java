// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Threads that increment while another drains; then made and arrived, compared key by key. */
final class LossRun {
    private static final int BETWEEN_LOOKS = 1_000;

    private final Strategy strategy;
    private final Load load;
    private final String[] keys;
    private final CountDownLatch left;
    private volatile boolean over;
    private volatile @Nullable Throwable failure;

    /**
     * What is done to a strategy.
     *
     * @param threads how many increment
     * @param keys how many keys they increment, all as often
     * @param each after how many increments a thread ends by itself
     * @param time after how long all end
     * @param interval from one drain to the next; zero: one right after the other
     */
    record Load(int threads, int keys, long each, Duration time, Duration interval) {}

    /**
     * What came of it.
     *
     * @param made increments whose call returned
     * @param arrived the sum of all totals in the store
     * @param lost what is missing, over all keys that have too little
     * @param twice what is too much, over all keys that have too much
     */
    record Outcome(long made, long arrived, long lost, long twice) {
        boolean exact() {
            return lost == 0 && twice == 0;
        }

        /** Lost per million made. */
        double perMillion() {
            return made == 0 ? 0 : lost * 1e6 / made;
        }
    }

    private LossRun(Strategy strategy, Load load) {
        this.strategy = strategy;
        this.load = load;
        keys = new String[load.keys()];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = "page:/article/" + i;
        }
        left = new CountDownLatch(load.threads());
    }

    /**
     * Runs until time or work is over, drains what is left, and compares.
     *
     * @param strategy a fresh one; finished when this returns or throws
     * @throws IllegalStateException if incrementing failed
     */
    static Outcome run(Strategy strategy, Load load) throws InterruptedException {
        return new LossRun(strategy, load).run();
    }

    private Outcome run() throws InterruptedException {
        List<Writer> writers = new ArrayList<>();
        try {
            for (int i = 0; i < load.threads(); i++) {
                Writer writer = new Writer(i);
                writer.start();
                writers.add(writer);
            }
            drainUntilOver();
        } finally {
            over = true;
            try {
                TortureCase.joinAll(writers);
            } finally {
                strategy.finish();
            }
        }
        if (failure != null) {
            throw new IllegalStateException("an increment failed", failure);
        }
        return compare(writers);
    }

    private void drainUntilOver() throws InterruptedException {
        long end = System.nanoTime() + load.time().toNanos();
        while (true) {
            long wait = Math.min(load.interval().toNanos(), end - System.nanoTime());
            if (wait < 0 || left.await(wait, TimeUnit.NANOSECONDS)) {
                return;
            }
            strategy.drain();
        }
    }

    private Outcome compare(List<Writer> writers) {
        Map<String, Long> stored = strategy.stored();
        long all = 0;
        long lost = 0;
        long twice = 0;
        for (int i = 0; i < keys.length; i++) {
            long made = 0;
            for (Writer writer : writers) {
                made += writer.made[i];
            }
            long missing = made - stored.getOrDefault(keys[i], 0L);
            all += made;
            lost += Math.max(0, missing);
            twice += Math.max(0, -missing);
        }
        return new Outcome(
                all, stored.values().stream().mapToLong(Long::longValue).sum(), lost, twice);
    }

    /** Increments random keys, and keeps book. */
    private final class Writer extends Thread {
        private final long[] made = new long[keys.length];
        private final SplittableRandom random;

        Writer(int seed) {
            super("writer-" + seed);
            random = new SplittableRandom(seed);
        }

        @Override
        public void run() {
            try {
                long todo = load.each();
                do {
                    int now = (int) Math.min(todo, BETWEEN_LOOKS);
                    todo -= now;
                    write(now);
                } while (todo > 0 && !over);
            } catch (Throwable e) {
                failure = e;
            } finally {
                left.countDown();
            }
        }

        private void write(int times) {
            for (int i = 0; i < times; i++) {
                int key = random.nextInt(keys.length);
                strategy.increment(keys[key]);
                made[key]++;
            }
        }
    }
}
