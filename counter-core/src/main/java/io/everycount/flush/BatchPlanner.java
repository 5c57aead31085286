// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

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
        Coalescer sums = new Coalescer(Math.max(records.get(0).size(), 16));
        RecordLog.Point to = from;
        for (DeltaRecord record : records) {
            byte[][] keys = record.entries().keys();
            long[] deltas = record.entries().deltas();
            if (!to.equals(from) && !joins(sums, keys, deltas, keysMax)) {
                break;
            }
            for (int i = 0; i < keys.length; i++) {
                if (!sums.add(keys[i], deltas[i])) {
                    throw new IllegalStateException("the keys of record " + record.number() + " are not distinct");
                }
            }
            to = record.end();
        }
        return new Plan(batch(instanceId, ownerToken, from, to, sums), to);
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

    private static CounterBatch batch(
            UUID instanceId, UUID ownerToken, RecordLog.Point from, RecordLog.Point to, Coalescer sums) {
        byte[][] unsorted = new byte[sums.size()][];
        long[] sumOf = new long[sums.size()];
        int size = 0;
        for (int i = 0; i < sums.size(); i++) {
            if (sums.sum(i) != 0) {
                unsorted[size] = sums.key(i);
                sumOf[size++] = sums.sum(i);
            }
        }
        int[] order = KeyOrder.of(unsorted, size);
        byte[][] keys = new byte[size][];
        long[] deltas = new long[size];
        for (int i = 0; i < size; i++) {
            keys[i] = unsorted[order[i]];
            deltas[i] = sumOf[order[i]];
        }
        return new CounterBatch(instanceId, ownerToken, from.mark(), to.mark(), keys, deltas);
    }
}
