// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one kind of key: a shared table that holds every key in use, and in front of it lanes,
 * over which threads are spread, for the keys that are added to again and again.
 *
 * <p>An addition goes to the caller's lane if the key is there, else to the shared table; a key that
 * is met there a second time between two drains is put into the lane, empty, for the next time. So
 * lanes are only a faster way to the same sum: nothing ever moves between tables, and every increment
 * is in exactly one cell. Hot keys are not contended; cold ones cost one cell, not one for each lane.
 *
 * <p>Lanes are the regions of one table, so that finding one's lane and finding the table do not have to
 * wait for each other. In a lane a key is within a few slots of where it belongs, or not there.
 *
 * <p>Subclasses know how a key is compared and hashed.
 */
abstract class Cells {
    /** How far a key may be from the slot where it belongs in a lane, and in the shared table. */
    static final int LANE_PROBES_MAX = 8;

    /** Beyond so many, the shared table is crowded by chance (never seen) or on purpose. */
    static final int SHARED_PROBES_MAX = 128;

    /** Answers of {@link #find} beside a slot and the complement of a free slot. */
    static final int CROWDED = Integer.MIN_VALUE;

    static final int REPLACED = Integer.MIN_VALUE + 1;

    private static final int LANE_CAPACITY_MIN = 64;
    private static final int LANE_CAPACITY_MAX = 4_096;
    /** In few steps, as what each one replaces stays until it is drained. */
    private static final int LANE_GROWTH = 8;

    private static final int ALL_LANES_CAPACITY_MAX = 1 << 18;
    private static final int SHARED_CAPACITY_MIN = 256;
    /** A key gets a place in a lane once it has been met again, for each so many keys once more, between two drains. */
    private static final int KEYS_PER_MEETING = 2_048;

    private static final int EVICTABLE_KEYS_MIN = 1_024;

    /** The lanes' tables have no marks: to keep them would cost each addition more than the drainer saves. */
    final Place lanes;

    private final Place shared = new Place(new Table(1, SHARED_CAPACITY_MIN, true));
    private final int laneShift;
    private final int laneCapacityMax;
    private final KeyBudget budget;
    private final int keyBytesMax;
    private final AtomicLong keyedTables = new AtomicLong();

    /** Secret, so that nobody outside can know which keys collide. */
    final long seed0;

    final long seed1;

    Cells(int laneCount, int keyBytesMax, KeyBudget budget) {
        lanes = new Place(new Table(laneCount, LANE_CAPACITY_MIN, false));
        laneShift = Long.SIZE - Integer.numberOfTrailingZeros(laneCount);
        laneCapacityMax = Math.max(LANE_CAPACITY_MIN, Math.min(LANE_CAPACITY_MAX, ALL_LANES_CAPACITY_MAX / laneCount));
        this.keyBytesMax = keyBytesMax;
        this.budget = budget;
        SecureRandom random = new SecureRandom();
        seed0 = random.nextLong();
        seed1 = random.nextLong();
        budget.countAlso(() -> shared.table().keyCount());
    }

    /**
     * Looks a key up in a region of a table.
     *
     * @param probesMax how many slots to look at
     * @return its slot; or the complement of the free slot where it belongs; or {@link #CROWDED}; or
     *     {@link #REPLACED} if the table takes no more keys
     */
    abstract int find(Table table, int region, int probesMax, Object source, int offset, int length);

    /** The key as it is kept in a table; may be the source itself. */
    abstract Object keyOf(Object source, int offset, int length);

    abstract @Nullable String problem(Object source, int offset, int length, int bytesMax);

    /** The number of the calling thread's lane. */
    final int lane() {
        // Ids are consecutive, so they are spread by the golden ratio (Knuth, TAOCP 3, 6.4).
        long id = Thread.currentThread().getId();
        return (int) (id * 0x9e3779b97f4a7c15L >>> laneShift);
    }

