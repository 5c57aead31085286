// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.Collector;
import io.everycount.journal.DigestChain;
import io.everycount.journal.Entries;
import io.everycount.journal.JournalRecord;
import io.everycount.journal.Recovered;
import io.everycount.sink.Mark;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * An instance's records in memory: those that some sink still has to apply, and those kept for a store
 * that goes back in time. If there is a journal, it has the same ones.
 *
 * <p>Thread-safe. Its lock is shared by the drainer and the sinks' writers only; others read without it.
 */
final class RecordLog {
    private final int recordKeysMax;
    private final long salt;
    private final Point start;

    private volatile Point last;
    private volatile Point base;
    private long applied;
    private volatile @Nullable DeltaRecord oldestPending;

    /** The records after base by number; each begins where the one before ends. */
    private final ConcurrentSkipListMap<Long, DeltaRecord> records = new ConcurrentSkipListMap<>();

    private final List<Claim> claims = new ArrayList<>();

    private final Retention retained = new Retention();

    /** Records after this number are being summed up. */
    private long summingAfter = Long.MAX_VALUE;

    /**
     * The history at the end of a record.
     *
     * @param deltaSum of all records so far, modulo 2^64
     * @param keys of all records so far, each counted as often as it is in a record
     * @param bytes of all records so far
     */
    record Point(Mark mark, long deltaSum, long keys, long bytes) {
        /** Before the first record. */
        static final Point ORIGIN = new Point(Mark.ORIGIN, 0, 0, 0);

        long record() {
            return mark.record();
        }

        Point plus(long number, long digest, long moreDeltas, long moreKeys, long moreBytes) {
            return new Point(new Mark(number, digest), deltaSum + moreDeltas, keys + moreKeys, bytes + moreBytes);
        }
    }

    /**
     * Without records.
     *
     * @param salt random for each opening of an instance, see {@link DigestChain}
     */
    RecordLog(int recordKeysMax, long salt) {
        this.recordKeysMax = recordKeysMax;
        this.salt = salt;
        base = Point.ORIGIN;
        last = base;
        start = base;
    }

    /**
     * With what a journal has.
     *
     * @param salt of the journal's opening
     */
    RecordLog(int recordKeysMax, long salt, Recovered recovered, EpochClock clock) {
        this.recordKeysMax = recordKeysMax;
        this.salt = salt;
        base = recovered.baseNumber() == 0
                ? Point.ORIGIN
                : new Point(new Mark(recovered.baseNumber(), recovered.baseDigest()), recovered.baseSum(), 0, 0);
        Point end = base;
        Point known = base;
        for (JournalRecord r : recovered.records()) {
            long since = clock.nanos(r.sinceMillis());
            DeltaRecord record = DeltaRecord.of(end, r.number(), r.digest(), r.entries(), since);
            records.put(r.number(), record);
            end = record.end();
            if (end.record() <= recovered.appliedNumber()) {
                known = end;
            }
        }
        last = end;
        start = known;
        applied = start.record();
        oldestPending = firstAfter(applied);
    }

