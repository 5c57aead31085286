// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

/**
 * A record as a journal has it: the deltas of what one instance counted after record {@code from} and up to and
 * including record {@code number}. Immutable; the arrays are not copied and must not change.
 *
 * @param from the number of the record before; {@code number - 1} unless several records were summed up into this
 *     one (a checkpoint)
 * @param number of this record, from 1
 * @param digest the digest chain after it, see {@link DigestChain}
 * @param keys distinct, UTF-8, in no particular order
 * @param deltas one for each key, never 0
 * @param sinceMillis no increment in it is older than this, in milliseconds since 1970
 */
public record JournalRecord(long from, long number, long digest, byte[][] keys, long[] deltas, long sinceMillis) {
    /**
     * @throws IllegalArgumentException if the numbers are not in order, or there is not one delta for each key
     */
    public JournalRecord {
        if (from < 0 || number <= from) {
            throw new IllegalArgumentException("record " + number + " does not come after " + from);
        }
        if (keys.length != deltas.length) {
            throw new IllegalArgumentException(keys.length + " keys but " + deltas.length + " deltas");
        }
    }

    /** Whether it sums up several records. */
    public boolean isCheckpoint() {
        return number - from > 1;
    }
}
