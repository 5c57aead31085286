// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * An open-addressing table of cells: a key and a sum in each slot. It consists of one or more regions of
 * equal size, each a power of two of slots, in which keys are looked up separately.
 *
 * <h2>Protocol</h2>
 *
 * Many writers insert keys and add to sums; one drainer empties sums, either in place, for a table
 * that stays in use, or by sealing, for one that has been replaced.
 *
 * <p>Assumptions:
 *
 * <ol>
 *   <li>One thread at a time drains ({@link #collect}, {@link #seal}).
 *   <li>A table is sealed only after its successor has been published to writers, with {@link
 *       #replaced} set before that publication.
 *   <li>|delta| is at most {@link #DELTA_MAX}; a writer that finds a slot sealed reads the published
 *       table anew before it adds again, so each thread adds at most once to a sealed slot.
 * </ol>
 *
 * Guarantees:
 *
 * <ol>
 *   <li>An {@link #add} to a slot that was not sealed is collected exactly once: the sum changes only by atomic
 *       additions and by the drainer's atomic exchange.
 *   <li>An add that returned before {@link #collect} was called is in that collection or an
 *       earlier one. The writer marks its block of slots as touched <em>after</em> adding; the drainer
 *       takes the mark away <em>before</em> it reads the sums. If the writer saw the mark standing,
 *       then whoever takes it away later reads the sum later still; if it did not, it sets the mark
 *       itself before it returns. No writer relies on another one to set a mark. In a table without
 *       marks the drainer reads every sum.
 *   <li>After {@link #seal} no add to this table counts and no key enters it: free slots are
 *       closed by the same compare-and-set that writers would claim them with.
 *   <li>A sealed sum starts in the middle of a range of 2^62 values that 2^21 late additions cannot
 *       leave, and live sums never reach that range: a writer that sees its sum beyond 2^60 has the
 *       table replaced before it returns, and then no one adds more than once.
 * </ol>
 *
 * Progress: add is wait-free once the key is there; insertion is lock-free; the drainer never waits.
 */
final class Table {
    /** The largest |delta| that may be added to a cell directly. */
    static final long DELTA_MAX = 1L << 40;

    /** Fills free slots of a table that takes no more keys. No key equals it. */
    static final Object DEAD = new Object();

    private static final long LIVE = 1L << 60;
    private static final int LIVE_SHIFT = 61;
    static final long SEALED = 1L << 62;
    private static final long SEALED_MIN = 1L << 61;

    private static final int BLOCK_SHIFT = 6;
    static final int CAPACITY_MAX = 1 << 29;

    private static final VarHandle KEYS = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final VarHandle SUMS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle TOUCHED = MethodHandles.arrayElementVarHandle(int[].class);
    private static final VarHandle USED;
    private static final VarHandle MOVED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            USED = lookup.findVarHandle(Table.class, "used", int.class);
            MOVED = lookup.findVarHandle(Table.class, "moved", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * Written once per slot, from null; read plainly, because a stale null only leads to a failing compare-and-set. A key
     * is in one slot of a region at most: it is claimed where the lookup that did not find it ended.
     */
    final @Nullable Object[] keys;

    private final long[] sums;

    /**
     * One for each block of 64 slots: not 0 if a sum in it may be other than 0. Null for a table without
     * marks, small enough for every drain to look at every sum.
     */
    private final int @Nullable [] touched;

    /** A region's slots are {@code region << regionBits} and those after it, {@code regionMask + 1} in all. */
    final int regionBits;

    final int regionMask;
    /** Whether slots are found by {@link SipHash} instead of the quick hash. */
    final boolean keyed;
    /** Whether this stands for "no more": it takes no keys and has no successor. */
    final boolean closed;

    /** The table that this one replaced, until that one is sealed; set before publication, cleared by the drainer. */
    volatile @Nullable Table replaced;

    private volatile int used;
    /** How many of this table's keys have been inserted into a successor; an estimate for limits. */
    private volatile int moved;

    /** The drainer's: slots that had a sum at some drain since the last {@link #observe}. */
    private BitSet seen = new BitSet();

    private boolean observed;

    /** The first table of a place. */
    Table(int regions, int regionCapacity, boolean marked) {
        this(regions, regionCapacity, marked, false, false, null);
    }

    /** A successor with as many regions, and with marks if the table that it replaces has them. */
    Table(int regionCapacity, boolean keyed, Table replaced) {
        this(replaced.regions(), regionCapacity, replaced.touched != null, keyed, false, replaced);
    }

    private Table(
            int regions, int regionCapacity, boolean marked, boolean keyed, boolean closed, @Nullable Table replaced) {
        int capacity = regions * regionCapacity;
        this.keys = new @Nullable Object[capacity];
        this.sums = new long[capacity];
        this.touched = marked ? new int[(capacity >> BLOCK_SHIFT) + 1] : null;
        this.regionBits = Integer.numberOfTrailingZeros(regionCapacity);
        this.regionMask = regionCapacity - 1;
        this.keyed = keyed;
        this.closed = closed;
        this.replaced = replaced;
    }

    /** The last table of a place: nothing can be added to it. */
    static Table closed(int regions) {
        Table table = new Table(regions, 1, false, false, true, null);
        Arrays.fill(table.keys, DEAD);
        return table;
    }

    int regions() {
        return keys.length >> regionBits;
    }

    int regionCapacity() {
        return regionMask + 1;
    }

    int used() {
        return used;
    }

    /** Keys of this and of the replaced tables, each counted once, up to races. */
    long keyCount() {
        long count = used;
        for (Table old = replaced; old != null; old = old.replaced) {
            count += Math.max(0, old.used - old.moved);
        }
        return count;
    }

    /** Notes that a key of this replaced table now stands in its successor. */
    void keyMoved() {
        MOVED.getAndAdd(this, 1);
    }

    /** Counts a slot about to be claimed; undone by {@link #unreserve}. False if half of the slots are taken. */
    boolean reserve() {
        if ((int) USED.getAndAdd(this, 1) < keys.length >> 1) {
            return true;
        }
        unreserve();
        return false;
    }

    void unreserve() {
        USED.getAndAdd(this, -1);
    }

    /** Puts a key into a free slot; false if the slot is no longer free. */
    boolean claim(int slot, Object key) {
        return KEYS.compareAndSet(keys, slot, null, key);
    }

    /** The slot's key as any thread left it; null if free. */
    @Nullable
    Object keyAt(int slot) {
        return KEYS.getAcquire(keys, slot);
    }

    /**
     * Adds to a claimed slot and returns the sum before. If that {@link #isSealed}, nothing was counted;
     * if it is not {@link #isLive} either, it was counted, and the table must be replaced now.
     */
    long add(int slot, long delta) {
        long previous = addUnmarked(slot, delta);
        if (!isSealed(previous)) {
            touch(slot);
        }
        return previous;
    }

    /** As {@link #add}, for tables without marks. */
    long addUnmarked(int slot, long delta) {
        return (long) SUMS.getAndAdd(sums, slot, delta);
    }

    static boolean isLive(long sum) {
        return sum + LIVE >>> LIVE_SHIFT == 0;
    }

    static boolean isSealed(long sum) {
        return sum >= SEALED_MIN;
    }

    /** What is in a slot and has not been taken out yet. */
    long sumAt(int slot) {
        long sum = (long) SUMS.getVolatile(sums, slot);
        return isSealed(sum) ? 0 : sum;
    }

    private void touch(int slot) {
        if (touched == null) {
            return;
        }
        int block = slot >> BLOCK_SHIFT;
        // Read first: while the mark stands, writers only share the line.
        if ((int) TOUCHED.getVolatile(touched, block) == 0) {
            TOUCHED.setVolatile(touched, block, 1);
        }
    }

    /** Empties the sums in place. For the drainer. */
    void collect(Collector collector) {
        int before = collector.size();
        int blocks = (keys.length - 1 >> BLOCK_SHIFT) + 1;
        for (int block = 0; block < blocks; block++) {
            if (touched == null) {
                collectBlock(block, collector);
            } else if ((int) TOUCHED.getVolatile(touched, block) != 0) {
                TOUCHED.getAndSet(touched, block, 0);
                try {
                    collectBlock(block, collector);
                } catch (Throwable t) {
                    TOUCHED.setVolatile(touched, block, 1);
                    throw t;
                }
            }
        }
        noteDistinct(collector, before);
    }

    /** No region has a key twice: it is claimed where a lookup ends, and stays there. */
    private void noteDistinct(Collector collector, int from) {
        if (regions() == 1) {
            collector.noteDistinct(from);
        }
    }

    private void collectBlock(int block, Collector collector) {
        int from = block << BLOCK_SHIFT;
        int to = Math.min(from + (1 << BLOCK_SHIFT), keys.length);
        for (int slot = from; slot < to; slot++) {
            if ((long) SUMS.getVolatile(sums, slot) != 0) {
                collector.makeRoom();
                seen.set(slot);
                // A slot with a sum has a key, for good: it was claimed before the first addition.
                Object key = keyAt(slot);
                if (key == null) {
                    throw new IllegalStateException("slot " + slot + " has a sum but no key");
                }
                collector.put(key, (long) SUMS.getAndSet(sums, slot, 0L));
            }
        }
    }

    /** Closes every slot and takes what is in it. For the drainer; may be called again if it failed half way. */
    void seal(Collector collector) {
        int before = collector.size();
        for (int slot = 0; slot < keys.length; slot++) {
            Object key = keyAt(slot);
            if (key == null && !claim(slot, DEAD)) {
                key = keyAt(slot);
            }
            if (key != null && key != DEAD) {
                collector.makeRoom();
                long sum = (long) SUMS.getAndSet(sums, slot, SEALED);
                if (!isSealed(sum)) {
                    collector.put(key, sum);
                }
            }
        }
        noteDistinct(collector, before);
    }

    /** How many slots have a key, by looking. For the drainer. */
    int countKeys() {
        int count = 0;
        for (int slot = 0; slot < keys.length; slot++) {
            if (keyAt(slot) != null) {
                count++;
            }
        }
        return count;
    }

    /** How many slots had a sum at some drain since {@link #observe}. For the drainer. */
    int seenCount() {
        return seen.cardinality();
    }

    /** Starts another observation of which keys are in use. For the drainer. */
    void observe() {
        seen = new BitSet();
        observed = true;
    }

    /** Whether {@link #seenCount} covers all the time since an {@link #observe}. For the drainer. */
    boolean observed() {
        return observed;
    }
}