    /** Where the sinks were when this log was opened, as far as is known: they may have gone on, or back. */
    Point start() {
        return start;
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
     * a delta ask for, none if everything cancelled out. They are not in the log until {@link #publish}, which
     * has to come before the next call.
     */
    List<DeltaRecord> make(Collector drained, long sinceNanos) {
        List<DeltaRecord> made = new ArrayList<>();
        Point end = last;
        for (Entries entries : Summing.of(drained, recordKeysMax)) {
            long number = end.record() + 1;
            long digest = DigestChain.next(end.mark.digest(), salt, number, entries);
            DeltaRecord record = DeltaRecord.of(end, number, digest, entries, sinceNanos);
            made.add(record);
            end = record.end();
        }
        return made;
    }

    /** Adds the next record; nothing has changed if it throws. */
    synchronized void publish(DeltaRecord next) {
        records.put(next.number(), next);
        last = next.end();
        if (oldestPending == null) {
            oldestPending = next;
        }
    }

    /** The history at the end of a record that is here, and before the first of them; else null. */
    synchronized @Nullable Point pointAt(long record) {
        if (record == base.record()) {
            return base;
        }
        DeltaRecord found = records.get(record);
        return found == null ? null : found.end();
    }

    private @Nullable DeltaRecord firstAfter(long record) {
        Map.Entry<Long, DeltaRecord> next = records.higherEntry(record);
        return next == null ? null : next.getValue();
    }

    /** The first records after a number, oldest first; null if the first of them is gone. */
    synchronized @Nullable List<DeltaRecord> after(long record, int most) {
        if (record < base.record()) {
            return null;
        }
        List<DeltaRecord> found = new ArrayList<>();
        for (DeltaRecord r : records.tailMap(record, false).values()) {
            if (found.size() == most) {
                break;
            }
            found.add(r);
        }
        if (!found.isEmpty() && found.get(0).from() != record) {
            throw new IllegalStateException("record " + record + " lies within ("
                    + found.get(0).from() + ".." + found.get(0).number() + "]");
        }
        return found;
    }

    /**
     * The records for one writer's next batch, as {@link #after}: they stay as they are until {@link #sending}. If
     * something was sent that has not been applied, as far as is known, they go no further than that. None are of those
     * that are being summed up.
     */
    synchronized @Nullable List<DeltaRecord> claim(Claim claim, long mark, int most) {
        List<DeltaRecord> found = after(mark, most);
        if (found == null || found.isEmpty()) {
            return found;
        }
        long end = claim.sent > mark ? Math.min(claim.sent, summingAfter) : summingAfter;
        found.removeIf(r -> r.number() > end);
        claim.planned = found.isEmpty() ? 0 : found.get(found.size() - 1).number();
        return found;
    }

    /**
     * A writer sends a batch of what it claimed, with this end: a server may get to it at any time while the mark is
     * lower. So the records up to there stay as they are until the mark is not.
     */
    synchronized void sending(Claim claim, long end) {
        claim.sent = Math.max(claim.sent, end);
        claim.planned = 0;
    }

    /** What one writer may have sent and does not know to be applied. Guarded by the log's lock. */
    static final class Claim {
        private long sent;
        private long planned;
    }

    /**
     * A claim for one more writer. What a journal had may have been sent by the process before, up to any record, and
     * nobody knows of it until the sink is asked; so all of it counts as sent.
     */
    synchronized Claim newClaim() {
        Claim claim = new Claim();
        claim.sent = last.record();
        claims.add(claim);
        return claim;
    }

    /**
     * Sums up the records that nobody has been sent yet: as few that have the same sums by key, the same number and
     * digest at their end, and take less. Numbers in between were never sent to anybody, so no ledger can be at one of
     * them.
     *
     * @param marks of all writers: what is behind them stays
     * @return in place of all records after its first one's {@link DeltaRecord#from}; empty if that would be no gain.
     *     They are not in the log until {@link #replace}, which has to come next, or {@link #keep}, and until then
     *     nobody gets what they replace
     */
    synchronized List<DeltaRecord> summary(long[] marks) {
        long from = base.record();
        for (long mark : marks) {
            from = Math.max(from, mark);
        }
        for (Claim claim : claims) {
            from = Math.max(from, Math.max(claim.sent, claim.planned));
        }
        Point start = Objects.requireNonNull(pointAt(from));
        List<DeltaRecord> parts =
                List.copyOf(records.tailMap(start.record(), false).values());
        if (parts.size() < 2) {
            return List.of();
        }
        List<DeltaRecord> summary = Summary.of(start, parts, recordKeysMax, salt);
        if (!summary.isEmpty()) {
            summingAfter = start.record();
        }
        return summary;
    }

    /** The digest before the first record of a {@link #summary}. */
    synchronized long digestBefore(List<DeltaRecord> summary) {
        return Objects.requireNonNull(pointAt(summary.get(0).from())).mark.digest();
    }

    /** Puts a {@link #summary} in place of what it sums up. */
    synchronized void replace(List<DeltaRecord> summary) {
        long from = summary.get(0).from();
        records.tailMap(from, false).clear();
        for (DeltaRecord record : summary) {
            records.put(record.number(), record);
            last = record.end();
        }
        summingAfter = Long.MAX_VALUE;
        oldestPending = firstAfter(Math.max(applied, base.record()));
    }

    /** Leaves everything as it was before {@link #summary}. */
    synchronized void keep() {
        summingAfter = Long.MAX_VALUE;
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
        List<DeltaRecord> found = new ArrayList<>();
        long reached = record;
        for (DeltaRecord r : records.tailMap(record, false).values()) {
            if (r.from() != reached) {
                return null;
            }
            found.add(r);
            reached = r.number();
        }
        return reached == end ? found : null;
    }

    /**
     * Notes what is applied, and lets go of applied records, oldest first, until the rest keeps within
     * bounds.
     *
     * @param mark the lowest mark of the sinks that matter
     * @param bytesMax how much of what is applied may stay
     * @param nowNanos the time
     * @param retainNanos what has been applied for as long as this goes
     */
    synchronized void applied(Point mark, long bytesMax, long nowNanos, long retainNanos) {
        applied = mark.record();
        long expired = retained.upTo(applied, nowNanos, retainNanos);
        while (base.record() < applied) {
            DeltaRecord oldest = records.firstEntry().getValue();
            boolean tooMuch = mark.bytes - base.bytes > bytesMax;
            if (!tooMuch && oldest.number() > expired) {
                break;
            }
            base = oldest.end();
            records.remove(oldest.number());
        }
        oldestPending = firstAfter(Math.max(applied, base.record()));
    }

    /** Since when increments wait that came after a record; of those in no record yet, nobody here knows. */
    long sinceNanos(long record, long otherwise) {
        DeltaRecord next = firstAfter(record);
        return next == null ? otherwise : next.sinceNanos();
    }

    /** The oldest record that is not applied where it must be, or null. */
    @Nullable
    DeltaRecord oldestPending() {
        return oldestPending;
    }
}
