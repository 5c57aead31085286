// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import java.util.Arrays;

/**
 * A numbered set of deltas: the unit that takes effect exactly once. Immutable; keys are distinct and
 * in no particular order.
 *
 * @param end the history at its end: its number, the digest chain after it, and running sums
 * @param keys UTF-8
 * @param deltas one for each key, never 0
 * @param deltaSum of all deltas, modulo 2^64
 * @param bytes about what it takes in memory
 * @param sinceNanos no increment in it is older than this
 * @param drainedNanos when it was made
 */
record DeltaRecord(
        RecordLog.Point end,
        byte[][] keys,
        long[] deltas,
        long deltaSum,
        long bytes,
        long sinceNanos,
        long drainedNanos) {
    long number() {
        return end.record();
    }

    int size() {
        return keys.length;
    }

    /** The delta of a key; 0 if it has none. Looks at all keys. */
    long delta(byte[] key) {
        for (int i = 0; i < keys.length; i++) {
            if (Arrays.equals(keys[i], key)) {
                return deltas[i];
            }
        }
        return 0;
    }
}
