// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.Entries;
import io.everycount.journal.JournalRecord;

/**
 * A numbered set of deltas: the unit that takes effect exactly once. Immutable.
 *
 * @param from the number of the record before; several less if it sums up several (a checkpoint)
 * @param end the history at its end: its number, the digest chain after it, and running sums
 * @param entries the keys and their deltas
 * @param bytes about what it takes in memory, also while it is summed up with others
 * @param sinceNanos no increment in it is older than this
 */
record DeltaRecord(long from, RecordLog.Point end, Entries entries, long bytes, long sinceNanos) {
    private static final int BYTES_PER_RECORD = 200;
    /** Half of it, about, is what it takes to sum entries up by key, when many are pending. */
    private static final int BYTES_PER_ENTRY = 40;

    static DeltaRecord of(RecordLog.Point before, long number, long digest, Entries entries, long sinceNanos) {
        long bytes = BYTES_PER_RECORD + entries.keyBytes() + (long) entries.size() * BYTES_PER_ENTRY;
        return new DeltaRecord(
                before.record(),
                before.plus(number, digest, entries.deltaSum(), entries.size(), bytes),
                entries,
                bytes,
                sinceNanos);
    }

    /** As the journal has it. */
    JournalRecord journaled(EpochClock clock) {
        return new JournalRecord(from, number(), end.mark().digest(), entries, clock.millis(sinceNanos));
    }

    long number() {
        return end.record();
    }

    int size() {
        return entries.size();
    }
}
