// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

/**
 * How several instances that write the same rows keep out of each other's way. Either way keys are
 * locked in byte order, so that flushes cannot deadlock, and sinks of both kinds can share tables.
 * {@code docs/postgres-tuning.md} has the measurements.
 */
public enum Contention {
    /**
     * One flush at a time, by an advisory transaction lock that is tried until it is free. Best where
     * instances count the same keys, as replicas behind a load balancer do. A flush that does not get
     * its turn within the lock timeout is retriable.
     */
    ADVISORY_LOCK,
    /**
     * Row locks alone: flushes of different keys overlap, flushes of the same keys wait for each other
     * row by row. For instances that each have keys of their own, or a commit that takes long (a
     * synchronous replica far away), or a database without advisory locks.
     */
    SORTED
}
