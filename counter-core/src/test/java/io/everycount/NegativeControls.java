// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/** Simple ways to count and drain that lose increments, or double them: what the tests must be able to see. */
final class NegativeControls {
    private NegativeControls() {}

    /** Drained by a thread of its own, as often as asked for, and a last time when nobody adds any more. */
    abstract static class Drained implements Conservation.Subject {
        private final Map<String, Long> sink = new HashMap<>();
        private final Thread drainer;
        private volatile boolean finishing;

        Drained(long everyNanos) {
            drainer = new Thread(() -> {
                while (!finishing) {
                    drain(sink);
                    if (everyNanos > 0) {
                        LockSupport.parkNanos(everyNanos);
                    }
                }
            });
            drainer.setDaemon(true);
        }

        final Drained start() {
            drainer.start();
            return this;
        }

        abstract void drain(Map<String, Long> sink);

        @Override
        public final Map<String, Long> finish() throws Exception {
            finishing = true;
            drainer.join();
            drain(sink);
            return sink;
        }
    }

    /** A map that is copied and then cleared. */
    static Drained copyThenClear(long everyNanos) {
        return new Drained(everyNanos) {
            private final ConcurrentHashMap<String, Long> map = new ConcurrentHashMap<>();

            @Override
            public void add(String key, long delta) {
                map.merge(key, delta, Long::sum);
            }

            @Override
            void drain(Map<String, Long> sink) {
                Map<String, Long> copy = new HashMap<>(map);
                map.clear();
                copy.forEach((key, sum) -> sink.merge(key, sum, Long::sum));
            }
        }.start();
    }

    /** A map that is replaced by an empty one and read at once, while late writers still add to it. */
    static Drained swapWithoutWaiting(long everyNanos) {
        return new Drained(everyNanos) {
            private volatile ConcurrentHashMap<String, LongAdder> map = new ConcurrentHashMap<>();

            @Override
            public void add(String key, long delta) {
                map.computeIfAbsent(key, k -> new LongAdder()).add(delta);
            }

            @Override
            void drain(Map<String, Long> sink) {
                Map<String, LongAdder> old = map;
                map = new ConcurrentHashMap<>();
                old.forEach((key, sum) -> sink.merge(key, sum.sum(), Long::sum));
            }
        }.start();
    }

    /** LongAdders that are read and then reset. */
    static Drained sumThenReset(long everyNanos) {
        return new Drained(everyNanos) {
            private final ConcurrentHashMap<String, LongAdder> map = new ConcurrentHashMap<>();

            @Override
            public void add(String key, long delta) {
                map.computeIfAbsent(key, k -> new LongAdder()).add(delta);
            }

            @Override
            void drain(Map<String, Long> sink) {
                map.forEach((key, adder) -> {
                    long sum = adder.sum();
                    adder.reset();
                    sink.merge(key, sum, Long::sum);
                });
            }
        }.start();
    }

    /** Replaced and then emptied cell by cell, so that late additions to a known key are refused, but not late keys. */
    static Drained sealWithoutRefusingInserts(long everyNanos) {
        return new Drained(everyNanos) {
            private static final class Cell {
                private long sum;
                private boolean sealed;

                synchronized boolean add(long delta) {
                    sum += sealed ? 0 : delta;
                    return !sealed;
                }

                synchronized long seal() {
                    sealed = true;
                    return sum;
                }
            }

            private volatile ConcurrentHashMap<String, Cell> map = new ConcurrentHashMap<>();

            @Override
            public void add(String key, long delta) {
                while (!map.computeIfAbsent(key, k -> new Cell()).add(delta)) {
                    Thread.onSpinWait();
                }
            }

            @Override
            void drain(Map<String, Long> sink) {
                Map<String, Cell> old = map;
                map = new ConcurrentHashMap<>();
                old.forEach((key, cell) -> sink.merge(key, cell.seal(), Long::sum));
            }
        }.start();
    }
}
