// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import io.everycount.model.ModelStore.Op;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A total, and what is pending after the mark that was read with it, are together everything that was added:
 * at least what was before the reads, at most what was after them, whatever happens meanwhile.
 */
@Timeout(120)
class PendingTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final long RUN_NANOS =
            TimeUnit.MILLISECONDS.toNanos(Long.getLong("everycount.hammer.millis", 2_500));
    private final long seed = Long.getLong("everycount.seed", new Random().nextLong());
    private final SplittableRandom seeds = new SplittableRandom(seed);

    enum Weather {
        CALM,
        FAULTS,
        OUTAGES,
        REWINDS
    }

    /** One thread that adds to one key in every way there is, and says how much before and after each call. */
    private static final class Adder implements Runnable {
        private final CounterCache cache;
        private final String key;
        private final byte[] body;
        private final Increments list = new Increments();
        private final SplittableRandom random;
        private Counter handle;
        volatile long started;
        volatile long done;
        volatile boolean resting;
        volatile boolean rest;
        volatile boolean stop;

        Adder(CounterCache cache, String key, SplittableRandom random) {
            this.cache = cache;
            this.key = key;
            this.random = random;
            this.body = (key + "other").getBytes(StandardCharsets.UTF_8);
            this.handle = open(cache, key);
        }

        @Override
        public void run() {
            try {
                while (!stop) {
                    if (rest) {
                        resting = true;
                        Await.until(() -> !rest || stop);
                        resting = false;
                    }
                    step();
                }
            } catch (RejectedException e) {
                if (e.reason() != RejectedException.Reason.CLOSED) {
                    throw e;
                }
                started = done;
            } finally {
                resting = true;
            }
        }

        private void step() {
            int kind = random.nextInt(64);
            long delta = kind == 0 ? (1L << 40) + 1 : 1 + random.nextInt(3);
            int length = body.length - 5;
            started = done + (kind >= 60 ? 2 * delta : delta);
            if (kind == 0 || kind > 40 && kind < 60) {
                cache.add(key, delta);
            } else if (kind <= 20) {
                cache.add(body, 0, length, delta);
            } else if (kind <= 40) {
                handle.add(delta);
                if (kind == 40) {
                    handle.close();
                    handle = open(cache, key);
                }
            } else {
                list.over(body).add(0, length, delta);
                list.add(length, 5, 1);
                list.add(0, length, delta);
                cache.addAll(list);
            }
            done = started;
        }
    }

    /** A handle, as soon as there is room for one. */
    private static Counter open(CounterCache cache, String key) {
        AtomicReference<Counter> opened = new AtomicReference<>();
        Await.until(() -> {
            try {
                opened.set(cache.counter(key));
                return true;
            } catch (RejectedException e) {
                if (e.reason() != RejectedException.Reason.KEY_LIMIT) {
                    throw e;
                }
                return false;
            }
        });
        return opened.get();
    }

    private record Read(long value, long record) {}

    /** Total and mark of one moment. */
    private static Read read(ModelStore store, CounterCache cache, String key) {
        synchronized (store) {
            return new Read(
                    store.total(key),
                    store.mark(cache.stats().sinks().get(0).instanceId()).record());
        }
    }

    @ParameterizedTest
    @EnumSource(Weather.class)
    void a_read_with_what_is_pending_never_misses_and_never_doubles_an_increment(Weather weather) throws Exception {
        ModelStore store = new ModelStore("store", Guard.STRICT, 16);
        SplittableRandom faults = seeds.split();
        store.faults((op, argument) -> fault(weather, store, op, faults));
        CounterCache cache = CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(1))
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
                .ledgerCheckInterval(Duration.ofMillis(10))
                .maxKeys(1_500)
                .onLimit(LimitPolicy.block(LONG))
                .build();
        Adder adder = new Adder(cache, "k\u00e4y", seeds.split());
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        threads.add(new Thread(adder));
        SplittableRandom churn = seeds.split();
        threads.add(new Thread(() -> {
            for (int i = 0; !adder.stop; i++) {
                cache.increment("churn" + churn.nextInt(2_000));
                if (i % 500 == 0) {
                    // A handle more in the list that the drainer walks.
                    open(cache, "churn" + i).close();
                }
            }
        }));
        for (Thread thread : threads) {
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((t, e) -> failure.compareAndSet(null, e));
            thread.start();
        }
        long reads = 0;
        long unknown = 0;
        long exact = 0;
        long least = 0;
        long end = System.nanoTime() + RUN_NANOS;
        try {
            while (System.nanoTime() - end < 0 && failure.get() == null) {
                boolean quiet = reads % 500 == 0;
                if (quiet) {
                    adder.rest = true;
                    Await.until(() -> adder.resting);
                }
                long before = adder.done;
                Read read = read(store, cache, adder.key);
                OptionalLong pending = cache.pending(adder.key, read.record);
                long after = adder.started;
                if (pending.isPresent()) {
                    long sum = read.value + pending.getAsLong();
                    assertThat(sum)
                            .as("seed %d, read %d: %s and %s", seed, reads, read, pending)
                            .isBetween(before, after);
                    assertThat(sum).as("seed %d, read %d", seed, reads).isGreaterThanOrEqualTo(least);
                    least = sum;
                    exact += before == after ? 1 : 0;
                } else {
                    unknown++;
                }
                if (quiet) {
                    assertThat(before).isEqualTo(after);
                    adder.rest = false;
                }
                reads++;
            }
        } finally {
            adder.stop = true;
        }
        assertThat(failure.get()).isNull();
        for (Thread thread : threads) {
            thread.join();
        }
        // What is never saved is pending for good.
        store.faults((op, argument) -> Fault.BEFORE);
        cache.add(adder.key, 77);
        CloseReport report = cache.close(weather == Weather.OUTAGES ? Duration.ZERO : Duration.ofMillis(50));
        Read last = read(store, cache, adder.key);
        System.out.printf(
                "pending, %s: %,d reads, %,d exact, %,d not told; %,d drains, %,d keys, %s%n",
                weather,
                reads,
                exact,
                unknown,
                report.stats().drains(),
                report.stats().keysInUse(),
                report.isComplete() ? "complete" : "not all saved");
        assertThat(cache.pending(adder.key, last.record)).hasValue(adder.done + 77 - last.value);
        assertThat(reads).isGreaterThan(100);
        assertThat(unknown).isLessThan(reads / 10);
    }

    private static Fault fault(Weather weather, ModelStore store, Op op, SplittableRandom random) {
        return switch (weather) {
            case CALM -> Fault.NONE;
            case FAULTS -> random.nextInt(4) == 0 ? Fault.values()[random.nextInt(Fault.FATAL.ordinal())] : Fault.NONE;
            case OUTAGES -> System.nanoTime() / 30_000_000 % 2 == 0 ? Fault.BEFORE : Fault.NONE;
            case REWINDS -> {
                if (op != Op.QUARANTINED && random.nextInt(8) == 0) {
                    store.rewind(1 + random.nextInt(4));
                }
                yield Fault.NONE;
            }
        };
    }

    @Test
    void what_was_added_is_pending_until_the_sink_has_it() throws Exception {
        ModelStore store = new ModelStore("store");
        CounterCache cache = CounterCache.builder(store).flushOnlyWhenAsked().build();
        assertThat(cache.pending("a", 0)).hasValue(0);
        cache.add("a", 5);
        cache.add("b", 1L << 50);
        cache.add(new byte[] {'a'}, 0, 1, -2);
        Counter handle = cache.counter("a");
        handle.add(10);
        cache.add("?", 1);
        assertThat(cache.pending("a", 0)).hasValue(13);
        assertThat(cache.pending("b", 0)).hasValue(1L << 50);
        cache.flush(LONG);
        long mark = cache.stats().appliedRecord();
        assertThat(cache.pending("a", 0)).as("records that are kept").hasValue(13);
        assertThat(cache.pending("a", mark)).hasValue(0);
        handle.add(1);
        assertThat(cache.pending("a", mark)).hasValue(1);
        cache.close();
        assertThat(cache.pending("a", mark)).hasValue(1);
        assertThat(cache.pending("a", cache.stats().appliedRecord())).hasValue(0);
        assertThat(store.total("a")).isEqualTo(14);
    }

    @Test
    void keys_and_records_that_cannot_be_have_their_answers() {
        CounterCache cache = CounterCache.builder(new ModelStore("store"))
                .flushOnlyWhenAsked()
                .build();
        cache.add("?", 1);
        for (String bad : List.of("", "\0", "\ud800", "x".repeat(300))) {
            assertThat(cache.pending(bad, 0)).hasValue(0);
        }
        assertThat(cache.pending("?", 1)).as("there is no record 1").isEmpty();
        assertThatThrownBy(() -> cache.pending("?", -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("record -1; the first is 1, and 0 stands for none");
        cache.close();
    }
}
