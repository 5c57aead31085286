// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.AckLevel;
import io.everycount.Counter;
import io.everycount.CounterCache;
import io.everycount.Increments;
import io.everycount.RejectedException;
import io.everycount.UnconfirmedException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Counts in every way there is. Between bursts on keys that all processes share it takes a step on keys of its own, of
 * which the report has what was attempted and what was acknowledged.
 */
final class Caller extends Thread {
    private static final int SHARED_KEYS = 120;
    private static final int CALLS_PER_BURST = 30;
    private static final int OWN_KEYS = 6;

    /** No more steps than that wait for their acknowledgement. */
    private static final int WAITING_MAX = 100;

    private static final long PAUSE_NANOS = 1_000_000;
    private static final Duration CONFIRM_MAX = Duration.ofSeconds(1);

    /** So large that a total overflows after eight of them, and what comes then is set aside. */
    private static final long HUGE = 1L << 60;

    private static final int HUGE_ONE_IN = 150;

    private final CounterCache cache;
    private final Report report;
    private final String name;
    private final boolean early;
    private final boolean overflowing;
    private final Random random;
    private final AtomicInteger waiting = new AtomicInteger();
    private int steps;
    private int fresh;
    private volatile boolean ended;
    private volatile boolean paused;
    private volatile boolean idle;

    /**
     * @param early whether to report at once as acknowledged what is in memory only: a lie
     * @param overflowing whether to count on a key whose total overflows, which only a sink with a quarantine survives
     */
    Caller(CounterCache cache, Report report, String name, boolean early, boolean overflowing, long seed) {
        super("caller-" + name);
        this.cache = cache;
        this.report = report;
        this.name = name;
        this.early = early;
        this.overflowing = overflowing;
        this.random = new Random(seed);
    }

    void pause() {
        paused = true;
    }

    void goOn() {
        idle = false;
        paused = false;
    }

    void end() {
        ended = true;
    }

    void awaitIdle() {
        while (!idle && isAlive()) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    @Override
    public void run() {
        String hot = sharedKey();
        String own = ownKey(OWN_KEYS);
        try (Counter hotHandle = cache.counter(hot);
                Counter ownHandle = cache.counter(own)) {
            while (!ended) {
                idle = paused;
                if (!paused) {
                    for (int i = 0; i < CALLS_PER_BURST; i++) {
                        share(hotHandle);
                    }
                    step(ownHandle, own);
                }
                // So that two processors are enough for several processes.
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (RejectedException e) {
            // Nothing was counted. A cache that stopped has told its listener.
            if (!isFinal(e)) {
                report.line("! rejected " + e.getMessage());
            }
        } catch (Throwable t) {
            report.line("! " + t);
            t.printStackTrace();
        }
    }

    private void share(Counter handle) {
        String key = sharedKey();
        long delta = random.nextInt(50) - 15;
        switch (random.nextInt(12)) {
            case 0 -> cache.add(key, delta);
            case 1 -> {
                byte[] utf8 = ("<" + key + ">").getBytes(StandardCharsets.UTF_8);
                cache.add(utf8, 1, utf8.length - 2, delta);
            }
            case 2 -> cache.addAll(Map.of(key, delta, "all", 1L));
            case 3 -> cache.addAll(list(Map.of(key, delta, "alle ü", 2L)));
            case 4, 5 -> handle.add(delta);
            case 6 -> {
                if (waiting.get() < WAITING_MAX) {
                    watch(cache.addAsync(key, delta), () -> {});
                }
            }
            case 7 -> cache.addAsync(key, delta, AckLevel.MEMORY);
            case 8 -> cache.add("cold/" + name + "/" + fresh++, 1);
            case 9 -> {
                if (overflowing && random.nextInt(HUGE_ONE_IN) == 0) {
                    cache.add("overflowing", HUGE);
                }
            }
            default -> cache.increment(key);
        }
    }

    private void step(Counter handle, String handleKey) {
        if (waiting.get() >= WAITING_MAX) {
            return;
        }
        String step = name + "." + steps++;
        String key = ownKey(random.nextInt(OWN_KEYS));
        long delta = 1 + random.nextInt(1_000);
        int way = random.nextInt(40) == 0 ? 9 : random.nextInt(9);
        Map<String, Long> deltas = new LinkedHashMap<>();
        deltas.put(way == 5 ? handleKey : key, delta);
        if (way == 2 || way == 6) {
            deltas.put(ownKey(OWN_KEYS + 1 + random.nextInt(OWN_KEYS)), delta + 1);
        }
        byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
        report.attempt(step, deltas);
        try {
            switch (way) {
                case 0 -> journaled(step, () -> cache.addAsync(key, delta, level()));
                case 1 -> journaled(step, () -> cache.addAsync(utf8, 0, utf8.length, delta, level()));
                case 2 -> journaled(step, () -> cache.addAllAsync(list(deltas), level()));
                case 3 -> {
                    cache.add(key, delta);
                    commit(step);
                }
                case 4 -> watch(cache.addAsync(key, delta), () -> report.line("s " + step));
                case 5 -> {
                    handle.add(delta);
                    commit(step);
                }
                case 6 -> {
                    cache.addAll(deltas);
                    commit(step);
                }
                case 7 -> cache.add(utf8, 0, utf8.length, delta);
                case 8 -> watch(cache.addAllAsync(list(deltas)), () -> report.line("s " + step));
                default -> {
                    cache.add(key, delta);
                    flush(step);
                }
            }
        } catch (RejectedException e) {
            report.line("x " + step);
            if (isFinal(e)) {
                throw e;
            }
        }
    }

    private static boolean isFinal(RejectedException e) {
        return switch (e.reason()) {
            case CLOSED, FENCED, FORKED, FAILED -> true;
            default -> false;
        };
    }

    private AckLevel level() {
        return early ? AckLevel.MEMORY : AckLevel.JOURNAL;
    }

    private void journaled(String step, Supplier<CompletionStage<Void>> addition) {
        watch(addition.get(), () -> report.line("j " + step));
    }

    private void watch(CompletionStage<Void> stage, Runnable confirmed) {
        waiting.incrementAndGet();
        stage.whenComplete((nothing, problem) -> {
            waiting.decrementAndGet();
            if (problem == null) {
                confirmed.run();
            }
        });
    }

    private void commit(String step) {
        if (early) {
            report.line("j " + step);
            return;
        }
        try {
            cache.commit(CONFIRM_MAX);
            report.line("j " + step);
        } catch (UnconfirmedException e) {
            // Counted, and perhaps lost if the process dies.
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void flush(String step) {
        try {
            cache.flush(CONFIRM_MAX);
            report.line("s " + step);
        } catch (UnconfirmedException e) {
            // Counted, and perhaps lost if the process dies.
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Increments list(Map<String, Long> deltas) {
        byte[] all = String.join("", deltas.keySet()).getBytes(StandardCharsets.UTF_8);
        Increments list = new Increments().over(all);
        int offset = 0;
        for (Map.Entry<String, Long> entry : deltas.entrySet()) {
            int length = entry.getKey().getBytes(StandardCharsets.UTF_8).length;
            list.add(offset, length, entry.getValue());
            offset += length;
        }
        return list;
    }

    /** A few keys are hot, most are not; some are not ASCII. */
    private String sharedKey() {
        int n = (int) (SHARED_KEYS * Math.pow(random.nextDouble(), 3));
        return (n % 7 == 3 ? "schlüssel-" : n % 7 == 5 ? "键🔑" : "key-") + n;
    }

    private String ownKey(int n) {
        return Checker.OWN + (n % 3 == 2 ? "größe-" : "") + name + "/" + n;
    }
}
