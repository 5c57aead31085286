// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one kind of key: a shared table that holds every key in use, and in front of it lanes,
 * small tables that threads spread over, for the keys that are added to again and again.
 *
 * <p>An addition goes to the caller's lane if the key is there, else to the shared table; a key that
 * is met there a second time between two drains is put into the lane, empty, for the next time. So
 * lanes are only a faster way to the same sum: nothing ever moves between tables, and every increment
 * is in exactly one cell. Hot keys are not contended; cold ones cost one cell, not one for each lane.
 *
 * <p>Subclasses know how a key is compared and hashed.
 */
abstract class Cells {
    static final int LANE_CAPACITY_MAX = 4_096;

    /** Answers of {@link #find} beside a slot and the complement of a free slot. */
    static final int CROWDED = Integer.MIN_VALUE;

    static final int REPLACED = Integer.MIN_VALUE + 1;

    /** Not among the first slots looked at. */
    static final int ELSEWHERE = -1;

    private static final int LANE_CAPACITY_MIN = 64;
    private static final int SHARED_CAPACITY_MIN = 256;
    private static final int EVICTABLE_KEYS_MIN = 1_024;

    private final Lane[] lanes;
    /** The lanes' tables in use. Lanes have no marks: to keep them would cost each addition more than the drainer saves. */
    final Table[] laneTables;

    private final int laneShift;
    private final Lane shared = new Lane(new Table[1], 0, SHARED_CAPACITY_MIN, true);
    private final KeyBudget budget;
    private final int keyBytesMax;
    private final AtomicLong keyedTables = new AtomicLong();

    /** Secret, so that nobody outside can know which keys collide. */
    final long seed0;

    final long seed1;

    Cells(int laneCount, int keyBytesMax, KeyBudget budget) {
        lanes = new Lane[laneCount];
        laneTables = new Table[laneCount];
        for (int i = 0; i < laneCount; i++) {
            lanes[i] = new Lane(laneTables, i, LANE_CAPACITY_MIN, false);
        }
        laneShift = Long.SIZE - Integer.numberOfTrailingZeros(laneCount);
        this.keyBytesMax = keyBytesMax;
        this.budget = budget;
        SecureRandom random = new SecureRandom();
        seed0 = random.nextLong();
        seed1 = random.nextLong();
        budget.countAlso(() -> shared.table().keyCount());
    }

    /**
     * Looks a key up.
     *
     * @return its slot; or the complement of the free slot where it belongs; or {@link #CROWDED}; or
     *     {@link #REPLACED} if the table takes no more keys
     */
    abstract int find(Table table, Object source, int offset, int length);

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
    final boolean addedInLane(int lane, Table table, long previous) {
        if (Table.isSealed(previous)) {
            return false;
        }
        lanes[lane].replaceIfPossible(table, LANE_CAPACITY_MIN);
        return true;
    }

