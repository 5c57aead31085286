// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.Entries;
import io.everycount.sink.CounterBatch;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes batches: whole records after a mark, coalesced by key, keys in byte order. */
final class BatchPlanner {
    private BatchPlanner() {}

    /**
     * A batch, and the history at its end.
     */
    record Plan(CounterBatch batch, RecordLog.Point end) {}

    /**
     * @param records those after {@code from}, oldest first; the first one goes in whatever its size
     * @param keysMax how many distinct keys several records together may have
     * @return null if there are no records
     */
    static @Nullable Plan plan(
            UUID instanceId, UUID ownerToken, RecordLog.Point from, List<DeltaRecord> records, int keysMax) {
        if (records.isEmpty()) {
            return null;
        }
        DeltaRecord first = records.get(0);
        if (records.size() == 1 || isFull(first, records.get(1), keysMax)) {
            return plan(instanceId, ownerToken, from, first.end(), first.entries());
        }
        Coalescer sums = new Coalescer(first.size());
        RecordLog.Point to = from;
        for (DeltaRecord record : records) {
            byte[][] keys = record.entries().keys();
            long[] deltas = record.entries().deltas();
            if (!to.equals(from) && !joins(sums, keys, deltas, keysMax)) {
                break;
            }
            to = record.end();
            add(sums, keys, deltas, to);
        }
        return plan(instanceId, ownerToken, from, to, sums.entries(0, sums.size()));
    }

    /**
     * Whether the first record is seen at a glance to go alone, which saves looking for each of its keys: it is as large as
     * records get, and the next one has a key that it has not, as when both are of the same drain.
     */
    private static boolean isFull(DeltaRecord first, DeltaRecord next, int keysMax) {
        return first.size() >= keysMax
                && next.size() > 0
                && first.entries().delta(next.entries().keys()[0]) == 0;
    }

    private static void add(Coalescer sums, byte[][] keys, long[] deltas, RecordLog.Point end) {
        for (int i = 0; i < keys.length; i++) {
            if (!sums.add(keys[i], deltas[i])) {
                throw new IllegalStateException("the keys of record " + end.record() + " are not distinct");
            }
        }
    }

    /** Whether a record can be added as a whole. */
    private static boolean joins(Coalescer sums, byte[][] keys, long[] deltas, int keysMax) {
        int together = sums.size();
        for (int i = 0; i < keys.length; i++) {
            int known = sums.find(keys[i]);
            if (known < 0 ? ++together > keysMax : !sums.fits(known, deltas[i])) {
                return false;
            }
        }
        return true;
    }

    private static Plan plan(
            UUID instanceId, UUID ownerToken, RecordLog.Point from, RecordLog.Point to, Entries entries) {
        byte[][] unsorted = entries.keys();
        long[] sums = entries.deltas();
        KeyOrder order = KeyOrder.of(unsorted);
        if (!order.isStrict()) {
            // No record should be like this, but a journal that has one must not stop all that comes after it.
            Coalescer distinct = new Coalescer(unsorted.length);
            add(distinct, unsorted, sums, to);
            return plan(instanceId, ownerToken, from, to, distinct.entries(0, distinct.size()));
        }
        byte[][] keys = new byte[unsorted.length][];
        long[] deltas = new long[unsorted.length];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = unsorted[order.position(i)];
            deltas[i] = sums[order.position(i)];
        }
        return new Plan(new CounterBatch(instanceId, ownerToken, from.mark(), to.mark(), keys, deltas), to);
    }
}
