// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.Collector;
import io.everycount.cell.SipHash;
import io.everycount.sink.Mark;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An instance's records in memory: those that some sink still has to apply, and those kept for a store
 * that goes back in time.
 *
 * <p>Each record's digest covers its content and the digest before it, and the first one fresh
 * randomness, so that a mark identifies one history, not merely a number (a hash chain: Lamport, 1981;
 * {@link SipHash} keyed with the previous digest).
 *
 * <p>Record numbers have no holes, so both the records and the older history are rings indexed by number.
 *
 * <p>Thread-safe. Its lock is shared by the drainer and the sinks' writers only; others read without it.
 */
final class RecordLog {
    /** Digests and sums of so many last records are known even when the records are gone. */
    static final int HISTORY_MAX = 1 << 18;

    private static final int BYTES_PER_ENTRY = 40;

    private final int recordKeysMax;
    private final long salt;

    /** Before the first record. */
    private final Point origin = new Point(Mark.ORIGIN, 0, 0);

    private volatile Point last = origin;
    private volatile Point base = origin;
    private long applied;
    private volatile @Nullable DeltaRecord oldestPending;

    /** The records after base, each at its number modulo the length, a power of two. */
    private @Nullable DeltaRecord[] records = new @Nullable DeltaRecord[64];

    /** Digest, sum of deltas and bytes after each record of the history, likewise. */
    private long[] digests = new long[64];

    private long[] deltaSums = new long[64];
    private long[] byteSums = new long[64];

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
        int entries = drained.size();
        byte[][] keys = new byte[entries][];
        long[] deltas = new long[entries];
        for (int i = 0; i < entries; i++) {
            Object key = drained.key(i);
            keys[i] = key instanceof String s ? s.getBytes(StandardCharsets.UTF_8) : (byte[]) key;
            deltas[i] = drained.delta(i);
        }
        List<DeltaRecord> fresh = new ArrayList<>();
        Point end = last;
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
            for (int from = 0; from < sums.size(); from += recordKeysMax) {
                int to = Math.min(sums.size(), from + recordKeysMax);
                DeltaRecord made = make(sums, from, to, end, sinceNanos, nowNanos);
                if (made != null) {
                    end = made.end();
                    fresh.add(made);
                }
            }
        }
        if (!fresh.isEmpty()) {
            publish(fresh, end);
        }
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
        Point end = new Point(new Mark(number, digest.finish()), before.deltaSum + deltaSum, before.bytes + bytes);
        return new DeltaRecord(end, keys, deltas, deltaSum, bytes, sinceNanos, nowNanos);
    }

    private synchronized void publish(List<DeltaRecord> fresh, Point end) {
        // What can fail comes first, and leaves nothing behind that could be seen.
        makeRoom(end.record());
        for (int i = 0; i < fresh.size(); i++) {
            DeltaRecord r = fresh.get(i);
            records[index(r.number(), records.length)] = r;
            int h = index(r.number(), digests.length);
            digests[h] = r.end().mark().digest();
            deltaSums[h] = r.end().deltaSum();
            byteSums[h] = r.end().bytes();
        }
        last = end;
        if (oldestPending == null) {
            oldestPending = fresh.get(0);
        }
    }

    private static int index(long number, int length) {
        return (int) number & length - 1;
    }

    private void makeRoom(long upTo) {
        int wanted = Math.toIntExact(upTo - base.record());
        if (wanted > records.length) {
            @Nullable DeltaRecord[] more = new @Nullable DeltaRecord[powerOfTwo(wanted)];
            for (long n = base.record() + 1; n <= last.record(); n++) {
                more[index(n, more.length)] = records[index(n, records.length)];
            }
            records = more;
        }
        if (upTo > digests.length && digests.length < HISTORY_MAX) {
            int length = powerOfTwo((int) Math.min(upTo, HISTORY_MAX));
            long[] moreDigests = new long[length];
            long[] moreDeltaSums = new long[length];
            long[] moreByteSums = new long[length];
            for (long n = oldestKnown(); n <= last.record(); n++) {
                int from = index(n, digests.length);
                int to = index(n, length);
                moreDigests[to] = digests[from];
                moreDeltaSums[to] = deltaSums[from];
                moreByteSums[to] = byteSums[from];
            }
            digests = moreDigests;
            deltaSums = moreDeltaSums;
            byteSums = moreByteSums;
        }
    }

    private static int powerOfTwo(int atLeast) {
        return Integer.highestOneBit(Math.max(1, atLeast - 1)) * 2;
    }

    /** The oldest record that the history rings hold. */
    private long oldestKnown() {
        return Math.max(1, last.record() - digests.length + 1);
    }

    /** The history at the end of a record; null if that is too long ago, or has not happened. */
    synchronized @Nullable Point pointAt(long record) {
        if (record == 0) {
            return origin;
        }
        if (record > last.record()) {
            return null;
        }
        if (record >= oldestKnown()) {
            int h = index(record, digests.length);
            return new Point(new Mark(record, digests[h]), deltaSums[h], byteSums[h]);
        }
        if (record > base.record()) {
            return get(record).end();
        }
        return record == base.record() ? base : null;
    }

    private DeltaRecord get(long number) {
        return Objects.requireNonNull(records[index(number, records.length)]);
    }

    /** The first records after a number, oldest first; null if the first of them is gone. */
    synchronized @Nullable List<DeltaRecord> after(long record, int most) {
        if (record < base.record()) {
            return null;
        }
        List<DeltaRecord> found = new ArrayList<>();
        for (long n = record + 1; n <= last.record() && found.size() < most; n++) {
            found.add(get(n));
        }
        return found;
    }

    /**
     * All records after a number, oldest first; null if the first of them is gone, or the number is none of
     * ours. Takes no lock, as readers are any threads: right only if no drain overlaps with it, see
     * {@link Drainer#phase}. Records that are let go of meanwhile are found or make it null.
     */
    @Nullable
    List<DeltaRecord> afterUnlessDrained(long record) {
        long end = last.record();
        if (record < base.record() || record > end) {
            return null;
        }
        @Nullable DeltaRecord[] ring = records;
        List<DeltaRecord> found = new ArrayList<>();
        for (long n = record + 1; n <= end; n++) {
            DeltaRecord r = ring[index(n, ring.length)];
            if (r == null || r.number() != n) {
                return null;
            }
            found.add(r);
        }
        return found;
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
        while (base.record() < applied) {
            DeltaRecord oldest = get(base.record() + 1);
            boolean tooMuch = mark.bytes - base.bytes > bytesMax;
            if (!tooMuch && oldest.drainedNanos() - olderThanNanos >= 0) {
                break;
            }
            base = oldest.end();
            records[index(oldest.number(), records.length)] = null;
        }
        long next = Math.max(applied, base.record()) + 1;
        oldestPending = next <= last.record() ? get(next) : null;
    }

    /** The oldest record that is not applied where it must be, or null. */
    @Nullable
    DeltaRecord oldestPending() {
        return oldestPending;
    }
}
