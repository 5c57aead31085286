// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import org.jspecify.annotations.Nullable;

/** Cells found by String keys. The usual addition costs a lookup that never leaves the lane and one atomic add. */
final class StringCells extends Cells {
    StringCells(int laneCount, int keyBytesMax, KeyBudget budget) {
        super(laneCount, keyBytesMax, budget);
    }

    AddOutcome add(String key, long delta, boolean reserved) {
        int lane = lane();
        Table table = lanes.table();
        int slot = likelySlot(table, lane, key);
        if (slot >= 0) {
            long previous = table.addUnmarked(slot, delta);
            if (Table.isLive(previous) || addedInLane(table, previous)) {
                return AddOutcome.COUNTED;
            }
        }
        return addFromFarther(lane, table, key, delta, reserved);
    }

    /**
     * The slot of the key if it is one of the first two that it can be in, else -1. Nearly all keys are, and
     * without a loop {@link #add} is small enough for the compiler to keep it in registers and to inline it.
     */
    private static int likelySlot(Table table, int lane, String key) {
        @Nullable Object[] keys = table.keys;
        int region = lane << table.regionBits;
        int mask = table.regionMask;
        int hash = spread(key.hashCode());
        int slot = region | hash & mask;
        if (key.equals(keys[slot])) {
            return slot;
        }
        slot = region | hash + 1 & mask;
        return key.equals(keys[slot]) ? slot : -1;
    }

    private AddOutcome addFromFarther(int lane, Table table, String key, long delta, boolean reserved) {
        int slot = find(table, lane, LANE_PROBES_MAX, key);
        if (slot >= 0) {
            long previous = table.addUnmarked(slot, delta);
            if (Table.isLive(previous) || addedInLane(table, previous)) {
                return AddOutcome.COUNTED;
            }
        }
        return addShared(lane, key, 0, 0, delta, reserved);
    }

    private int find(Table table, int region, int probesMax, String key) {
        @Nullable Object[] keys = table.keys;
        int first = region << table.regionBits;
        int mask = table.regionMask;
        int hash = key.hashCode();
        int next = table.keyed ? keyedHash(key) : spread(hash);
        for (int probes = Math.min(mask + 1, probesMax); probes > 0; probes--) {
            int slot = first | next++ & mask;
            Object found = keys[slot];
            if (found == key) {
                return slot;
            }
            if (found == null) {
                return ~slot;
            }
            if (found.hashCode() == hash && found.equals(key)) {
                return slot;
            }
            if (found == Table.DEAD) {
                return REPLACED;
            }
        }
        return CROWDED;
    }

    /** String.hashCode leaves neighbouring keys neighbours, and its low bits weak. */
    private static int spread(int hash) {
        int h = hash * 0x9e3779b9;
        return h ^ h >>> 16;
    }

    private int keyedHash(String key) {
        return (int) new SipHash(seed0, seed1).update(key).finish();
    }

    @Override
    int find(Table table, int region, int probesMax, Object source, int offset, int length) {
        return find(table, region, probesMax, (String) source);
    }

    @Override
    Object keyOf(Object source, int offset, int length) {
        return source;
    }

    @Override
    @Nullable
    String problem(Object source, int offset, int length, int bytesMax) {
        return KeyRules.problem((String) source, bytesMax);
    }
}
