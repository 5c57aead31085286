// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Cells found by ranges of UTF-8 bytes, straight from a request's buffer; no String is built. */
final class ByteCells extends Cells {
    ByteCells(int laneCount, int keyBytesMax, KeyBudget budget) {
        super(laneCount, keyBytesMax, budget);
    }

    AddOutcome add(byte[] utf8, int offset, int length, long delta, boolean reserved) {
        int lane = lane();
        Table table = lanes.table();
        int slot = find(table, lane, LANE_PROBES_MAX, utf8, offset, length);
        if (slot >= 0) {
            long previous = table.addUnmarked(slot, delta);
            if (Table.isLive(previous) || addedInLane(table, previous)) {
                return AddOutcome.COUNTED;
            }
        }
        return addShared(lane, utf8, offset, length, delta, reserved);
    }

    private int find(Table table, int region, int probesMax, byte[] utf8, int offset, int length) {
        @Nullable Object[] keys = table.keys;
        int first = region << table.regionBits;
        int mask = table.regionMask;
        int next = table.keyed ? keyedHash(utf8, offset, length) : FastHash.hash(utf8, offset, length, seed0);
        for (int probes = Math.min(mask + 1, probesMax); probes > 0; probes--) {
            int slot = first | next++ & mask;
            Object found = keys[slot];
            if (found == null) {
                return ~slot;
            }
            if (found == Table.DEAD) {
                return REPLACED;
            }
            // A slot is written after its key's bytes, and a String's are final; these are not.
            VarHandle.acquireFence();
            if (isKey((byte[]) found, utf8, offset, length)) {
                return slot;
            }
        }
        return CROWDED;
    }

    /** As {@code Arrays.equals}, which is made for longer ranges and takes longer for these. */
    static boolean isKey(byte[] key, byte[] utf8, int offset, int length) {
        if (key.length != length) {
            return false;
        }
        int last = length - Long.BYTES;
        if (last < 0) {
            return Arrays.equals(key, 0, length, utf8, offset, offset + length);
        }
        for (int i = 0; i < last; i += Long.BYTES) {
            if (FastHash.longAt(key, i) != FastHash.longAt(utf8, offset + i)) {
                return false;
            }
        }
        return FastHash.longAt(key, last) == FastHash.longAt(utf8, offset + last);
    }

    private int keyedHash(byte[] utf8, int offset, int length) {
        return (int) new SipHash(seed0, seed1).update(utf8, offset, length).finish();
    }

    @Override
    int find(Table table, int region, int probesMax, Object source, int offset, int length) {
        return find(table, region, probesMax, (byte[]) source, offset, length);
    }

    @Override
    Object keyOf(Object source, int offset, int length) {
        return Arrays.copyOfRange((byte[]) source, offset, offset + length);
    }

    @Override
    @Nullable
    String problem(Object source, int offset, int length, int bytesMax) {
        return KeyRules.problem((byte[]) source, offset, length, bytesMax);
    }
}
