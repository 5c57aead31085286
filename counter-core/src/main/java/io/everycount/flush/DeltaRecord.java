// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.JournalRecord;
import java.util.Arrays;

/**
 * A numbered set of deltas: the unit that takes effect exactly once. Immutable; keys are distinct and
 * in no particular order.
 *
 * @param from the number of the record before; several less if it sums up several (a checkpoint)
 * @param end the history at its end: its number, the digest chain after it, and running sums
 * @param keys UTF-8
 * @param deltas one for each key, never 0
 * @param deltaSum of all deltas, modulo 2^64
 * @param bytes about what it takes in memory
 * @param sinceNanos no increment in it is older than this
 * @param drainedNanos when it was made
 */
record DeltaRecord(
        long from,
        RecordLog.Point end,
        byte[][] keys,
        long[] deltas,
        long deltaSum,
        long bytes,
        long sinceNanos,
        long drainedNanos) {
    private static final int BYTES_PER_RECORD = 200;
    private static final int BYTES_PER_ENTRY = 40;

    /** The first {@code size} entries of the arrays, which are not copied if that is all of them. */
    static DeltaRecord of(
            RecordLog.Point before,
            long number,
            long digest,
            byte[][] keys,
            long[] deltas,
            int size,
            long sinceNanos,
            long drainedNanos) {
        long deltaSum = 0;
        long bytes = BYTES_PER_RECORD;
        for (int i = 0; i < size; i++) {
            deltaSum += deltas[i];
            bytes += keys[i].length + BYTES_PER_ENTRY;
        }
        return new DeltaRecord(
                before.record(),
                before.plus(number, digest, deltaSum, bytes),
                size == keys.length ? keys : Arrays.copyOf(keys, size),
                size == deltas.length ? deltas : Arrays.copyOf(deltas, size),
                deltaSum,
                bytes,
                sinceNanos,
                drainedNanos);
    }

    /** As the journal has it. */
    JournalRecord journaled(EpochClock clock) {
        return new JournalRecord(from, number(), end.mark().digest(), keys, deltas, clock.millis(sinceNanos));
    }

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
