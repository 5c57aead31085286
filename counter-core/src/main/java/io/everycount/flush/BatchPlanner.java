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
            if (!to.equals(from) && !joins(sums, record.entries(), keysMax)) {
                break;
            }
            to = record.end();
            add(sums, record.entries(), to);
        }
        return plan(instanceId, ownerToken, from, to, sums.entries(0, sums.size()));
    }

    /**
     * Whether the first record is seen at a glance to go alone, which saves looking for each of its keys: it is as large as
     * records get, and the next one has a key that it has not, as when both are of the same drain.
     */
    private static boolean isFull(DeltaRecord first, DeltaRecord next, int keysMax) {
        return first.size() >= keysMax && next.size() > 0 && first.entries().delta(firstKey(next.entries())) == 0;
    }

    private static byte[] firstKey(Entries entries) {
        Entries.Cursor entry = entries.cursor();
        entry.next();
        return entry.key();
    }

    private static void add(Coalescer sums, Entries entries, RecordLog.Point end) {
        Entries.Cursor entry = entries.cursor();
        while (entry.next()) {
            if (!sums.add(entry.bytes(), entry.keyStart(), entry.keyEnd(), entry.delta())) {
                throw new IllegalStateException("the keys of record " + end.record() + " are not distinct");
            }
        }
    }

    /** Whether a record can be added as a whole. */
    private static boolean joins(Coalescer sums, Entries entries, int keysMax) {
        int together = sums.size();
        Entries.Cursor entry = entries.cursor();
        while (entry.next()) {
            int known = sums.find(entry.bytes(), entry.keyStart(), entry.keyEnd());
            if (known < 0 ? ++together > keysMax : !sums.fits(known, entry.delta())) {
                return false;
            }
        }
        return true;
    }

    private static Plan plan(
            UUID instanceId, UUID ownerToken, RecordLog.Point from, RecordLog.Point to, Entries entries) {
        Entries.Cursor entry = entries.cursor();
        int[] starts = new int[entries.size()];
        int[] ends = new int[starts.length];
        long[] unsorted = new long[starts.length];
        for (int i = 0; entry.next(); i++) {
            starts[i] = entry.keyStart();
            ends[i] = entry.keyEnd();
            unsorted[i] = entry.delta();
        }
        byte[] bytes = entry.bytes();
        KeyOrder order = KeyOrder.of(bytes, starts, ends);
        if (!order.isStrict()) {
            // No record should be like this, but a journal that has one must not stop all that comes after it.
            Coalescer distinct = new Coalescer(unsorted.length);
            add(distinct, entries, to);
            return plan(instanceId, ownerToken, from, to, distinct.entries(0, distinct.size()));
        }
        byte[] keys = new byte[Math.toIntExact(entries.keyBytes())];
        int[] keyEnds = new int[starts.length];
        long[] deltas = new long[starts.length];
        int end = 0;
        for (int i = 0; i < starts.length; i++) {
            int next = order.position(i);
            int length = ends[next] - starts[next];
            System.arraycopy(bytes, starts[next], keys, end, length);
            end += length;
            keyEnds[i] = end;
            deltas[i] = unsorted[next];
        }
        return new Plan(new CounterBatch(instanceId, ownerToken, from.mark(), to.mark(), keys, keyEnds, deltas), to);
    }
}
