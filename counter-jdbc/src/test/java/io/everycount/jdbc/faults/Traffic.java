// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import io.everycount.Counter;
import io.everycount.CounterCache;
import io.everycount.RejectedException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * Callers on several threads that use every way of counting, and each keep their own books in a plain
 * map: a call that returned was counted, a call that was rejected was not.
 */
final class Traffic {
    private static final int KEYS = 100;
    private static final int CALLS_PER_BURST = 40;
    private static final long PAUSE_NANOS = 300_000;

    private final CounterCache cache;
    private final String prefix;
    private final List<Caller> callers = new ArrayList<>();
    private volatile boolean stopped;

    /**
     * @param prefix of the keys
     */
    Traffic(CounterCache cache, int threads, String prefix, Random random) {
        this.cache = cache;
        this.prefix = prefix;
        for (int i = 0; i < threads; i++) {
            callers.add(new Caller("caller-" + i, random.nextLong()));
        }
        callers.forEach(Thread::start);
        // Else a flush right after this would have nothing to wait for.
        Await.until(
                "every caller has counted something",
                () -> callers.stream().allMatch(caller -> caller.started || caller.failure != null));
    }

    /** Ends the callers and returns what they counted, by key. */
    Map<String, Long> stop() {
        stopped = true;
        Map<String, Long> all = new HashMap<>();
        for (Caller caller : callers) {
            try {
                caller.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
            if (caller.failure != null) {
                throw new AssertionError("a caller failed", caller.failure);
            }
            caller.counted.forEach((key, sum) -> all.merge(key, sum, Long::sum));
        }
        return all;
    }

    private final class Caller extends Thread {
        private final Random random;
        private final Map<String, Long> counted = new HashMap<>();
        private volatile boolean started;
        private volatile Throwable failure;

        Caller(String name, long seed) {
            super(name);
            this.random = new Random(seed);
        }

        @Override
        public void run() {
            String own = key();
            try (Counter handle = cache.counter(own)) {
                while (!stopped) {
                    for (int i = 0; i < CALLS_PER_BURST; i++) {
                        call(handle, own);
                    }
                    started = true;
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            } catch (RejectedException e) {
                if (e.reason() != RejectedException.Reason.CLOSED) {
                    failure = e;
                }
            } catch (Throwable t) {
                failure = t;
            }
        }

        private void call(Counter handle, String own) {
            String key = key();
            long delta = random.nextInt(50) - 10;
            switch (random.nextInt(10)) {
                case 0 -> {
                    cache.add(key, delta);
                    count(key, delta);
                }
                case 1 -> {
                    byte[] utf8 = ("<" + key + ">").getBytes(StandardCharsets.UTF_8);
                    cache.add(utf8, 1, utf8.length - 2, delta);
                    count(key, delta);
                }
                case 2 -> {
                    Map<String, Long> several = Map.of(own, 1L, prefix + "all", delta);
                    cache.addAll(several);
                    several.forEach(this::count);
                }
                case 3, 4 -> {
                    handle.add(delta);
                    count(own, delta);
                }
                default -> {
                    cache.increment(key);
                    count(key, 1);
                }
            }
        }

        private void count(String key, long delta) {
            counted.merge(key, delta, Long::sum);
        }

        /** A few keys are hot, most are not; some are not ASCII. */
        private String key() {
            int n = (int) (KEYS * Math.pow(random.nextDouble(), 3));
            return prefix + (n % 7 == 3 ? "schlüssel " : "key-") + n;
        }
    }
}
