// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.FastHash;
import io.everycount.cell.SipHash;
import io.everycount.journal.Entries;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Sums deltas by key: an open-addressing index over parallel arrays, found by a seeded hash, and by a keyed one
 * once somebody seems to have chosen keys that collide. Keys stay where they are, in arrays that must not change: there can be
 * millions of them. Not thread-safe.
 */
final class Coalescer {
    private static final int FREE = -1;
    /** With half of the places free, never reached by chance. */
    private static final int PROBES_MAX = 128;

    private static final long SEED0 = new SecureRandom().nextLong();
    private static final long SEED1 = new SecureRandom().nextLong();

    private final long seed0;
    private final long seed1;
    private byte[][] sources;
    private int[] starts;
    private int[] ends;
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
        sources = new byte[capacity][];
        starts = new int[capacity];
        ends = new int[capacity];
        sums = new long[capacity];
        hashes = new int[capacity];
        useIndexFor(capacity);
    }

    /** The number of distinct keys so far. */
    int size() {
        return size;
    }

    long sum(int i) {
        return sums[i];
    }

    /** Puts a sum and its key, unless it is 0. */
    void packInto(Entries.Packer entries, int i) {
        if (sums[i] != 0) {
            entries.add(sources[i], starts[i], ends[i], sums[i]);
        }
    }

    /** Whether it has found keys that collide too often for chance. */
    boolean isKeyed() {
        return keyed;
    }

    /** The sums in a range of what was added first, but for those that are 0. */
    Entries entries(int from, int to) {
        Entries.Packer entries = new Entries.Packer();
        for (int i = from; i < to; i++) {
            packInto(entries, i);
        }
        return entries.take();
    }

    /** The number of a key's sum, or -1 if it has none. */
    int find(byte[] source, int start, int end) {
        return index[position(source, start, end, hash(source, start, end))];
    }

    /** Whether adding to a sum that is there would keep within 64 bits. */
    boolean fits(int i, long delta) {
        return !overflows(sums[i], delta);
    }

    /** Adds to the key's sum; false, and nothing done, if that would leave 64 bits. */
    boolean add(byte[] source, int start, int end, long delta) {
        int hash = hash(source, start, end);
        int position = position(source, start, end, hash);
        int i = index[position];
        if (i != FREE) {
            if (overflows(sums[i], delta)) {
                return false;
            }
            sums[i] += delta;
            return true;
        }
        if (size == sums.length) {
            grow();
            position = position(source, start, end, hash);
        }
        if (!keyed && probes(hash, position) > PROBES_MAX) {
            rehash();
            hash = hash(source, start, end);
            position = position(source, start, end, hash);
        }
        index[position] = size;
        sources[size] = source;
        starts[size] = start;
        ends[size] = end;
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
        sources = Arrays.copyOf(sources, capacity);
        starts = Arrays.copyOf(starts, capacity);
        ends = Arrays.copyOf(ends, capacity);
        sums = Arrays.copyOf(sums, capacity);
        hashes = Arrays.copyOf(hashes, capacity);
        useIndexFor(capacity);
    }

    private void rehash() {
        keyed = true;
        for (int i = 0; i < size; i++) {
            hashes[i] = hash(sources[i], starts[i], ends[i]);
        }
        useIndexFor(sums.length);
    }

    /** Half of the places stay free. */
    private void useIndexFor(int capacity) {
        index = new int[Math.multiplyExact(capacity, 2)];
        Arrays.fill(index, FREE);
        indexShift = Integer.numberOfLeadingZeros(index.length - 1);
        for (int i = 0; i < size; i++) {
            index[position(sources[i], starts[i], ends[i], hashes[i])] = i;
        }
    }

    private int hash(byte[] source, int start, int end) {
        return keyed
                ? (int) new SipHash(seed0, seed1)
                        .update(source, start, end - start)
                        .finish()
                : FastHash.hash(source, start, end - start, seed0);
    }

    /** Where the key's entry is, or the free place where it belongs. */
    private int position(byte[] source, int start, int end, int hash) {
        int position = hash >>> indexShift;
        while (index[position] != FREE && !isAt(index[position], source, start, end, hash)) {
            position = position + 1 & index.length - 1;
        }
        return position;
    }

    private boolean isAt(int i, byte[] source, int start, int end, int hash) {
        return hashes[i] == hash && Arrays.equals(sources[i], starts[i], ends[i], source, start, end);
    }

    private int probes(int hash, int position) {
        return position - (hash >>> indexShift) & index.length - 1;
    }
}
