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

    private final byte[][] keys;
    private final int[] order;
    private boolean strict = true;

    private KeyOrder(byte[][] keys) {
        this.keys = keys;
        order = new int[keys.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
    }

    /**
     * The order of keys.
     *
     * @param keys stays as it is
     */
    static KeyOrder of(byte[][] keys) {
        KeyOrder sorting = new KeyOrder(keys);
        sorting.sort(0, keys.length);
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
            packed[i] = eightBytes(keys[order[from + i]], common) & ~numberMask | i;
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
                    // Keys that differ in trailing zeros only.
                    insertionSort(from, to);
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
        int[] places = new int[1 << DIGIT_BITS];
        int digitMask = places.length - 1;
        for (int shift = lowestBit; shift < Long.SIZE; shift += DIGIT_BITS) {
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
                int compared = Arrays.compareUnsigned(keys[order[at - 1]], keys[moved]);
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

    private int commonPrefix(int from, int to) {
        byte[] first = keys[order[from]];
        int common = first.length;
        for (int i = from + 1; i < to && common > 0; i++) {
            byte[] key = keys[order[i]];
            int differs = Arrays.mismatch(first, 0, common, key, 0, Math.min(common, key.length));
            if (differs >= 0) {
                common = differs;
            }
        }
        return common;
    }

    /** The bytes from an offset on, the first one on top, with zeros in place of those that are missing. */
    private static long eightBytes(byte[] key, int offset) {
        if (key.length - offset >= Long.BYTES) {
            return Long.reverseBytes(FastHash.longAt(key, offset));
        }
        long bytes = 0;
        for (int i = offset; i < offset + Long.BYTES; i++) {
            bytes = bytes << Byte.SIZE | (i < key.length ? key[i] & 0xff : 0);
        }
        return bytes;
    }
}
