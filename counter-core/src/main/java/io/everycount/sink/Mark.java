// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

/**
 * A point in one instance's history of records: the high-water mark is the one the sink has applied
 * up to.
 *
 * @param record the number of the last record included; 0 before the first
 * @param digest the digest chain after that record, which tells this history from any other that
 *     has as many records; 0 before the first
 */
public record Mark(long record, long digest) {
    /** Before the first record. */
    public static final Mark ORIGIN = new Mark(0, 0);

    /**
     * @throws IllegalArgumentException if {@code record} is negative
     */
    public Mark {
        if (record < 0) {
            throw new IllegalArgumentException("record number " + record + " is negative");
        }
    }

    @Override
    public String toString() {
        return record + "#" + Long.toHexString(digest);
    }
}
