// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.util.Arrays;
import java.util.Objects;

/**
 * A list of increments whose keys are ranges of one array of UTF-8 bytes, such as a request's body: what a
 * parser fills without an object for each increment. Reusable; not thread-safe.
 */
public final class Increments {
    private byte[] utf8 = {};
    private int[] offsets = new int[16];
    private int[] lengths = new int[16];
    private long[] deltas = new long[16];
    private int size;

    /** An empty list over an empty array; {@link #over} gives it another. */
    public Increments() {}

    /**
     * Empties the list and takes another array.
     *
     * @param utf8 what the ranges of later {@link #add} calls are in; not copied
     * @return this
     */
    public Increments over(byte[] utf8) {
        this.utf8 = Objects.requireNonNull(utf8, "utf8");
        size = 0;
        return this;
    }

    /**
     * Appends an increment. Whether its key and its delta are allowed is for the cache to say.
     *
     * @throws IndexOutOfBoundsException if the range is not within the array
     */
    public void add(int offset, int length, long delta) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        if (size == deltas.length) {
            offsets = Arrays.copyOf(offsets, 2 * size);
            lengths = Arrays.copyOf(lengths, 2 * size);
            deltas = Arrays.copyOf(deltas, 2 * size);
        }
        offsets[size] = offset;
        lengths[size] = length;
        deltas[size] = delta;
        size++;
    }

    /** How many increments there are. */
    public int size() {
        return size;
    }

    /** The array that the keys are in. */
    public byte[] utf8() {
        return utf8;
    }

    /** Where the key of an increment begins, for an index below {@link #size}. */
    public int offset(int index) {
        return offsets[Objects.checkIndex(index, size)];
    }

    /** How many bytes the key of an increment has, for an index below {@link #size}. */
    public int length(int index) {
        return lengths[Objects.checkIndex(index, size)];
    }

    /** The delta of an increment, for an index below {@link #size}. */
    public long delta(int index) {
        return deltas[Objects.checkIndex(index, size)];
    }
}
