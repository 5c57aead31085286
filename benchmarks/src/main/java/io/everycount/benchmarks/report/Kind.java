// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

/** What kind of thing is measured in a case. */
enum Kind {
    /** Increments of String keys, by JMH. */
    KEY,
    /** Increments of keys that come as bytes, by JMH. */
    BYTES,
    /** Increments of a counter that is held, by JMH. */
    HANDLE,
    /** Increments of String keys by many short-lived virtual threads, by JMH. */
    VIRTUAL,
    /** What drains lose. */
    LOSS,
    /** Heap for each key, and what a drain takes. */
    MEMORY,
    /** How long single increments take. */
    LATENCY;

    boolean isJmh() {
        return this == KEY || this == BYTES || this == HANDLE || this == VIRTUAL;
    }
}
