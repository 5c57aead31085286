// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.FastHash;
import java.util.Arrays;

/**
 * Sorts keys by their unsigned bytes. What all keys begin with is skipped; the next bytes of each key and its
 * number are packed into one long, and longs are quick to sort. Keys that still look the same are sorted in the same
 * way by what follows (a radix sort, most significant part first: McIlroy, Bostic and McIlroy, "Engineering Radix
 * Sort", 1993; with large digits, which the JDK sorts).
 */
final class KeyOrder {
    /** So few keys are compared as they are. */
    private static final int FEW = 16;

    private final byte[][] keys;
    private final int[] order;

    private KeyOrder(byte[][] keys, int size) {
        this.keys = keys;
        order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i;
        }
    }

    /**
     * The order of keys.
     *
     * @param keys of which the first {@code size} are sorted; stays as it is
     * @return the positions of the keys, the smallest key's first
     */
    static int[] of(byte[][] keys, int size) {
        KeyOrder sorting = new KeyOrder(keys, size);
        sorting.sort(0, size);
        return sorting.order;
    }

    private void sort(int from, int to) {
        int size = to - from;
        if (size <= FEW) {
            insertionSort(from, to);
            return;
        }
        int common = commonPrefix(from, to);
        long numberMask = Long.highestOneBit(size - 1L) * 2 - 1;
        long[] packed = new long[size];
        for (int i = 0; i < size; i++) {
            // Without its sign, signed longs have the order of unsigned bytes.
            packed[i] = (eightBytes(keys[order[from + i]], common) ^ Long.MIN_VALUE) & ~numberMask | i;
        }
        Arrays.sort(packed);
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

    private void insertionSort(int from, int to) {
        for (int i = from + 1; i < to; i++) {
            int moved = order[i];
            int at = i;
            for (; at > from && Arrays.compareUnsigned(keys[order[at - 1]], keys[moved]) > 0; at--) {
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
