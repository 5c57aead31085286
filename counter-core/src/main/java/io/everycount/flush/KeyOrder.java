// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.FastHash;
import java.util.Arrays;

/**
 * Sorts keys by their unsigned bytes. What all keys begin with is skipped; the next bytes of each key and its
 * number are packed into one long, and longs are quick to sort. Keys that still look the same are sorted in the same
 * way by what follows (radix sorts: McIlroy, Bostic and McIlroy, "Engineering Radix Sort", 1993; large digits by the
 * most significant first, and within them small ones by the least significant first).
 */
final class KeyOrder {
    /** So few keys are compared as they are. */
    private static final int FEW = 16;

    private static final int DIGIT_BITS = 8;
    /** Fewer of them, when there are so many numbers that it does not matter how many values each can have. */
    private static final int LARGE_DIGIT_BITS = 11;

    private final byte[] bytes;
    private final int[] starts;
    private final int[] ends;
    private final int[] order;
    private boolean strict = true;

    private KeyOrder(byte[] bytes, int[] starts, int[] ends) {
        this.bytes = bytes;
        this.starts = starts;
        this.ends = ends;
        order = new int[starts.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
    }

    /**
     * The order of keys. All arrays stay as they are.
     *
     * @param bytes has all of them
     * @param starts where in it each one begins
     * @param ends where each one ends, exclusively
     */
    static KeyOrder of(byte[] bytes, int[] starts, int[] ends) {
        KeyOrder sorting = new KeyOrder(bytes, starts, ends);
        sorting.sort(0, starts.length);
        return sorting;
    }

    /** Where the key is that has so many smaller ones before it. */
    int position(int smaller) {
        return order[smaller];
    }

    /** Whether no key is there twice. */
    boolean isStrict() {
        return strict;
    }

    private void sort(int from, int to) {
        int size = to - from;
        if (size <= FEW) {
            insertionSort(from, to);
            return;
        }
        int common = commonPrefix(from, to);
        int numberBits = Integer.SIZE - Integer.numberOfLeadingZeros(size - 1);
        long numberMask = (1L << numberBits) - 1;
        long[] packed = new long[size];
        for (int i = 0; i < size; i++) {
            packed[i] = eightBytes(order[from + i], common) & ~numberMask | i;
        }
        packed = sorted(packed, numberBits);
        int[] before = Arrays.copyOfRange(order, from, to);
        for (int i = 0; i < size; i++) {
            order[from + i] = before[(int) (packed[i] & numberMask)];
        }
        int start = 0;
        for (int end = 1; end <= size; end++) {
            if (end == size || ((packed[end] ^ packed[start]) & ~numberMask) != 0) {
                if (end - start == size) {
                    sort(from + endingFirst(from, to, common), to);
                } else if (end - start > 1) {
                    sort(from + start, from + end);
                }
                start = end;
            }
        }
    }

    /** Sorts unsigned numbers by all bits but the lowest ones, least significant digit first; what is equal stays in order. */
    private static long[] sorted(long[] numbers, int lowestBit) {
        long[] from = numbers;
        long[] to = new long[numbers.length];
        int digitBits = numbers.length >> LARGE_DIGIT_BITS == 0 ? DIGIT_BITS : LARGE_DIGIT_BITS;
        int[] places = new int[1 << digitBits];
        int digitMask = places.length - 1;
        for (int shift = lowestBit; shift < Long.SIZE; shift += digitBits) {
            Arrays.fill(places, 0);
            for (long number : from) {
                places[(int) (number >>> shift) & digitMask]++;
            }
            if (places[(int) (from[0] >>> shift) & digitMask] == from.length) {
                continue;
            }
            int place = 0;
            for (int digit = 0; digit < places.length; digit++) {
                int count = places[digit];
                places[digit] = place;
                place += count;
            }
            for (long number : from) {
                to[places[(int) (number >>> shift) & digitMask]++] = number;
            }
            long[] sorted = to;
            to = from;
            from = sorted;
        }
        return from;
    }

    private void insertionSort(int from, int to) {
        for (int i = from + 1; i < to; i++) {
            int moved = order[i];
            int at = i;
            for (; at > from; at--) {
                int compared = compare(order[at - 1], moved);
                if (compared <= 0) {
                    // Equal keys come to be compared: they have all digits in common, and in the end are neighbours.
                    strict &= compared != 0;
                    break;
                }
                order[at] = order[at - 1];
            }
            order[at] = moved;
        }
    }

    private int compare(int one, int other) {
        return Arrays.compareUnsigned(bytes, starts[one], ends[one], bytes, starts[other], ends[other]);
    }

    /**
     * Keys that cannot be told apart by their next bytes: one at least ends where what all have in common ends, and zeros
     * follow in the others.
     *
     * @return how many end there; they are the first ones now
     */
    private int endingFirst(int from, int to, int common) {
        int ending = 0;
        for (int i = from; i < to; i++) {
            int key = order[i];
            if (ends[key] - starts[key] == common) {
                order[i] = order[from + ending];
                order[from + ending] = key;
                ending++;
            }
        }
        strict &= ending <= 1;
        return ending;
    }

    private int commonPrefix(int from, int to) {
        int first = starts[order[from]];
        int common = ends[order[from]] - first;
        for (int i = from + 1; i < to && common > 0; i++) {
            int start = starts[order[i]];
            int length = Math.min(common, ends[order[i]] - start);
            if (length == common
                    && common >= Long.BYTES
                    && common <= 2 * Long.BYTES
                    && beginSame(first, start, common)) {
                continue;
            }
            int differs = Arrays.mismatch(bytes, first, first + common, bytes, start, start + length);
            if (differs >= 0) {
                common = differs;
            }
        }
        return common;
    }

    /** As {@code Arrays.equals}, quicker for 8 to 16 bytes, and most common beginnings are not longer. */
    private boolean beginSame(int one, int other, int length) {
        int last = length - Long.BYTES;
        return FastHash.longAt(bytes, one) == FastHash.longAt(bytes, other)
                && FastHash.longAt(bytes, one + last) == FastHash.longAt(bytes, other + last);
    }

    /** A key's bytes from an offset on, the first one on top, with zeros in place of those that are missing. */
    private long eightBytes(int key, int offset) {
        int at = starts[key] + offset;
        int missing = Math.max(0, at + Long.BYTES - ends[key]);
        if (missing == Long.BYTES) {
            return 0;
        }
        if (at + Long.BYTES <= bytes.length) {
            return Long.reverseBytes(FastHash.longAt(bytes, at)) >>> Byte.SIZE * missing << Byte.SIZE * missing;
        }
        long packed = 0;
        for (int i = at; i < ends[key]; i++) {
            packed = packed << Byte.SIZE | bytes[i] & 0xff;
        }
        return packed << Byte.SIZE * missing;
    }
}
