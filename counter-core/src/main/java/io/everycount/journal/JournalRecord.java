// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

/**
 * A record as a journal has it: the deltas of what one instance counted after record {@code from} and up to and
 * including record {@code number}. Immutable.
 *
 * @param from the number of the record before; {@code number - 1} unless several records were summed up into this
 *     one (a checkpoint)
 * @param number of this record, from 1
 * @param digest the digest chain after it, see {@link DigestChain}
 * @param entries the keys and their deltas
 * @param sinceMillis no increment in it is older than this, in milliseconds since 1970
 */
public record JournalRecord(long from, long number, long digest, Entries entries, long sinceMillis) {
    /**
     * @throws IllegalArgumentException if the numbers are not in order
     */
    public JournalRecord {
        if (from < 0 || number <= from) {
            throw new IllegalArgumentException("record " + number + " does not come after " + from);
        }
    }

    /** Whether it sums up several records. */
    public boolean isCheckpoint() {
        return number - from > 1;
    }
}
