// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

/**
 * How several instances that write the same rows keep out of each other's way. Either way keys are
 * locked in byte order, so that flushes cannot deadlock, and sinks of both kinds can share tables.
 */
public enum Contention {
    /**
     * Row locks alone. Flushes of different keys overlap; flushes of the same keys wait for each other
     * row by row.
     */
    SORTED,
    /**
     * One advisory transaction lock around each flush. Flushes of the same keys queue up in order
     * instead of colliding; flushes of different keys queue up too.
     */
    ADVISORY_LOCK
}