    /**
     * Completes an addition that found the lane's sum not live.
     *
     * @return false if it did not count
     */
    final boolean addedInLane(Table table, long previous) {
        if (Table.isSealed(previous)) {
            return false;
        }
        lanes.replaceIfPossible(table, LANE_CAPACITY_MIN);
        return true;
    }

    private int findShared(Table table, Object source, int offset, int length) {
        return find(table, 0, SHARED_PROBES_MAX, source, offset, length);
    }

    /**
     * Adds by way of the shared table.
     *
     * @param reserved whether the key's room has been reserved already
     */
    final AddOutcome addShared(int lane, Object source, int offset, int length, long delta, boolean reserved) {
        Object ownKey = null;
        while (true) {
            Table table = shared.table();
            int slot = findShared(table, source, offset, length);
            if (slot < 0) {
                if (slot == REPLACED) {
                    if (table.closed) {
                        return AddOutcome.CLOSED;
                    }
                    continue;
                }
                if (ownKey == null) {
                    ownKey = keyOf(source, offset, length);
                    if (ownKey != source) {
                        // A caller may change its bytes at any time: what is looked at and inserted is a copy.
                        source = ownKey;
                        offset = 0;
                        continue;
                    }
                }
                if (problem(source, offset, length, keyBytesMax) != null) {
                    return AddOutcome.INVALID_KEY;
                }
                if (slot == CROWDED) {
                    uncrowd(table);
                    continue;
                }
                slot = ~slot;
                if (!table.reserve()) {
                    renew(table, doubled(table), table.keyed);
                    continue;
                }
                Table older = holder(table.replaced, source, offset, length);
                if (older == null && !reserved && !budget.allowsOneMore()) {
                    table.unreserve();
                    return AddOutcome.KEY_LIMIT;
                }
                if (!table.claim(slot, ownKey)) {
                    table.unreserve();
                    continue;
                }
                if (older != null) {
                    older.keyMoved();
                }
            }
            long previous = table.add(slot, delta);
            if (Table.isSealed(previous)) {
                continue;
            }
            if (!Table.isLive(previous)) {
                // A small one: the keys in use come back, and a key of huge deltas must not cost a large table
                // each time.
                renewIfPossible(table, SHARED_CAPACITY_MIN);
            } else if (isBusy(previous, delta, table.keyCount())) {
                promote(lane, table.keyAt(slot), length);
            }
            return AddOutcome.COUNTED;
        }
    }

    /** Whether the shared table has the key. */
    final boolean contains(Object source, int offset, int length) {
        return holder(shared.table(), source, offset, length) != null;
    }

    private @Nullable Table holder(@Nullable Table newest, Object source, int offset, int length) {
        for (Table table = newest; table != null; table = table.replaced) {
            if (findShared(table, source, offset, length) >= 0) {
                return table;
            }
        }
        return null;
    }

    /**
     * The sum of a key's cells, in whatever tables they are. Takes no lock and changes nothing; exact if no drain
     * overlaps with it, because nothing but a drain takes from a cell or lets go of a table.
     */
    final long sum(Object source, int offset, int length) {
        long sum = 0;
        for (Table table = shared.newest(); table != null; table = table.replaced) {
            int slot = findShared(table, source, offset, length);
            sum += slot < 0 ? 0 : table.sumAt(slot);
        }
        for (Table table = lanes.newest(); table != null; table = table.replaced) {
            for (int lane = 0; lane < table.regions(); lane++) {
                int slot = find(table, lane, LANE_PROBES_MAX, source, offset, length);
                sum += slot < 0 ? 0 : table.sumAt(slot);
            }
        }
        return sum;
    }

    /**
     * Whether a key is met so often between two drains that it is worth a place in a lane; how often is told by its sum,
     * as if all additions were of this size. The more keys there are, the more it takes: lanes full of keys that are as
     * busy as all the others would be looked at in vain.
     */
    private static boolean isBusy(long previous, long delta, long keys) {
        return previous != 0 && Math.abs(previous) >= Math.abs(delta) * (keys / KEYS_PER_MEETING);
    }

