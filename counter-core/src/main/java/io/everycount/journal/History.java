// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.ArrayList;
import java.util.List;

/** The records that count, as far as they were read. Not thread-safe. */
final class History {
    private final List<JournalRecord> records = new ArrayList<>();
    private boolean known;
    private long base;
    private long baseDigest;
    private long baseSum;
    private long applied;

    /** Where the last thing written begins that was forced as a whole; all of it if nothing was written behind it. */
    private int groupStart;

    private boolean noted;

    /** Whether it is known where it begins. */
    boolean isKnown() {
        return known;
    }

    void begin(SegmentHeader header) {
        known = true;
        base = header.base();
        baseDigest = header.baseDigest();
        baseSum = header.baseSum();
    }

    int recordCount() {
        return records.size();
    }

    /** The number before the first record that is kept. */
    long base() {
        return base;
    }

    long lastNumber() {
        return records.isEmpty() ? base : records.get(records.size() - 1).number();
    }

    long lastDigest() {
        return records.isEmpty() ? baseDigest : records.get(records.size() - 1).digest();
    }

    /** The number before the last record. */
    long lastFrom() {
        return records.isEmpty() ? base : records.get(records.size() - 1).from();
    }

    /** Whether a record ends with this number, or the history begins after it; and the digest there is this one. */
    boolean isBoundary(long number, long digest) {
        if (!known) {
            return false;
        }
        if (number == base) {
            return digest == baseDigest;
        }
        int i = indexAfter(number) - 1;
        return i >= 0 && records.get(i).number() == number && records.get(i).digest() == digest;
    }

    /** The index of the first record above a number. */
    private int indexAfter(long number) {
        int low = 0;
        int high = records.size();
        while (low < high) {
            int middle = low + high >>> 1;
            if (records.get(middle).number() <= number) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Forgets the records after a boundary. */
    void dropAfter(long number) {
        records.subList(indexAfter(number), records.size()).clear();
    }

    /**
     * Adds the next record.
     *
     * @param alone whether what was added before was forced before this was written
     */
    void add(JournalRecord record, boolean alone) {
        if (alone) {
            groupStart = records.size();
        }
        noted = false;
        records.add(record);
    }

    /** Takes note that something was written behind the last record, which therefore was forced. */
    void noted() {
        noted = true;
    }

    void noteApplied(long number) {
        applied = Math.max(applied, number);
    }

    /** What may have been read from memory without being on the disk, if a force of it failed: the last group. */
    List<JournalRecord> unproven() {
        return noted ? List.of() : List.copyOf(records.subList(Math.min(groupStart, records.size()), records.size()));
    }

    /** The digest before what is unproven. */
    long digestBeforeUnproven() {
        return groupStart == 0 || records.isEmpty()
                ? baseDigest
                : records.get(groupStart - 1).digest();
    }

    Recovered recovered() {
        long bounded = Math.min(Math.max(applied, base), lastNumber());
        return new Recovered(base, baseDigest, baseSum, List.copyOf(records), bounded);
    }
}
