// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import io.everycount.cell.SipHash;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The keys of a record, distinct, UTF-8, in no particular order, and one delta for each, never 0. Immutable and
 * thread-safe; arrays are not copied and must not change.
 */
public sealed interface Entries permits ArrayEntries, PackedEntries {
    /**
     * Of arrays that stay as they are.
     *
     * @throws IllegalArgumentException if there is not one delta for each key
     */
    static Entries of(byte[][] keys, long[] deltas) {
        return new ArrayEntries(keys, deltas);
    }

    /** How many there are. */
    int size();

    /** The keys; perhaps made anew by each call, so hold on to it. */
    byte[][] keys();

    /** The deltas, in the order of the keys; perhaps made anew by each call. */
    long[] deltas();

    /** The delta of a key; 0 if it has none. Looks at all keys. */
    long delta(byte[] key);

    /** Of all deltas, modulo 2^64. */
    long deltaSum();

    /** How long all keys are together. */
    long keyBytes();

    /** Adds each delta to the sum of its key. */
    default void addTo(Map<String, Long> sums) {
        byte[][] keys = keys();
        long[] deltas = deltas();
        for (int i = 0; i < keys.length; i++) {
            sums.merge(new String(keys[i], StandardCharsets.UTF_8), deltas[i], Long::sum);
        }
    }

    /** Adds their number, and then each key and its delta. */
    void feed(SipHash hash);
}
