// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.Collector;
import io.everycount.cell.SipHash;
import io.everycount.sink.Mark;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An instance's records in memory: those that some sink still has to apply, and those kept for a store
 * that goes back in time.
 *
 * <p>Each record's digest covers its content and the digest before it, and the first one fresh
 * randomness, so that a mark identifies one history, not merely a number (a hash chain: Lamport, 1981;
 * {@link SipHash} keyed with the previous digest).
 *
 * <p>Thread-safe. Its lock is shared by the drainer and the sinks' writers only.
 */
final class RecordLog {
    /** Digests and sums of so many last records are known even when the records are gone. */
    static final int HISTORY_MAX = 65_536;

    private static final int BYTES_PER_ENTRY = 40;

    private final int recordKeysMax;
    private final long salt;
    private final ArrayDeque<DeltaRecord> retained = new ArrayDeque<>();
    private volatile Point last = new Point(Mark.ORIGIN, 0, 0);
    private volatile Point base = last;

    private long applied;
    private volatile @Nullable DeltaRecord oldestPending;

    /** The points of the last records, each at its record's number modulo the length, a power of two. */
    private @Nullable Point[] history = new @Nullable Point[64];

    /**
     * The history at the end of a record.
     *
     * @param deltaSum of all records so far, modulo 2^64
     * @param bytes of all records so far
     */
    record Point(Mark mark, long deltaSum, long bytes) {
        long record() {
            return mark.record();
        }
    }

    /**
     * @param salt random for each opening of an instance
     */
    RecordLog(int recordKeysMax, long salt) {
        this.recordKeysMax = recordKeysMax;
        this.salt = salt;
    }

    /** After the last record. */
    Point last() {
        return last;
    }

    /** Before the first record that is still here. */
    Point base() {
        return base;
    }

    /**
     * Makes records of what a drain collected: summed by key, as many records as bounds and the range of
     * a delta ask for, none if everything cancelled out. Nothing has changed if it throws.
     */
    void append(Collector drained, long sinceNanos, long nowNanos) {
        List<DeltaRecord> fresh = new ArrayList<>();
        List<Point> points = new ArrayList<>();
        Point end = last;
        int entries = drained.size();
        byte[][] keys = new byte[entries][];
        long[] deltas = new long[entries];
        for (int i = 0; i < entries; i++) {
            Object key = drained.key(i);
            keys[i] = key instanceof String s ? s.getBytes(StandardCharsets.UTF_8) : (byte[]) key;
            deltas[i] = drained.delta(i);
        }
        while (entries > 0) {
            Coalescer sums = new Coalescer(entries);
            int left = 0;
            for (int i = 0; i < entries; i++) {
                if (!sums.add(keys[i], deltas[i])) {
                    keys[left] = keys[i];
                    deltas[left++] = deltas[i];
                }
            }
            entries = left;
            int from = 0;
            while (from < sums.size()) {
                int to = Math.min(sums.size(), from + recordKeysMax);
                DeltaRecord made = make(sums, from, to, end, sinceNanos, nowNanos);
                from = to;
                if (made != null) {
                    end = new Point(made.end(), end.deltaSum + made.deltaSum(), end.bytes + made.bytes());
                    fresh.add(made);
                    points.add(end);
                }
            }
        }
        publish(fresh, points, end);
    }

    private @Nullable DeltaRecord make(Coalescer sums, int from, int to, Point before, long sinceNanos, long nowNanos) {
        int count = 0;
        for (int i = from; i < to; i++) {
            if (sums.sum(i) != 0) {
                count++;
            }
        }
        if (count == 0) {
            return null;
        }
        byte[][] keys = new byte[count][];
        long[] deltas = new long[count];
        long number = before.record() + 1;
        SipHash digest = new SipHash(before.mark.digest(), salt).update(number).update(count);
        long deltaSum = 0;
        long bytes = 0;
        int n = 0;
        for (int i = from; i < to; i++) {
            long delta = sums.sum(i);
            if (delta != 0) {
                byte[] key = sums.key(i);
                keys[n] = key;
                deltas[n++] = delta;
                digest.update(key, 0, key.length).update(delta);
                deltaSum += delta;
                bytes += key.length + BYTES_PER_ENTRY;
            }
        }
        return new DeltaRecord(new Mark(number, digest.finish()), keys, deltas, deltaSum, bytes, sinceNanos, nowNanos);
    }

    private synchronized void publish(List<DeltaRecord> fresh, List<Point> points, Point end) {
        int wanted = (int) Math.min(HISTORY_MAX, end.record());
        if (wanted > history.length) {
            @Nullable Point[] longer = new @Nullable Point[Math.min(HISTORY_MAX, Integer.highestOneBit(wanted) * 2)];
            for (Point point : history) {
                if (point != null) {
                    longer[(int) point.record() & longer.length - 1] = point;
                }
            }
            history = longer;
        }
        for (Point point : points) {
            history[(int) point.record() & history.length - 1] = point;
        }
        retained.addAll(fresh);
        last = end;
        if (oldestPending == null) {
            findOldestPending();
        }
    }

    /** The history at the end of a record; null if that is too long ago, or has not happened. */
    synchronized @Nullable Point pointAt(long record) {
        if (record == 0) {
            return new Point(Mark.ORIGIN, 0, 0);
        }
        Point point = history[(int) record & history.length - 1];
        return point != null && point.record() == record ? point : null;
    }

    /** The records after a number, oldest first, as they are now; null if some of them are gone. */
    synchronized @Nullable List<DeltaRecord> after(long record) {
        if (record < base.record()) {
            return null;
        }
        List<DeltaRecord> records = new ArrayList<>();
        for (DeltaRecord r : retained) {
            if (r.end().record() > record && r.end().record() <= last.record()) {
                records.add(r);
            }
        }
        return records;
    }

    /**
     * Notes what is applied, and lets go of applied records, oldest first, until the rest keeps within
     * bounds.
     *
     * @param mark the lowest mark of the sinks that matter
     * @param bytesMax how much of what is applied may stay
     * @param olderThanNanos what is applied and was drained before this goes
     */
    synchronized void applied(Point mark, long bytesMax, long olderThanNanos) {
        applied = mark.record();
        for (DeltaRecord oldest = retained.peekFirst();
                oldest != null && oldest.end().record() <= applied;
                oldest = retained.peekFirst()) {
            boolean tooMuch = mark.bytes - base.bytes > bytesMax;
            if (!tooMuch && oldest.drainedNanos() - olderThanNanos >= 0) {
                break;
            }
            base = new Point(oldest.end(), base.deltaSum + oldest.deltaSum(), base.bytes + oldest.bytes());
            retained.removeFirst();
        }
        findOldestPending();
    }

    private void findOldestPending() {
        DeltaRecord found = null;
        for (DeltaRecord r : retained) {
            if (r.end().record() > applied) {
                found = r;
                break;
            }
        }
        oldestPending = found;
    }

    /** The oldest record that is not applied where it must be, or null. */
    @Nullable
    DeltaRecord oldestPending() {
        return oldestPending;
    }
}
