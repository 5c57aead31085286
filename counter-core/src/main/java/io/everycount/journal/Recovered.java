// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.List;

/**
 * What a journal had when it was opened. All of it is durable.
 *
 * @param baseNumber the number before the first record that is kept; 0 if none is gone
 * @param baseDigest the digest there
 * @param baseSum of all deltas up to there, modulo 2^64
 * @param records what is kept, oldest first, without holes
 * @param appliedNumber the sinks have applied this much at least
 */
public record Recovered(
        long baseNumber, long baseDigest, long baseSum, List<JournalRecord> records, long appliedNumber) {
    /** The number of the last record; the base if there is none. */
    public long lastNumber() {
        return records.isEmpty() ? baseNumber : records.get(records.size() - 1).number();
    }

    /** The digest after the last record. */
    public long lastDigest() {
        return records.isEmpty() ? baseDigest : records.get(records.size() - 1).digest();
    }

    /** Of all deltas up to the last record, modulo 2^64. */
    public long lastSum() {
        return baseSum + records.stream().mapToLong(r -> r.entries().deltaSum()).sum();
    }
}
