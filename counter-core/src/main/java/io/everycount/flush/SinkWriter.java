// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.FatalSinkException;
import io.everycount.sink.Gap;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Moves one sink's mark along the record log, one batch in flight at a time.
 *
 * <h2>Protocol</h2>
 *
 * The ledger in the sink is the authority on what has been applied; {@link #mark} is what this object
 * last learned of it. A batch applies only if the ledger is exactly at that mark, digest and owner
 * included. Whenever that is in doubt (a failure, a refusal, a while of silence), the ledger is read
 * and compared with this instance's own history:
 *
 * <ul>
 *   <li>another owner: without a journal, fenced, as this instance's id is random and nobody else may own it. With one,
 *       its lock is ours: so the store went back to an earlier owner, or somebody has a copy. Register anew; what the
 *       mark is then tells which.
 *   <li>a digest that is not ours, a mark beyond our last record, or one too old to be compared: forked.
 *       Stop, never guess.
 *   <li>a mark ahead of ours: a write was applied although its reply was lost. Go on from there.
 *   <li>our mark: nothing was applied. Go on.
 *   <li>a lower mark, or none: the store went back in time. Records above it are written again; if some
 *       of them are not retained any more, the gap is declared.
 * </ul>
 *
 * So nothing depends on remembering what a batch of unknown outcome held. Everything here runs on the
 * writer's thread, but for what is volatile.
 */
final class SinkWriter {
    /** So many records at most are looked at for one batch. */
    private static final int BATCH_RECORDS_MAX = 4_096;

    /** No pause is longer while the cache is being closed. */
    private static final long CLOSING_PAUSE_NANOS = 250_000_000;

    /** While records are being summed up, which takes the time of a disk. */
    private static final long SUMMING_PAUSE_NANOS = 2_000_000;

    private static final long AFTER_DEFECT_NANOS = 1_000_000_000;

    /** How often a sink hears of an instance that has nothing to write. */
    static final long REPORT_NANOS = 30_000_000_000L;

    private final CounterSink sink;
    private final boolean required;
    private final PipelineSettings settings;
    private final RecordLog log;
    private final StoreBinding binding;
    private final RecordLog.Claim claim;
    private final MarkHistory history = new MarkHistory();
    private final WriterHost host;
    private final PipelineEvents events;
    private final UUID instanceId;
    private final UUID ownerToken;
    private final Backoff backoff;
    private final BatchSize batchSize;

    private boolean registered;

    /** Whether the mark was compared with the sink's since it was registered. */
    private boolean known;

    private boolean unresolved;
    private boolean met;
    private RecordLog.Point mark;
    private final ArrayDeque<SetAside> quarantines = new ArrayDeque<>();
    private final ArrayDeque<Lost> gaps = new ArrayDeque<>();
    private @Nullable Gap gapInDoubt;
    private RecordLog.@Nullable Point inFlightEnd;
    private boolean hurried;
    private long setAsideLongAgo;
    private int failures;
    private int refusals;

    /** Whether the last batch could not take all there was. */
    private boolean isBehind;

    private Tally tally = Tally.ZERO;
    private @Nullable Throwable lastError;
    private long notBefore;
    private long lastContact;
    private long lastWrite;
    private long lastReport;
    private volatile boolean finishing;
    private volatile Progress progress;
    private volatile long sentTo;

    /** What was sent last; null once the mark has moved. */
    private @Nullable CounterBatch inFlight;

    private record SetAside(long record, long deltaSum) {}

    /** A gap up to a record, and what of it was accepted since this log was opened. */
    private record Lost(long record, long deltaSum) {}

    /**
     * What other threads may know.
     *
     * @param mark up to where the sink has this instance's records
     * @param quarantined the sum of deltas set aside, of what was accepted since the log was opened
     * @param lost the sum of deltas in declared gaps, of what was accepted since the log was opened
     * @param known whether the mark comes from the sink, and not only from what was known when this started
     * @param failing whether the last attempt failed
     * @param tally of everything so far
     * @param lastError what the last failure said, until something succeeds
     * @param state running, or why not
     */
    record Progress(
            RecordLog.Point mark,
            long quarantined,
            long lost,
            boolean known,
            boolean failing,
            Tally tally,
            @Nullable Throwable lastError,
            PipelineState state) {}

    /**
     * @param instanceId whose records this writes; another one for each sink, so that two sinks that lead to
     *     one store do not take each other's ledger entry
     */
    SinkWriter(
            CounterSink sink,
            boolean required,
            UUID instanceId,
            PipelineSettings settings,
            RecordLog log,
            StoreBinding binding,
            WriterHost host,
            PipelineEvents events) {
        this.sink = sink;
        this.required = required;
        this.instanceId = instanceId;
        this.settings = settings;
        this.log = log;
        this.binding = binding;
        this.claim = log.newClaim();
        this.host = host;
        this.events = events;
        this.ownerToken =
                new UUID(settings.random().nextLong(), settings.random().nextLong());
        this.backoff = settings.backoff();
        this.batchSize = new BatchSize(settings.batchKeysMax());
        this.mark = log.start();
        this.notBefore = settings.clock().getAsLong();
        this.lastContact = notBefore;
        this.lastWrite = notBefore;
        this.lastReport = notBefore;
        // Until the sink has been met, it counts as failing: there is no use in many small records.
        this.progress = new Progress(mark, 0, 0, false, true, tally, null, PipelineState.RUNNING);
    }

    CounterSink sink() {
        return sink;
    }

    boolean isRequired() {
        return required;
    }

    UUID instanceId() {
        return instanceId;
    }

    Progress progress() {
        return progress;
    }

    /** When the sink last told its mark. */
    long lastContactNanos() {
        return lastContact;
    }

    /**
     * The last record that may be in the sink although the mark is lower: the highest end of what was sent since the mark
     * moved, as any of it can still arrive. Lower than the mark, or 0, if there is none.
     */
    long sentTo() {
        return sentTo;
    }

    /** No more records will come: end when the last one is in the sink. */
    void finish() {
        finishing = true;
    }

    /** Does what is due and returns the nanoseconds until something else is. */
    long step() {
        long now = settings.clock().getAsLong();
        if (progress.state != PipelineState.RUNNING || host.isAbandoned()) {
            return Worker.DONE;
        }
        if (finishing
                && host.isComplete()
                && !registered
                && !unresolved
                && mark.record() == log.last().record()) {
            // Nothing was counted: no need to reach a sink that may be away.
            return Worker.DONE;
        }
        if (finishing && !hurried) {
            hurried = true;
            notBefore = now;
        }
        if (now - notBefore < 0) {
            return notBefore - now;
        }
        try {
            if (!registered) {
                register();
            } else if (unresolved) {
                resolve();
            } else {
                return goOn(now);
            }
            return 0;
        } catch (Throwable t) {
            try {
                failed(t, t instanceof FatalSinkException);
                return Math.max(0, notBefore - settings.clock().getAsLong());
            } catch (Throwable again) {
                notBefore = now + AFTER_DEFECT_NANOS;
                return AFTER_DEFECT_NANOS;
            }
        }
    }

    /** The usual step: the ledger is known to be at our mark. */
    private long goOn(long now) {
        if (mark.record() < log.base().record()) {
            declareGap();
            return 0;
        }
        long wait = untilWrite(now, log.last().record() - mark.record());
        if (wait == 0) {
            lastWrite = now;
            return write() ? 0 : SUMMING_PAUSE_NANOS;
        }
        if (finishing && host.isComplete() && mark.record() == log.last().record()) {
            return Worker.DONE;
        }
        if (now - lastContact >= settings.ledgerCheckNanos()) {
            resolve();
            reportIfDue(now);
            return 0;
        }
        return Math.min(wait, lastContact + settings.ledgerCheckNanos() - now);
    }

    /**
     * How long to wait before the next batch, or before looking for records again. Without a journal every drain is
     * made to be written, and says so. With one there are many small records, and a batch is for all of an interval; if
     * it could not take them all, the next one follows at once.
     */
    private long untilWrite(long now, long records) {
        long interval = settings.flushIntervalNanos() == 0 ? Long.MAX_VALUE : settings.flushIntervalNanos();
        if (records == 0) {
            return interval;
        }
        boolean due = finishing || isBehind || records >= BATCH_RECORDS_MAX || host.isFlushDue(mark.record());
        return due ? 0 : interval == Long.MAX_VALUE ? interval : Math.max(0, lastWrite + interval - now);
    }

    private void register() {
        LedgerEntry entry = sink.register(new Registration(instanceId, ownerToken, settings.description()));
        meetStore(entry);
        if (!entry.ownerToken().equals(ownerToken)) {
            throw new RetriableSinkException(
                    sink.name() + " registered " + instanceId + " but shows another owner", null);
        }
        registered = true;
        if (log.last().record() == mark.record()) {
            succeeded();
        }
        accept(entry.mark());
        if (progress.state == PipelineState.RUNNING) {
            // Even at the mark that was expected: until now that was not known.
            host.markMoved(this);
        }
    }

    private void resolve() {
        unresolved = true;
        Optional<LedgerEntry> found = sink.ledger(instanceId);
        if (found.isEmpty()) {
            // The store went back to before the registration; a new one starts at the origin.
            notRegistered();
            return;
        }
        LedgerEntry entry = found.get();
        meetStore(entry);
        if (!entry.ownerToken().equals(ownerToken)) {
            if (binding.isJournaled()) {
                notRegistered();
                throw new RetriableSinkException(
                        sink.name() + " shows another owner of instance " + instanceId
                                + ", whose journal we have; registering anew",
                        null);
            }
            stop(
                    PipelineState.FENCED,
                    "somebody else registered instance " + instanceId + " with " + sink.name()
                            + "; this process no longer writes");
            return;
        }
        accept(entry.mark());
    }

    /**
     * An idle instance would look like a dead one to people, and one that is closed or adopted must not look like an
     * idle one. Whatever comes of it, nothing else changes.
     */
    private void reportIfDue(long now) {
        if (!registered || unresolved || progress.state != PipelineState.RUNNING || now - lastReport < REPORT_NANOS) {
            return;
        }
        if (host.isComplete()) {
            return;
        }
        lastReport = now;
        try {
            sink.report(instanceId, ownerToken, reportAt(mark));
        } catch (Throwable t) {
            events.notReported(sink, t);
        }
    }

    /** How this instance is doing once the sink is at a point. */
    private InstanceReport reportAt(RecordLog.Point point) {
        RecordLog.Point last = log.last();
        long since = log.sinceNanos(point.record(), host.lastDrainNanos());
        return new InstanceReport(
                last.deltaSum() - log.start().deltaSum(),
                last.deltaSum() - point.deltaSum(),
                Duration.ofNanos(Math.max(0, settings.clock().getAsLong() - since)));
    }

    private void notRegistered() {
        registered = false;
        known = false;
        publish(PipelineState.RUNNING);
    }

    private void meetStore(LedgerEntry entry) {
        if (!met) {
            SinkWriter other = host.claimStore(this, entry.storeId());
            if (other != this) {
                throw new FatalSinkException(
                        sink.name() + " leads to the same store as " + other.sink.name()
                                + ", which would count everything twice; give it a store, or a table prefix, of its own",
                        null);
            }
            met = true;
        }
        UUID bound = binding.store();
        if (bound == null) {
            binding.bind(entry.storeId());
        } else if (!bound.equals(entry.storeId())) {
            throw new FatalSinkException(
                    sink.name() + " now leads to store " + entry.storeId() + " but this instance has written to "
                            + bound + "; point it back there (a copy without its ledger counts as another store)",
                    null);
        }
    }

    /** Compares the ledger's mark with our own history and goes on from there. */
    private void accept(Mark found) {
        RecordLog.Point point = pointOf(found);
        if (point == null) {
            RecordLog.Point last = log.last();
            stop(
                    PipelineState.FORKED,
                    sink.name() + " has instance " + instanceId + " at " + found + ", which is not in the history of"
                            + " this process as far as it is known (up to " + last.mark()
                            + "): somebody else wrote under this id, or the store went back very far");
            return;
        }
        long before = mark.record();
        if (point.record() > mark.record()) {
            foundApplied(point);
        } else if (point.record() < mark.record()) {
            rewind(point);
        } else if (mark.record() == log.last().record()) {
            succeeded();
        }
        unresolved = false;
        known = true;
        lastContact = settings.clock().getAsLong();
        publish(PipelineState.RUNNING);
        if (point.record() != before) {
            forgetInFlight();
        }
        // At the same mark, a write that failed can still arrive: a server may begin with it later than with
        // our question. The guard then refuses whatever we have sent since, and the next answer is right. Until
        // the mark moves it stays in flight, so that nobody is told that it is certainly not in the sink.
    }

    private void forgetInFlight() {
        inFlight = null;
        sentTo = 0;
        inFlightEnd = null;
        gapInDoubt = null;
    }

    /** The point of our history that a mark names; null if it is none, or older than can be told. */
    private RecordLog.@Nullable Point pointOf(Mark found) {
        if (found.equals(mark.mark())) {
            return mark;
        }
        RecordLog.Point end = inFlightEnd;
        if (end != null && found.equals(end.mark())) {
            return end;
        }
        RecordLog.Point point = found.record() == 0 ? RecordLog.Point.ORIGIN : log.pointAt(found.record());
        if (point == null) {
            point = history.at(found.record());
        }
        return point != null && point.mark().equals(found) ? point : null;
    }

    private void foundApplied(RecordLog.Point point) {
        Gap declared = gapInDoubt;
        if (declared != null && declared.to().equals(point.mark())) {
            gapDeclared(declared, point);
            return;
        }
        List<QuarantinedEntry> setAside = sink.quarantined(instanceId, mark.record(), point.record());
        CounterBatch batch = inFlight;
        int keys = batch != null && batch.to().equals(point.mark()) ? batch.size() : 0;
        applied(point, setAside, keys, 0);
    }

    private void rewind(RecordLog.Point point) {
        long from = mark.record();
        quarantines.removeIf(q -> q.record > point.record());
        if (point.record() == 0) {
            setAsideLongAgo = 0;
        }
        gaps.removeIf(gap -> gap.record > point.record());
        mark = point;
        tally = tally.rewind(
                from - Math.max(point.record(), Math.min(from, log.base().record())));
        refusals = 0;
        publish(PipelineState.RUNNING);
        host.markMoved(this);
        events.rewound(sink, from, point.record());
    }

    private void declareGap() {
        RecordLog.Point base = log.base();
        Gap gap = new Gap(instanceId, ownerToken, mark.mark(), base.mark(), base.deltaSum() - mark.deltaSum());
        if (host.isAbandoned()) {
            return;
        }
        gapInDoubt = gap;
        inFlightEnd = base;
        history.add(base);
        unresolved = true;
        if (sink.declareGap(gap).isApplied()) {
            gapDeclared(gap, base);
        } else {
            refused();
        }
    }

    private void gapDeclared(Gap gap, RecordLog.Point to) {
        RecordLog.Point start = log.start();
        long from = gap.from().record() < start.record() ? start.deltaSum() : to.deltaSum() - gap.deltaSum();
        gaps.add(new Lost(to.record(), to.record() <= start.record() ? 0 : to.deltaSum() - from));
        tally = tally.gap();
        moveTo(to);
        events.gap(sink, gap.from().record(), gap.to().record(), gap.deltaSum());
    }

    /** False if there is nothing that could be written at the moment. */
    private boolean write() {
        List<DeltaRecord> records = log.claim(claim, mark.record(), BATCH_RECORDS_MAX);
        BatchPlanner.Plan plan = records == null
                ? null
                : BatchPlanner.plan(instanceId, ownerToken, mark, upToStart(records), batchSize.keys());
        if (records == null || plan == null) {
            return false;
        }
        log.sending(claim, plan.end().record());
        isBehind = plan.end().record() < records.get(records.size() - 1).number();
        CounterBatch batch = plan.batch().with(reportAt(plan.end()));
        // Announced first, then asked: whoever abandons us first and then looks at what is in flight sees
        // this batch, or we see that we are abandoned.
        long before = sentTo;
        sentTo = Math.max(before, plan.end().record());
        if (host.isAbandoned()) {
            sentTo = before;
            return true;
        }
        inFlight = batch;
        inFlightEnd = plan.end();
        history.add(plan.end());
        unresolved = true;
        events.writing(sink, batch, failures + 1);
        FlushEvent event = FlightRecorder.flush();
        long start = settings.clock().getAsLong();
        lastReport = start;
        WriteResult result = null;
        try {
            result = sink.write(batch);
        } finally {
            if (event != null) {
                event.ended(sink, batch, failures + 1, result);
            }
            if (result == null) {
                batchSize.failed();
            }
        }
        if (result.isApplied()) {
            batchSize.taken();
            applied(
                    plan.end(),
                    result.quarantined(),
                    batch.size(),
                    settings.clock().getAsLong() - start);
        } else {
            refused();
        }
        return true;
    }

    /** What is written again, of before the log was opened, goes by itself: what is set aside of it was not ours. */
    private List<DeltaRecord> upToStart(List<DeltaRecord> records) {
        long start = log.start().record();
        return mark.record() >= start
                ? records
                : records.stream().takeWhile(r -> r.from() < start).toList();
    }

    /**
     * The guard did not hold; the ledger tells why. If it does not, waiting may help. An earlier write may have arrived, so
     * nothing is forgotten.
     */
    private void refused() {
        if (++refusals > 1) {
            throw new RetriableSinkException(
                    sink.name() + " refused a write that its ledger, read just before, allows", null);
        }
    }

    private void applied(RecordLog.Point to, List<QuarantinedEntry> setAside, int keys, long nanos) {
        long from = mark.record();
        if (!setAside.isEmpty()) {
            long sum = setAside.stream().mapToLong(QuarantinedEntry::delta).sum();
            quarantines.add(new SetAside(to.record(), to.record() <= log.start().record() ? 0 : sum));
            host.quarantined(this, to.record(), setAside);
            events.quarantined(sink, setAside);
        }
        tally = tally.batch();
        int attempt = failures + 1;
        moveTo(to);
        events.written(sink, from, to.record(), keys, attempt, nanos);
    }

    private void moveTo(RecordLog.Point to) {
        unresolved = false;
        mark = to;
        lastContact = settings.clock().getAsLong();
        succeeded();
        // The mark first: what is in flight and above the mark is what may be in the sink.
        publish(PipelineState.RUNNING);
        forgetInFlight();
        host.markMoved(this);
    }

    private void succeeded() {
        failures = 0;
        refusals = 0;
        lastError = null;
    }

    private void failed(Throwable error, boolean fatal) {
        if (failures < Integer.MAX_VALUE) {
            failures++;
        }
        tally = tally.retry();
        lastError = error;
        long wait = backoff.nanos(failures, fatal);
        if (finishing) {
            wait = Math.min(wait, CLOSING_PAUSE_NANOS);
        }
        notBefore = settings.clock().getAsLong() + wait;
        publish(PipelineState.RUNNING);
        events.failed(sink, error, fatal, failures, wait);
        FlightRecorder.retry(sink, error, fatal, failures, wait);
    }

    private void stop(PipelineState state, String why) {
        publish(state);
        host.stoppedBy(this, state, why);
    }

    private void publish(PipelineState state) {
        // A store cannot go back further than history is known, but to the very beginning.
        while (!quarantines.isEmpty() && quarantines.getFirst().record < history.oldest()) {
            setAsideLongAgo += quarantines.removeFirst().deltaSum;
        }
        long setAside = setAsideLongAgo;
        for (SetAside q : quarantines) {
            setAside += q.deltaSum;
        }
        long lost = 0;
        for (Lost gap : gaps) {
            lost += gap.deltaSum;
        }
        boolean failing = failures > 0 || !registered;
        progress = new Progress(mark, setAside, lost, known, failing, tally, lastError, state);
    }
}
