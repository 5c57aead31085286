// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.scaling;

/**
 * What a database has to do for instances that count: each writes, once in an interval, one sum for each key that it
 * touched. How often it touched a key does not matter.
 *
 * @param capacity keys a second that the database takes
 * @param walPerKey bytes of write-ahead log
 * @param intervalSeconds between two flushes of an instance, at least
 */
record Model(double capacity, double walPerKey, double intervalSeconds) {
    /**
     * Keys a second that are written.
     *
     * @param keys that each instance touches in an interval
     */
    double keysPerSecond(int instances, int keys) {
        return Math.min(instances * keys / intervalSeconds, capacity);
    }

    /** Seconds from one flush of an instance to its next: when the database is full, more adds up in between. */
    double secondsBetweenFlushes(int instances, int keys) {
        return Math.max(intervalSeconds, instances * keys / capacity);
    }

    /** Bytes a second. */
    double wal(int instances, int keys) {
        return keysPerSecond(instances, keys) * walPerKey;
    }
}
