// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

/** What is measured, with its unit. */
enum Figure {
    /** CPU time of the whole process for each increment, ns. */
    CPU_NANOS,
    /** Time that an increment takes its thread, ns. */
    WALL_NANOS,
    /** Bytes allocated for each increment. */
    ALLOCATED_BYTES,

    /** Increments lost, of a million. */
    LOST_PER_MILLION,
    /** Drains during the test. */
    DRAINS,

    /** Bytes of heap for each key, without the key's String. */
    HEAP_PER_KEY,
    /** The same in use again after drains, if nothing is retained of what was written. */
    HEAP_PER_KEY_DRAINED,
    /** CPU time of the whole process for each key in a drain, ns. */
    DRAIN_CPU_NANOS_PER_KEY,
    /** Bytes allocated for each key that is touched and drained once, the increment's included. */
    ALLOCATED_PER_KEY_AND_DRAIN,

    /** Half of all increments took at most that long, ns. */
    P50,
    /** 90 %, ns. */
    P90,
    /** 99 %, ns. */
    P99,
    /** 99.9 %, ns. */
    P99_9,
    /** 99.99 %, ns. */
    P99_99,
    /** All, ns. */
    MAX,
    /** CPU time of the writers alone for each increment, clocks and histogram included, ns. */
    WRITER_CPU_NANOS
}
