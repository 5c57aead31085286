// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.Mark;

/**
 * A numbered set of deltas: the unit that takes effect exactly once. Immutable; keys are distinct and
 * in no particular order.
 *
 * @param end this record's number, and the digest chain after it
 * @param keys UTF-8
 * @param deltas one for each key, never 0
 * @param deltaSum of all deltas, modulo 2^64
 * @param bytes about what it takes in memory
 * @param sinceNanos no increment in it is older than this
 * @param drainedNanos when it was made
 */
record DeltaRecord(
        Mark end, byte[][] keys, long[] deltas, long deltaSum, long bytes, long sinceNanos, long drainedNanos) {
    int size() {
        return keys.length;
    }
}
