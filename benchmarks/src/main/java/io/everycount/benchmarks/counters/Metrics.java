// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;

/**
 * Counting with metrics libraries, the counter looked up for each increment. They hand out cumulative values,
 * as doubles: a drain sums up all of them and returns by how much that has grown.
 */
final class Metrics {
    private Metrics() {}

    /** Micrometer. */
    static final class Micrometer implements Counting {
        private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
        private final boolean removes;
        private long before;

        /**
         * Starts a registry.
         *
         * @param removes whether a drain removes each counter after reading it
         */
        Micrometer(boolean removes) {
            this.removes = removes;
        }

        @Override
        public void add(String key) {
            registry.counter("increments", "key", key).increment();
        }

        @Override
        public long drain() {
            double sum = 0;
            for (Meter meter : registry.getMeters()) {
                sum += ((Counter) meter).count();
                if (removes) {
                    registry.remove(meter);
                }
            }
            long grown = (long) sum - before;
            before = removes ? 0 : (long) sum;
            return grown;
        }

        @Override
        public void close() {
            registry.close();
        }
    }

    /** The Prometheus client. */
    static final class Prometheus implements Counting {
        private final io.prometheus.metrics.core.metrics.Counter counter =
                io.prometheus.metrics.core.metrics.Counter.builder()
                        .name("increments")
                        .labelNames("key")
                        .build();
        private final boolean removes;
        private long before;

        /**
         * Makes a counter with one label.
         *
         * @param removes whether a drain removes each label after reading it
         */
        Prometheus(boolean removes) {
            this.removes = removes;
        }

        @Override
        public void add(String key) {
            counter.labelValues(key).inc();
        }

        @Override
        public long drain() {
            double sum = 0;
            for (CounterDataPointSnapshot point : counter.collect().getDataPoints()) {
                sum += point.getValue();
                if (removes) {
                    counter.remove(point.getLabels().getValue(0));
                }
            }
            long grown = (long) sum - before;
            before = removes ? 0 : (long) sum;
            return grown;
        }
    }
}
