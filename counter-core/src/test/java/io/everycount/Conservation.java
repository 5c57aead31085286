// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.model.Await;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The main invariant, whatever counts: every increment appears in exactly one batch. Threads add and count
 * by themselves what was accepted; at the end, key by key, that is what arrived.
 */
final class Conservation {
    /** Something that counts, and is drained while it does. */
    interface Subject {
        /** Adds; throws RejectedException if it did not. */
        void add(String key, long delta);

        default void add(byte[] utf8, long delta) {
            add(new String(utf8, StandardCharsets.UTF_8), delta);
        }

        default Counter counter(String key) {
            throw new UnsupportedOperationException("no handles");
        }

        /** Takes what arrived after everything was added: totals and quarantine by key. */
        Map<String, Long> finish() throws Exception;

        /** The sum of deltas that were declared lost. */
        default long declaredLost() {
            return 0;
        }
    }

    enum Threads {
        ONE(1, false),
        TWO(2, false),
        FOUR(4, false),
        SIXTEEN(16, false),
        SIXTY_FOUR(64, false),
        VIRTUAL_64(64, true),
        VIRTUAL_1000(1_000, true);

        final int count;
        final boolean virtual;

        Threads(int count, boolean virtual) {
            this.count = count;
            this.virtual = virtual;
        }

        /** Those that this JDK has. */
        static List<Threads> here() {
            return Arrays.stream(values())
                    .filter(t -> !t.virtual || virtualThreads() != null)
                    .toList();
        }
    }

    enum Keys {
        HOT,
        ZIPF,
        CHURN,
        MIXED,
        HANDLES
    }

    /**
     * @param missing by key: accepted minus arrived, where not 0
     */
    record Outcome(long accepted, long rejected, Map<String, Long> missing, long lost, double seconds) {
        long missingSum() {
            return missing.values().stream().mapToLong(Long::longValue).sum();
        }

        /** Increments that are missing or there twice. */
        long wrong() {
            return missing.values().stream().mapToLong(Math::abs).sum();
        }
    }

    static final int DISTINCT = 1_000;
    private static final int SEQUENCE = 1 << 14;

    private Conservation() {}

