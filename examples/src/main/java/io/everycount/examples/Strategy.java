// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.util.Map;

/** A way to count in memory, and to bring the counts to a store from time to time. */
abstract class Strategy {
    /** Adds 1 to a key; from any thread. */
    abstract void increment(String key);

    /** Brings what was counted to the store; one thread at a time, while others increment. */
    abstract void drain() throws InterruptedException;

    /** The last drain; nobody increments any more. */
    void finish() throws InterruptedException {
        drain();
    }

    /** What has arrived in the store; for the thread that drains. */
    abstract Map<String, Long> stored();

    /** Stands where another thread can come in between. Does nothing; in a test it is another thread. */
    void between() {}
}
