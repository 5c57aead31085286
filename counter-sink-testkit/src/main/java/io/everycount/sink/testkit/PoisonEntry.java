// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import java.util.Objects;

/**
 * An entry that the store refuses although it takes others.
 *
 * @param key the counter's key
 * @param before what the kit counts for this key first; 0 for nothing
 * @param delta what the store then refuses to add, however often it is asked
 */
public record PoisonEntry(String key, long before, long delta) {
    /**
     * @throws IllegalArgumentException if {@code delta} is 0
     */
    public PoisonEntry {
        Objects.requireNonNull(key, "key");
        if (delta == 0) {
            throw new IllegalArgumentException("a delta of 0 is never sent to a sink");
        }
    }
}