    /** Gives a busy key a cell in the caller's lane; merely an optimisation, so any obstacle ends it. */
    private void promote(int lane, @Nullable Object key, int length) {
        if (key == null) {
            return;
        }
        Table table = lanes.table();
        int slot = find(table, lane, LANE_PROBES_MAX, key, 0, length);
        if (slot == CROWDED) {
            if (table.regionCapacity() < laneCapacityMax) {
                lanes.replaceIfPossible(table, Math.min(laneCapacityMax, table.regionCapacity() * LANE_GROWTH));
            }
        } else if (slot < 0 && slot != REPLACED) {
            table.claim(~slot, key);
        }
    }

    /** Too many keys in a row: somebody may have chosen them so. The successor finds its slots by a keyed hash. */
    private void uncrowd(Table table) {
        if (table.keyed) {
            renew(table, doubled(table), true);
        } else if (renew(table, table.regionCapacity(), true)) {
            keyedTables.incrementAndGet();
        }
    }

    /**
     * Replaces the shared table, and the lanes with it: a key that is only in a lane would never come back to the
     * shared table, where keys are counted. Lanes begin small, as the more keys there are, the fewer of them belong there;
     * and were they as large as before, keys that come all at once would leave behind large ones at each step.
     */
    private boolean renew(Table table, int capacity, boolean keyed) {
        if (!shared.replace(table, capacity, keyed)) {
            return false;
        }
        lanes.replace(lanes.table(), LANE_CAPACITY_MIN, false);
        return true;
    }

    /**
     * As {@link #renew}, after an addition that has been counted: the caller must not fail any more. If there
     * is no memory for a successor, the next addition tries again.
     */
    private void renewIfPossible(Table table, int capacity) {
        try {
            renew(table, capacity, table.keyed);
        } catch (OutOfMemoryError e) {
            // 2^20 additions fit in before the table's range ends.
        }
    }

    private static int doubled(Table table) {
        if (table.regionCapacity() >= Table.CAPACITY_MAX) {
            throw new IllegalStateException("a table of " + table.regionCapacity() + " slots cannot grow");
        }
        return table.regionCapacity() * 2;
    }

    /**
     * Takes out every sum.
     *
     * @param evict whether to start with empty tables, so that only keys still in use come back
     */
    final void drain(Collector collector, boolean evict) {
        if (evict) {
            Table table = shared.table();
            renew(table, capacityFor(table.seenCount()), false);
        }
        lanes.drain(collector);
        shared.drain(collector);
    }

    private static int capacityFor(int keys) {
        int wanted = (int) Math.min(Table.CAPACITY_MAX, keys * 4L);
        return Math.max(SHARED_CAPACITY_MIN, Integer.highestOneBit(Math.max(1, wanted)));
    }

    /**
     * Whether most keys in the shared table were not added to since {@link #observe}; makes room in the lanes
     * if that is so for them. For the drainer.
     */
    final boolean mostlyIdle() {
        Table hot = lanes.table();
        int hotActive = hot.seenCount();
        if (hot.observed() && hot.regionCapacity() == laneCapacityMax && hotActive < hot.countKeys() / 2) {
            lanes.replace(hot, LANE_CAPACITY_MIN, false);
        }
        Table table = shared.table();
        int used = table.used();
        return used >= EVICTABLE_KEYS_MIN && table.observed() && table.seenCount() + hotActive < used / 2;
    }

    /** Starts to observe which keys are in use. For the drainer. */
    final void observe() {
        lanes.table().observe();
        shared.table().observe();
    }

    /** Refuses everything from here on. For the drainer; a drain must follow. */
    final void close() {
        lanes.close();
        shared.close();
    }

    /** How often a table was found crowded and given a keyed hash. */
    final long keyedTables() {
        return keyedTables.get();
    }
}
