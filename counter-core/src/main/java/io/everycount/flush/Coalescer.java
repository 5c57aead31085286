// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.SipHash;
import io.everycount.journal.Entries;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Sums deltas by key: an open-addressing index over two parallel arrays, found by a keyed hash. Not
 * thread-safe.
 */
final class Coalescer {
    private static final int FREE = -1;
    private static final long SEED0 = new SecureRandom().nextLong();
    private static final long SEED1 = new SecureRandom().nextLong();

    private byte[][] keys;
    private long[] sums;
    private int[] index;
    private int size;

    Coalescer(int expectedKeys) {
        int capacity = Math.max(16, Integer.highestOneBit(expectedKeys) * 2);
        keys = new byte[capacity][];
        sums = new long[capacity];
        index = freeIndex(capacity * 2);
    }

    /** The number of distinct keys so far. */
    int size() {
        return size;
    }

    byte[] key(int i) {
        return keys[i];
    }

    long sum(int i) {
        return sums[i];
    }

    /** The sums in a range of what was added first, but for those that are 0. */
    Entries entries(int from, int to) {
        byte[][] ofKeys = new byte[to - from][];
        long[] ofSums = new long[to - from];
        int count = 0;
        for (int i = from; i < to; i++) {
            if (sums[i] != 0) {
                ofKeys[count] = keys[i];
                ofSums[count++] = sums[i];
            }
        }
        return count == ofKeys.length
                ? Entries.of(ofKeys, ofSums)
                : Entries.of(Arrays.copyOf(ofKeys, count), Arrays.copyOf(ofSums, count));
    }

    boolean contains(byte[] key) {
        return index[position(key)] != FREE;
    }

    /** Whether adding would keep within 64 bits. */
    boolean fits(byte[] key, long delta) {
        int i = index[position(key)];
        return i == FREE || !overflows(sums[i], delta);
    }

    /** Adds to the key's sum; false, and nothing done, if that would leave 64 bits. */
    boolean add(byte[] key, long delta) {
        int position = position(key);
        int i = index[position];
        if (i != FREE) {
            if (overflows(sums[i], delta)) {
                return false;
            }
            sums[i] += delta;
            return true;
        }
        if (size == keys.length) {
            grow();
            position = position(key);
        }
        index[position] = size;
        keys[size] = key;
        sums[size] = delta;
        size++;
        return true;
    }

    private static boolean overflows(long a, long b) {
        long sum = a + b;
        return ((a ^ sum) & (b ^ sum)) < 0;
    }

    private void grow() {
        int capacity = Math.multiplyExact(size, 2);
        keys = Arrays.copyOf(keys, capacity);
        sums = Arrays.copyOf(sums, capacity);
        index = freeIndex(capacity * 2);
        for (int i = 0; i < size; i++) {
            index[position(keys[i])] = i;
        }
    }

    /** Where the key's entry is, or the free place where it belongs; at most half of the places are taken. */
    private int position(byte[] key) {
        int mask = index.length - 1;
        int position =
                (int) new SipHash(SEED0, SEED1).update(key, 0, key.length).finish() & mask;
        while (index[position] != FREE && !Arrays.equals(keys[index[position]], key)) {
            position = position + 1 & mask;
        }
        return position;
    }

    private static int[] freeIndex(int length) {
        int[] index = new int[length];
        Arrays.fill(index, FREE);
        return index;
    }
}