    /**
     * Adds by way of the shared table.
     *
     * @param reserved whether the key's room has been reserved already
     */
    final AddOutcome addShared(int lane, Object source, int offset, int length, long delta, boolean reserved) {
        while (true) {
            Table table = shared.table();
            int slot = find(table, source, offset, length);
            if (slot < 0) {
                if (slot == REPLACED) {
                    if (table.closed) {
                        return AddOutcome.CLOSED;
                    }
                    continue;
                }
                if (problem(source, offset, length, keyBytesMax) != null) {
                    return AddOutcome.INVALID_KEY;
                }
                if (slot == CROWDED) {
                    uncrowd(shared, table);
                    continue;
                }
                slot = ~slot;
                Object key = keyOf(source, offset, length);
                if (!table.reserve()) {
                    shared.replace(table, doubled(table), table.keyed);
                    continue;
                }
                Table older = holder(table.replaced, source, offset, length);
                if (older == null && !reserved && !budget.allowsOneMore()) {
                    table.unreserve();
                    return AddOutcome.KEY_LIMIT;
                }
                if (!table.claim(slot, key)) {
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
                shared.replaceIfPossible(table, SHARED_CAPACITY_MIN);
            } else if (previous != 0) {
                promote(lanes[lane], table, slot, source, offset, length);
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
            if (find(table, source, offset, length) >= 0) {
                return table;
            }
        }
        return null;
    }

    /** Gives a busy key a cell in the caller's lane; merely an optimisation, so any obstacle ends it. */
    private void promote(Lane lane, Table from, int fromSlot, Object source, int offset, int length) {
        try {
            tryPromote(lane, from, fromSlot, source, offset, length);
        } catch (OutOfMemoryError e) {
            // The increment is counted, and the key has its cell in the shared table.
        }
    }

    private void tryPromote(Lane lane, Table from, int fromSlot, Object source, int offset, int length) {
        Table table = lane.table();
        boolean full = table.used() >= table.capacity() >> 1;
        if (full && table.capacity() >= LANE_CAPACITY_MAX) {
            return;
        }
        int slot = find(table, source, offset, length);
        if (slot >= 0 || slot == REPLACED) {
            return;
        }
        if (slot == CROWDED) {
            uncrowd(lane, table);
        } else if (full) {
            lane.replace(table, doubled(table), table.keyed);
        } else if (table.reserve()) {
            Object key = from.keyAt(fromSlot);
            if (key == null || !table.claim(~slot, key)) {
                table.unreserve();
            }
        }
    }

    /** Too many keys in a row: somebody may have chosen them so. The successor finds its slots by a keyed hash. */
    private void uncrowd(Lane lane, Table table) {
        if (table.keyed) {
            lane.replace(table, doubled(table), true);
        } else if (lane.replace(table, table.capacity(), true)) {
            keyedTables.incrementAndGet();
        }
    }

    private static int doubled(Table table) {
        if (table.capacity() >= Table.CAPACITY_MAX) {
            throw new IllegalStateException("a table of " + table.capacity() + " slots cannot grow");
        }
        return table.capacity() * 2;
    }

    /**
     * Takes out every sum.
     *
     * @param evict whether to start with empty tables, so that only keys still in use come back
     */
    final void drain(Collector collector, boolean evict) {
        for (Lane lane : lanes) {
            Table table = lane.table();
            if (evict || laneIsIdle(table)) {
                lane.replace(table, LANE_CAPACITY_MIN, false);
            }
            lane.drain(collector);
        }
        if (evict) {
            Table table = shared.table();
            shared.replace(table, capacityFor(table.seenCount()), false);
        }
        shared.drain(collector);
    }

    private static boolean laneIsIdle(Table table) {
        return table.observed()
                && table.capacity() == LANE_CAPACITY_MAX
                && table.used() >= LANE_CAPACITY_MAX / 2
                && table.seenCount() < table.used() / 2;
    }

    private static int capacityFor(int keys) {
        int wanted = (int) Math.min(Table.CAPACITY_MAX, keys * 4L);
        return Math.max(SHARED_CAPACITY_MIN, Integer.highestOneBit(Math.max(1, wanted)));
    }

    /** Whether most keys in the shared table were not added to since {@link #observe}. For the drainer. */
    final boolean mostlyIdle() {
        Table table = shared.table();
        int used = table.used();
        if (used < EVICTABLE_KEYS_MIN || !table.observed()) {
            return false;
        }
        long active = table.seenCount();
        for (Lane lane : lanes) {
            active += lane.table().seenCount();
        }
        return active < used / 2;
    }

    /** Starts to observe which keys are in use. For the drainer. */
    final void observe() {
        for (Lane lane : lanes) {
            lane.table().observe();
        }
        shared.table().observe();
    }

    /** Refuses everything from here on. For the drainer; a drain must follow. */
    final void close() {
        for (Lane lane : lanes) {
            lane.close();
        }
        shared.close();
    }

    /** How often a table was found crowded and given a keyed hash. */
    final long keyedTables() {
        return keyedTables.get();
    }
}
