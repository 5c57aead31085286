// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Additions of several increments: all of them, or none. Every key and delta is looked at first, then room is set
 * aside for the keys that are not in use, and then nothing can be refused any more. Thread-safe.
 */
final class BulkAdds {
    private final CellStore cells;
    private final Refusals refusals;

    BulkAdds(CellStore cells, Refusals refusals) {
        this.cells = cells;
        this.refusals = refusals;
    }

    /** Increments whose keys and deltas are allowed, and how many of these are beyond 2^40. */
    record Checked(Entries entries, int largeDeltas) {}

    /** A key can be among them several times. */
    private interface Entries {
        int size();

        long delta(int index);

        AddOutcome add(int index, boolean reserved);

        boolean isKeyInUse(int index);

        /** Equal for equal keys. */
        Object key(int index);
    }

    /** Keys of their own, of a map. */
    private final class StringEntries implements Entries {
        private final List<String> keys;
        private final List<Long> deltas;

        StringEntries(List<String> keys, List<Long> deltas) {
            this.keys = keys;
            this.deltas = deltas;
        }

        @Override
        public int size() {
            return keys.size();
        }

        @Override
        public long delta(int index) {
            return deltas.get(index);
        }

        @Override
        public AddOutcome add(int index, boolean reserved) {
            return cells.add(keys.get(index), deltas.get(index), reserved);
        }

        @Override
        public boolean isKeyInUse(int index) {
            return cells.isInUse(keys.get(index));
        }

        @Override
        public Object key(int index) {
            return keys.get(index);
        }
    }

    /** Ranges of bytes, used where they are. */
    private final class ByteEntries implements Entries {
        private final Increments list;

        ByteEntries(Increments list) {
            this.list = list;
        }

        @Override
        public int size() {
            return list.size();
        }

        @Override
        public long delta(int index) {
            return list.delta(index);
        }

        @Override
        public AddOutcome add(int index, boolean reserved) {
            return cells.add(list.utf8(), list.offset(index), list.length(index), list.delta(index), reserved);
        }

        @Override
        public boolean isKeyInUse(int index) {
            return cells.isInUse(list.utf8(), list.offset(index), list.length(index));
        }

        @Override
        public Object key(int index) {
            return ByteBuffer.wrap(list.utf8(), list.offset(index), list.length(index));
        }
    }

    /**
     * Adds all, or throws.
     *
     * @return whether some of it was counted under the overflow key
     */
    boolean addAll(Map<String, Long> deltas) {
        List<String> keys = new ArrayList<>(deltas.size());
        List<Long> amounts = new ArrayList<>(deltas.size());
        int large = 0;
        for (Map.Entry<String, Long> entry : deltas.entrySet()) {
            String key = entry.getKey();
            Long delta = entry.getValue();
            if (delta == null) {
                throw refusals.rejected(
                        RejectedException.Reason.INVALID_DELTA,
                        "the delta of key " + Refusals.quoted(String.valueOf(key)) + " is null");
            }
            refusals.checkUnusual(key, delta);
            keys.add(key);
            amounts.add(delta);
            large += CellStore.isLarge(delta) ? 1 : 0;
        }
        return addAll(new Checked(new StringEntries(keys, amounts), large));
    }

    /** As {@link #addAll(Map)}. */
    boolean addAll(Increments list) {
        return addAll(check(list));
    }

    /** Looks at each of a list, which must not change before they are added. */
    Checked check(Increments list) {
        int large = 0;
        for (int i = 0; i < list.size(); i++) {
            refusals.checkListed(list, i);
            large += CellStore.isLarge(list.delta(i)) ? 1 : 0;
        }
        return new Checked(new ByteEntries(list), large);
    }

    /** Adds what was found to be allowed; otherwise as {@link #addAll(Map)}. */
    boolean addAll(Checked checked) {
        AddOutcome outcome = add(checked);
        if (outcome == AddOutcome.KEY_LIMIT && refusals.hasOverflow()) {
            return addOverflowing(checked);
        }
        if (outcome != AddOutcome.COUNTED) {
            refusals.refused(outcome, checked.entries.size() + " increments", 0, () -> add(checked));
        }
        return false;
    }

    private AddOutcome add(Checked checked) {
        Entries entries = checked.entries;
        int large = checked.largeDeltas;
        CellStore.Bulk bulk = cells.startBulk(entries.size() - large, () -> countNewKeys(entries), large);
        if (bulk.outcome() == AddOutcome.COUNTED) {
            try {
                for (int i = 0; i < entries.size(); i++) {
                    if (entries.delta(i) != 0) {
                        counted(entries.add(i, true));
                    }
                }
            } finally {
                cells.endBulk(bulk);
            }
        }
        return bulk.outcome();
    }

    private static int countNewKeys(Entries entries) {
        // Sorted, not hashed: whoever sends the keys could choose them to collide.
        Set<Object> found = new TreeSet<>();
        for (int i = 0; i < entries.size(); i++) {
            long delta = entries.delta(i);
            if (delta != 0 && !CellStore.isLarge(delta) && !entries.isKeyInUse(i)) {
                found.add(entries.key(i));
            }
        }
        return found.size();
    }

    /** The bulk for which there is not enough room: keys that find none go to the overflow key. */
    private boolean addOverflowing(Checked checked) {
        Entries entries = checked.entries;
        CellStore.Bulk bulk = cells.startBulk(0, () -> 0, checked.largeDeltas);
        boolean overflowed = false;
        if (bulk.outcome() == AddOutcome.COUNTED) {
            try {
                for (int i = 0; i < entries.size(); i++) {
                    long delta = entries.delta(i);
                    if (CellStore.isLarge(delta)) {
                        counted(entries.add(i, true));
                    } else if (delta != 0 && entries.add(i, false) == AddOutcome.KEY_LIMIT) {
                        counted(refusals.addToOverflow(delta, true));
                        overflowed = true;
                    }
                }
            } finally {
                cells.endBulk(bulk);
            }
        } else {
            refusals.refused(bulk.outcome(), entries.size() + " increments", 0, bulk::outcome);
        }
        return overflowed;
    }

    private static void counted(AddOutcome outcome) {
        if (outcome != AddOutcome.COUNTED) {
            throw new IllegalStateException("an addition that had its room was not counted: " + outcome);
        }
    }
}
