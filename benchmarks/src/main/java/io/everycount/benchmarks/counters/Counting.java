// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import java.nio.charset.StandardCharsets;

/**
 * Something that counts by key and can be drained. Adding is safe from any thread at any time; only one
 * thread drains at a time, and nobody adds or drains once it is closed.
 */
public interface Counting extends AutoCloseable {
    /** Adds one to a key. */
    void add(String key);

    /** Adds one to a key that comes as UTF-8. Unless there is a better way, a String is built for it. */
    default void add(byte[] utf8, int offset, int length) {
        add(new String(utf8, offset, length, StandardCharsets.UTF_8));
    }

    /**
     * Takes out what was counted since the last drain. An increment that comes at the same time is in
     * this drain or in a later one, if nothing gets lost.
     *
     * @return the sum over all keys
     */
    long drain();

    /** Stops what runs for it. */
    @Override
    default void close() {}
}
