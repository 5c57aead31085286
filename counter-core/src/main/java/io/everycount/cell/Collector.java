// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a drain has taken out of cells and not yet handed on. The drainer makes room before it empties
 * a cell, so that nothing can fail between the two; what is in here stays until {@link #clear}.
 * For the drainer alone.
 */
public final class Collector {
    private static final int INITIAL = 1_024;
    private static final int SHRINK_FROM = 65_536;

    private @Nullable Object[] keys = new @Nullable Object[INITIAL];
    private long[] deltas = new long[INITIAL];
    private int size;
    private int distinctFrom;
    private int distinctTo;

    /** An empty collector. */
    public Collector() {}

    /** Makes room for one more entry; the only thing here that can throw (OutOfMemoryError). */
    void makeRoom() {
        if (size == keys.length) {
            @Nullable Object[] moreKeys = Arrays.copyOf(keys, size * 2);
            deltas = Arrays.copyOf(deltas, size * 2);
            keys = moreKeys;
        }
    }

    /** Takes an entry; needs a {@link #makeRoom} before it. A delta of 0 takes no room. */
    void put(Object key, long delta) {
        if (delta != 0) {
            keys[size] = key;
            deltas[size] = delta;
            size++;
        }
    }

    /** Notes that the entries from there on come from one place that has no key twice. The longest of such ranges counts. */
    void noteDistinct(int from) {
        if (size - from > distinctTo - distinctFrom) {
            distinctFrom = from;
            distinctTo = size;
        }
    }

    /** Where a range of entries begins that have different keys; other entries can have the same ones. */
    public int distinctFrom() {
        return distinctFrom;
    }

    /** Where that range ends, exclusively; it may be empty. */
    public int distinctTo() {
        return distinctTo;
    }

    /** How many entries there are; a key can be among them several times. */
    public int size() {
        return size;
    }

    /** The key as it was given: a String, or a {@code byte[]} of UTF-8. */
    public Object key(int index) {
        return Objects.requireNonNull(keys[index]);
    }

    /** The amount taken out of one cell; never 0. */
    public long delta(int index) {
        return deltas[index];
    }

    /**
     * Forgets all entries, once they are safe elsewhere; gives back memory after an unusually large drain.
     * Never fails, and forgets first, so that nothing can be handed on twice.
     */
    public void clear() {
        int used = size;
        size = 0;
        distinctFrom = 0;
        distinctTo = 0;
        if (keys.length > SHRINK_FROM && used < keys.length / 8) {
            try {
                long[] fewerDeltas = new long[INITIAL];
                keys = new @Nullable Object[INITIAL];
                deltas = fewerDeltas;
                return;
            } catch (OutOfMemoryError e) {
                // Then it stays large.
            }
        }
        Arrays.fill(keys, 0, used, null);
    }
}