    /** The JDK's virtual threads, where it has them; the code is compiled for one that has not. */
    static Method virtualThreads() {
        try {
            return Executors.class.getMethod("newVirtualThreadPerTaskExecutor");
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    private static ExecutorService executor(Threads threads) throws ReflectiveOperationException {
        return threads.virtual
                ? (ExecutorService) virtualThreads().invoke(null)
                : Executors.newFixedThreadPool(threads.count);
    }

    static Outcome run(Subject subject, Threads threads, Keys keys, long increments, long seed) throws Exception {
        long start = System.nanoTime();
        ExecutorService executor = executor(threads);
        CountDownLatch done = new CountDownLatch(threads.count);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Worker> workers = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < threads.count; i++) {
            Worker worker = new Worker(subject, keys, increments / threads.count, random.split(), i);
            workers.add(worker);
            executor.execute(() -> {
                try {
                    worker.run();
                } catch (Throwable t) {
                    failure.compareAndSet(null, t);
                } finally {
                    done.countDown();
                }
            });
        }
        Await.on(done);
        executor.shutdown();
        if (failure.get() != null) {
            throw new AssertionError("a thread that adds failed", failure.get());
        }
        Map<String, Long> missing = new HashMap<>();
        long accepted = 0;
        long rejected = 0;
        for (Worker worker : workers) {
            worker.accepted().forEach((key, sum) -> missing.merge(key, sum, Long::sum));
            accepted += worker.count;
            rejected += worker.rejected;
        }
        subject.finish().forEach((key, sum) -> missing.merge(key, -sum, Long::sum));
        missing.values().removeIf(d -> d == 0);
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Outcome(accepted, rejected, missing, subject.declaredLost(), seconds);
    }

    static String key(int i) {
        return "page:/conserved/" + i;
    }

    /** One thread: adds, and counts what was accepted. */
    private static final class Worker {
        private final Subject subject;
        private final Keys keys;
        private final long increments;
        private final SplittableRandom random;
        private final int number;
        private final long[] sums = new long[DISTINCT];
        private long churned;
        private long count;
        private long rejected;

        Worker(Subject subject, Keys keys, long increments, SplittableRandom random, int number) {
            this.subject = subject;
            this.keys = keys;
            this.increments = increments;
            this.random = random;
            this.number = number;
        }

        void run() {
            switch (keys) {
                case HOT -> {
                    String key = key(0);
                    for (long i = 0; i < increments; i++) {
                        subject.add(key, 1);
                    }
                    sums[0] = increments;
                    count = increments;
                }
                case ZIPF -> zipf();
                case CHURN -> churn();
                case MIXED -> mixed();
                case HANDLES -> handles();
            }
        }

        private void zipf() {
            String[] names = names();
            short[] sequence = sequence();
            for (long i = 0; i < increments; i++) {
                int key = sequence[(int) i & SEQUENCE - 1];
                subject.add(names[key], 1);
                sums[key]++;
            }
            count = increments;
        }

        /** Each key a few times only, and never again: cells must make room. */
        private void churn() {
            for (long i = 0; i < increments; i++) {
                try {
                    subject.add(churnKey(i), 1);
                    churned++;
                } catch (RejectedException e) {
                    throw new AssertionError("the policy is to wait for room", e);
                }
            }
            count = churned;
        }

        private String churnKey(long i) {
            return number + ":" + i / 3;
        }

        private void mixed() {
            String[] names = names();
            byte[][] utf8 = new byte[DISTINCT][];
            Arrays.setAll(utf8, i -> names[i].getBytes(StandardCharsets.UTF_8));
            short[] sequence = sequence();
            for (long i = 0; i < increments; i++) {
                int key = sequence[(int) i & SEQUENCE - 1];
                long delta = (i & 7) == 0 ? -2 : 1;
                if ((i & 1) == 0) {
                    subject.add(names[key], delta);
                } else {
                    subject.add(utf8[key], delta);
                }
                sums[key] += delta;
            }
            count = increments;
        }

        /** Handles of few keys, closed and opened again, by all threads at once; now and then one closed by another. */
        private void handles() {
            Counter[] open = new Counter[16];
            for (long i = 0; i < increments; ) {
                int key = random.nextInt(open.length);
                if (open[key] == null) {
                    open[key] = subject.counter(key(key));
                }
                Counter counter = open[key];
                int burst = (int) Math.min(increments - i, 20_000);
                for (int b = 0; b < burst; b++) {
                    counter.add(1);
                }
                sums[key] += burst;
                i += burst;
                count += burst;
                if (random.nextInt(4) == 0) {
                    counter.close();
                    open[key] = null;
                    try {
                        counter.increment();
                        throw new AssertionError("a closed handle counted");
                    } catch (RejectedException e) {
                        rejected++;
                    }
                }
            }
            for (Counter counter : open) {
                if (counter != null) {
                    counter.close();
                }
            }
        }

        /** Instances of this thread's own, equal to the others'. */
        private static String[] names() {
            String[] names = new String[DISTINCT];
            Arrays.setAll(names, Conservation::key);
            return names;
        }

        private short[] sequence() {
            double[] cumulated = new double[DISTINCT];
            double sum = 0;
            for (int i = 0; i < DISTINCT; i++) {
                sum += 1.0 / (i + 1);
                cumulated[i] = sum;
            }
            short[] sequence = new short[SEQUENCE];
            for (int i = 0; i < SEQUENCE; i++) {
                int found = Arrays.binarySearch(cumulated, random.nextDouble(sum));
                sequence[i] = (short) (found < 0 ? ~found : found);
            }
            return sequence;
        }

        Map<String, Long> accepted() {
            Map<String, Long> accepted = new HashMap<>();
            for (int i = 0; i < DISTINCT; i++) {
                if (sums[i] != 0) {
                    accepted.put(key(i), sums[i]);
                }
            }
            for (long i = 0; i < churned; i++) {
                accepted.merge(churnKey(i), 1L, Long::sum);
            }
            return accepted;
        }
    }
}
