// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.FastHash;
import io.everycount.cell.SipHash;
import io.everycount.journal.Entries;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Sums deltas by key: an open-addressing index over parallel arrays, found by a seeded hash, and by a keyed one
 * once somebody seems to have chosen keys that collide. Not thread-safe.
 */
final class Coalescer {
    private static final int FREE = -1;
    /** With half of the places free, never reached by chance. */
    private static final int PROBES_MAX = 128;

    private static final long SEED0 = new SecureRandom().nextLong();
    private static final long SEED1 = new SecureRandom().nextLong();

    private final long seed0;
    private final long seed1;
    private byte[][] keys;
    private long[] sums;
    private int[] hashes;
    private int[] index;
    private int indexShift;
    private int size;
    private boolean keyed;

    Coalescer(int expectedKeys) {
        this(expectedKeys, SEED0, SEED1);
    }

    /** With seeds that nobody outside may know. */
    Coalescer(int expectedKeys, long seed0, long seed1) {
        this.seed0 = seed0;
        this.seed1 = seed1;
        int capacity = Math.max(16, Integer.highestOneBit(expectedKeys) * 2);
        keys = new byte[capacity][];
        sums = new long[capacity];
        hashes = new int[capacity];
        useIndexFor(capacity);
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

    /** Whether it has found keys that collide too often for chance. */
    boolean isKeyed() {
        return keyed;
    }

    /** The sums in a range of what was added first, but for those that are 0. */
    Entries entries(int from, int to) {
        Entries.Packer entries = new Entries.Packer();
        for (int i = from; i < to; i++) {
            if (sums[i] != 0) {
                entries.add(keys[i], sums[i]);
            }
        }
        return entries.take();
    }

    /** The number of a key's sum, or -1 if it has none. */
    int find(byte[] key) {
        return index[position(key, hash(key))];
    }

    /** Whether adding to a sum that is there would keep within 64 bits. */
    boolean fits(int i, long delta) {
        return !overflows(sums[i], delta);
    }

    /** Adds to the key's sum; false, and nothing done, if that would leave 64 bits. */
    boolean add(byte[] key, long delta) {
        int hash = hash(key);
        int position = position(key, hash);
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
            position = position(key, hash);
        }
        if (!keyed && probes(hash, position) > PROBES_MAX) {
            rehash();
            hash = hash(key);
            position = position(key, hash);
        }
        index[position] = size;
        keys[size] = key;
        hashes[size] = hash;
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
        hashes = Arrays.copyOf(hashes, capacity);
        useIndexFor(capacity);
    }

    private void rehash() {
        keyed = true;
        for (int i = 0; i < size; i++) {
            hashes[i] = hash(keys[i]);
        }
        useIndexFor(keys.length);
    }

    /** Half of the places stay free. */
    private void useIndexFor(int capacity) {
        index = new int[Math.multiplyExact(capacity, 2)];
        Arrays.fill(index, FREE);
        indexShift = Integer.numberOfLeadingZeros(index.length - 1);
        for (int i = 0; i < size; i++) {
            index[position(keys[i], hashes[i])] = i;
        }
    }

    private int hash(byte[] key) {
        return keyed
                ? (int) new SipHash(seed0, seed1).update(key, 0, key.length).finish()
                : FastHash.hash(key, 0, key.length, seed0);
    }

    /** Where the key's entry is, or the free place where it belongs. */
    private int position(byte[] key, int hash) {
        int position = hash >>> indexShift;
        while (index[position] != FREE && !isAt(index[position], key, hash)) {
            position = position + 1 & index.length - 1;
        }
        return position;
    }

    private boolean isAt(int i, byte[] key, int hash) {
        return hashes[i] == hash && Arrays.equals(keys[i], key);
    }

    private int probes(int hash, int position) {
        return position - (hash >>> indexShift) & index.length - 1;
    }
}
