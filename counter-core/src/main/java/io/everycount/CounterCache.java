// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.cell.HandleCell;
import io.everycount.flush.Adopter;
import io.everycount.flush.DrainStage;
import io.everycount.flush.Pipeline;
import io.everycount.flush.PipelineState;
import io.everycount.flush.PipelineStoppedException;
import io.everycount.journal.JournalStats;
import io.everycount.sink.CounterSink;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Counts in memory and writes the totals, exactly once, to a sink.
 *
 * <pre>{@code
 * try (CounterCache counters = CounterCache.builder(sink).build()) {
 *     counters.increment("page:/home");
 *     counters.add("bytes:out", 5_120);
 * }
 * }</pre>
 *
 * <p>An increment whose call returned is in memory and reaches the sink with the next flush; it dies with
 * the process until then, or, if there is a {@linkplain CounterCacheBuilder#journal journal}, until its next commit.
 * {@link #flush}, {@link #commit}, {@link #addAsync} and {@link #close(Duration)} tell when it is there. Every exception says which of two things happened: after a {@link RejectedException} nothing of
 * the call was counted; after an {@link UnconfirmedException} it was, and must not be added again.
 *
 * <p>Keys are text of 1 to {@code maxKeyBytes} bytes of UTF-8 without NUL; deltas go from -2^60 to 2^60.
 *
 * <p>Thread-safe; adding never blocks (unless {@link LimitPolicy#block} says so) and does not allocate for
 * a key that is in use.
 */
public final class CounterCache implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private final CellStore cells;
    private final Pipeline pipeline;
    private final @Nullable Adopter adopter;
    private final @Nullable OpenJournal journal;
    private final Events events;
    private final Refusals refusals;
    private final BulkAdds bulks;
    private final Confirmations confirmations;
    private final AtomicReference<@Nullable CompletableFuture<CloseReport>> closing = new AtomicReference<>();

    CounterCache(
            CellStore cells,
            Pipeline pipeline,
            @Nullable Adopter adopter,
            @Nullable OpenJournal journal,
            Events events,
            Refusals refusals,
            int maxWaiters) {
        this.cells = cells;
        this.pipeline = pipeline;
        this.adopter = adopter;
        this.journal = journal;
        this.events = events;
        this.refusals = refusals;
        this.bulks = new BulkAdds(cells, refusals);
        this.confirmations = new Confirmations(pipeline, refusals, maxWaiters);
    }

    /**
     * Starts to describe a cache.
     *
     * @param sink where totals go; the cache does not close it
     */
    public static CounterCacheBuilder builder(CounterSink sink) {
        return new CounterCacheBuilder(sink);
    }

    /**
     * This cache's name in the ledger of its first sink: random, new for each cache; with a journal, that of the
     * journal, which others before it may have had.
     */
    public UUID instanceId() {
        return pipeline.instanceId();
    }

    /** What happens to increments that find no room. */
    public LimitPolicy limitPolicy() {
        return refusals.policy();
    }

    /** Whether it has a journal, and so {@link AckLevel#JOURNAL}. */
    public boolean hasJournal() {
        return journal != null;
    }

    /** Adds 1; see {@link #add(String, long)}. */
    public void increment(String key) {
        add(key, 1);
    }

    /**
     * Adds to a counter.
     *
     * @param delta from -2^60 to 2^60; 0 does nothing
     * @throws RejectedException if the key or the delta is not allowed, a limit is reached, or the cache is
     *     closed; nothing was counted
     */
    public void add(String key, long delta) {
        put(key, delta);
    }

    /** Adds; true if that went to the overflow key. */
    private boolean put(String key, long delta) {
        if (key == null || delta == 0 || !CellStore.isDelta(delta)) {
            refusals.checkUnusual(key, delta);
            return false;
        }
        AddOutcome outcome = cells.add(key, delta, false);
        return outcome != AddOutcome.COUNTED
                && refusals.refused(outcome, key, delta, () -> cells.add(key, delta, false));
    }

    /**
     * Adds to a counter whose key is a range of UTF-8 bytes, such as a request's buffer; the same counter
     * as the equal String's. The bytes are not kept, and must not change during the call.
     *
     * @param delta from -2^60 to 2^60; 0 does nothing
     * @throws IndexOutOfBoundsException if the range is not within the array
     * @throws RejectedException as in {@link #add(String, long)}
     */
    public void add(byte[] utf8, int offset, int length, long delta) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        put(utf8, offset, length, delta);
    }

    /** Adds; true if that went to the overflow key. */
    private boolean put(byte[] utf8, int offset, int length, long delta) {
        if (delta == 0 || !CellStore.isDelta(delta)) {
            refusals.checkUnusual(utf8, offset, length, delta);
            return false;
        }
        AddOutcome outcome = cells.add(utf8, offset, length, delta, false);
        return outcome != AddOutcome.COUNTED && refused(outcome, utf8, offset, length, delta);
    }

    private boolean refused(AddOutcome outcome, byte[] utf8, int offset, int length, long delta) {
        if (outcome == AddOutcome.INVALID_KEY) {
            refusals.checkUnusual(utf8, offset, length, delta);
        }
        String key = new String(utf8, offset, length, StandardCharsets.UTF_8);
        return refusals.refused(outcome, key, delta, () -> cells.add(utf8, offset, length, delta, false));
    }

    /**
     * Adds to several counters: all of them, or none if this throws a {@link RejectedException}.
     *
     * @param deltas as for {@link #add(String, long)}
     * @throws RejectedException naming the first entry that is not allowed, or the limit that the whole
     *     would exceed; nothing was counted
     */
    public void addAll(Map<String, Long> deltas) {
        bulks.addAll(deltas);
    }

    /**
     * Adds a list of increments: all of them, or none if this throws a {@link RejectedException}. A key can be
     * in the list several times. Neither the list nor its array is kept; they must not change meanwhile.
     *
     * @param list as for {@link #add(byte[], int, int, long)}
     * @throws RejectedException telling by its {@link RejectedException#index} the first increment that is not
     *     allowed, or the limit that the whole would exceed; nothing was counted
     */
    public void addAll(Increments list) {
        bulks.addAll(list);
    }

    /**
     * Adds to a counter and tells when the increment is in every required sink, which is after the next
     * flush: at the interval, unless somebody asks for one sooner. Code that depends on the stage runs on
     * the callback executor, or, if it is confirmed already, on the thread that attaches the code.
     *
     * @param delta from -2^60 to 2^60; 0 does nothing, and is confirmed with the next flush
     * @return completes normally, or with a {@link QuarantinedException} if the sink set the key's delta
     *     aside, or with another {@link UnconfirmedException} if the cache stopped before
     * @throws RejectedException as in {@link #add(String, long)}, or if too many calls wait already; nothing
     *     was counted
     */
    public CompletionStage<Void> addAsync(String key, long delta) {
        return addAsync(key, delta, AckLevel.SINK);
    }

    /**
     * Adds to a counter and tells when the increment has reached a level. At {@link AckLevel#JOURNAL} that is after the
     * next commit, a few milliseconds away; the stage then knows nothing of quarantine.
     *
     * @param delta from -2^60 to 2^60; 0 does nothing, and is confirmed like any other
     * @return as {@link #addAsync(String, long)} does; completed already for {@link AckLevel#MEMORY}
     * @throws RejectedException as in {@link #addAsync(String, long)}, or if the level is JOURNAL and nothing gets into
     *     the journal at the moment; nothing was counted
     * @throws IllegalStateException if the level is JOURNAL and this cache has none
     */
    public CompletionStage<Void> addAsync(String key, long delta, AckLevel level) {
        return confirmations.confirm(level, 1, () -> keyOf(key, put(key, delta)));
    }

    /**
     * As {@link #addAsync(String, long)}, for a key that is a range of UTF-8 bytes, which are not kept and must not
     * change during the call.
     *
     * @throws IndexOutOfBoundsException if the range is not within the array
     */
    public CompletionStage<Void> addAsync(byte[] utf8, int offset, int length, long delta) {
        return addAsync(utf8, offset, length, delta, AckLevel.SINK);
    }

    /**
     * As {@link #addAsync(String, long, AckLevel)}, for a key that is a range of UTF-8 bytes, which are not kept and must not
     * change during the call.
     *
     * @throws IndexOutOfBoundsException if the range is not within the array
     */
    public CompletionStage<Void> addAsync(byte[] utf8, int offset, int length, long delta, AckLevel level) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        return confirmations.confirm(level, 1, () -> {
            // Made first: when it has been counted, nothing may fail.
            String key = new String(utf8, offset, length, StandardCharsets.UTF_8);
            return keyOf(key, put(utf8, offset, length, delta));
        });
    }

    private Confirmations.Keys keyOf(String key, boolean overflowed) {
        String counted = overflowed ? Objects.requireNonNull(refusals.overflowKey()) : key;
        return record -> pipeline.isQuarantined(counted, record) ? counted : null;
    }

    /**
     * As {@link #addAll(Increments)}, and tells when all of it is in every required sink, as
     * {@link #addAsync(String, long)} does for one. As many increments as it has are among those that wait; a list
     * that is longer than {@code maxWaiters} needs that there are no others.
     *
     * @return completes normally, or with a {@link QuarantinedException} for the first key of which the sink set
     *     the delta aside, or with another {@link UnconfirmedException} if the cache stopped before
     * @throws RejectedException as in {@link #addAll(Increments)}, or if too many increments wait already; nothing
     *     was counted
     */
    public CompletionStage<Void> addAllAsync(Increments list) {
        return addAllAsync(list, AckLevel.SINK);
    }

    /**
     * As {@link #addAllAsync(Increments)}, for any level, as {@link #addAsync(String, long, AckLevel)} does for one.
     *
     * @throws RejectedException as in {@link #addAllAsync(Increments)}, or if the level is JOURNAL and nothing gets into
     *     the journal at the moment; nothing was counted
     * @throws IllegalStateException if the level is JOURNAL and this cache has none
     */
    public CompletionStage<Void> addAllAsync(Increments list, AckLevel level) {
        return confirmations.confirm(level, list.size(), () -> {
            BulkAdds.Checked checked = bulks.check(list);
            ListedKeys keys = new ListedKeys(pipeline, list);
            String overflowKey = bulks.addAll(checked) ? refusals.overflowKey() : null;
            return record -> keys.quarantinedAfter(record, overflowKey);
        });
    }

    /**
     * Opens a handle for a key that is counted often.
     *
     * @throws RejectedException if the key is not allowed, {@code maxKeys} keys are in use (whatever the limit
     *     policy), or the cache is closed
     */
    public Counter counter(String key) {
        refusals.checkUnusual(key, 0);
        HandleCell cell = cells.openHandle(key);
        if (cell == null) {
            throw isRunning() ? refusals.keyLimited(key) : refusals.stopped();
        }
        return new Counter(this, cell);
    }

    AddOutcome add(HandleCell cell, long delta) {
        refusals.checkDelta(delta);
        return cells.add(cell, delta, false);
    }

    void refuseHandle(HandleCell cell, AddOutcome outcome, long delta) {
        if (outcome == AddOutcome.CLOSED && isRunning()) {
            throw refusals.rejected(
                    RejectedException.Reason.CLOSED,
                    "the handle of key " + Refusals.quoted(cell.key()) + " was closed");
        }
        refusals.refused(outcome, cell.key(), delta, () -> cells.add(cell, delta, false));
    }

    void closeHandle(HandleCell cell) {
        cells.closeHandle(cell);
    }

    /**
     * Waits until every increment whose call returned before this one is in every required sink: in its
     * totals, or, for a key that the sink refuses, in its quarantine.
     *
     * @param timeout how long to wait; more than zero
     * @throws UnconfirmedException if time ran out, or the cache stopped before; what is pending is still
     *     being written while the cache runs
     * @throws InterruptedException if interrupted; nothing is lost by that either
     */
    public void flush(Duration timeout) throws InterruptedException {
        long nanos = timeoutNanos(timeout);
        DrainStage stage = pipeline.nextStage();
        pipeline.requestDrain();
        try {
            stage.confirmed().await(nanos);
        } catch (TimeoutException e) {
            throw new UnconfirmedException(
                    "not everything was in the sink after " + timeout + "; writing goes on. " + refusals.lastError(),
                    e);
        } catch (PipelineStoppedException e) {
            throw Confirmations.unconfirmed(e);
        }
    }

    /**
     * Waits until every increment whose call returned before this one is in the journal, forced to disk.
     *
     * @param timeout how long to wait; more than zero
     * @throws UnconfirmedException if time ran out, or the cache stopped before
     * @throws InterruptedException if interrupted; nothing is lost by that either
     * @throws IllegalStateException if this cache has no journal
     */
    public void commit(Duration timeout) throws InterruptedException {
        long nanos = timeoutNanos(timeout);
        if (!pipeline.isJournaled()) {
            throw new IllegalStateException("this cache has no journal; CounterCacheBuilder.journal gives it one");
        }
        DrainStage stage = pipeline.nextStage();
        pipeline.requestCommit();
        try {
            stage.journaled().await(nanos);
        } catch (TimeoutException e) {
            String problem = pipeline.journalProblem();
            throw new UnconfirmedException(
                    "not everything was in the journal after " + timeout + "; writing goes on"
                            + (problem == null ? "" : ": " + problem),
                    e);
        } catch (PipelineStoppedException e) {
            throw Confirmations.unconfirmed(e);
        }
    }

    /**
     * Takes no more increments, writes everything that was counted, and ends the threads. A call after
     * the first returns that one's report, and waits for it if need be.
     *
     * @param timeout how long the sinks may take; zero leaves everything pending
     * @return what was saved and what was not; nothing is thrown for what was not
     * @throws InterruptedException if interrupted; the cache is closed even then, after two seconds at most, and
     *     another call has the report
     * @throws UnconfirmedException if an earlier call has not ended in time
     */
    public CloseReport close(Duration timeout) throws InterruptedException {
        long nanos = nanos(timeout);
        CompletableFuture<CloseReport> mine = new CompletableFuture<>();
        CompletableFuture<CloseReport> first = closing.compareAndExchange(null, mine);
        if (first != null) {
            return reportOf(first, timeout, nanos);
        }
        try {
            closeThreads(nanos);
        } finally {
            Pipeline.Remains remains = pipeline.remains();
            mine.complete(new CloseReport(
                    stats(remains.snapshot()),
                    remains.unsaved(),
                    remains.unknown(),
                    remains.complete(),
                    remains.journaled()));
            events.close();
        }
        return mine.join();
    }

    private void closeThreads(long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        boolean interrupted = true;
        try {
            if (adopter != null) {
                adopter.requestClose();
            }
            pipeline.close(nanos);
            interrupted = false;
        } finally {
            try {
                if (adopter != null) {
                    adopter.close(interrupted ? 0 : Math.max(0, deadline - System.nanoTime()));
                }
            } finally {
                if (journal != null) {
                    journal.closeThread();
                }
            }
        }
    }

    private static CloseReport reportOf(CompletableFuture<CloseReport> first, Duration timeout, long nanos)
            throws InterruptedException {
        try {
            return first.get(nanos, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the first close did not end normally", e.getCause());
        } catch (TimeoutException e) {
            throw new UnconfirmedException("another thread's close has not ended after " + timeout, e);
        }
    }

    /**
     * Closes with 30 seconds for the sinks.
     *
     * @throws UnconfirmedException if not everything was saved; {@link #close(Duration)} tells what
     */
    @Override
    public void close() {
        CloseReport report;
        try {
            report = close(CLOSE_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnconfirmedException("interrupted while closing; what was pending may not be saved", e);
        }
        if (!report.isComplete()) {
            throw new UnconfirmedException(
                    "closed, but not everything is known to be saved: deltas of "
                            + report.unsaved().size() + " keys are not, of "
                            + report.unknown().size()
                            + " keys it is unknown. " + refusals.lastError(),
                    null);
        }
    }

    /**
     * What this cache accepted for a key and a read of the totals does not have yet: added to the total as of a
     * moment when the sink's ledger had this cache at {@code afterRecord}, it makes what was stored then by all
     * instances, plus every increment of this cache that is not in it. Total and ledger must come from one
     * snapshot; then nothing on its way between the two shows twice, or not at all.
     *
     * <p>Every increment whose call returned before this one is in it (or in the total), each once; one under
     * way may be. What went to an overflow key is found under that one. What a sink set aside is in neither.
     *
     * <p>For reads, not for hot paths: it waits for a drain under way, for 2 seconds at most, and searches all
     * records after {@code afterRecord}. It works after closing, too. Additions pay nothing for it.
     *
     * @param key what is not allowed as a key has nothing pending
     * @param afterRecord the last record that the sink has of {@link CounterStats.Sink#instanceId}, 0 if none
     * @return empty if it cannot be told. Records after {@code afterRecord} are not kept any more: read the total
     *     again, and ask with the record that is found then. Or a drain took too long or failed, or the ledger
     *     is ahead of this cache, which is about to stop as forked: the total alone is what there is to show
     * @throws IllegalArgumentException if {@code afterRecord} is negative
     */
    public OptionalLong pending(String key, long afterRecord) {
        if (afterRecord < 0) {
            throw new IllegalArgumentException("record " + afterRecord + "; the first is 1, and 0 stands for none");
        }
        return refusals.isAllowed(key) ? pipeline.pending(key, afterRecord) : OptionalLong.of(0);
    }

    /** What became of everything so far; cheap enough to ask every second. Works after closing, too. */
    public CounterStats stats() {
        return stats(pipeline.snapshot());
    }

    private CounterStats stats(Pipeline.Snapshot p) {
        return new CounterStats(
                instanceId(),
                stateOf(p.state()),
                p.whyStopped(),
                p.accepted(),
                p.persisted(),
                p.quarantined(),
                p.lost(),
                p.pending(),
                p.pendingKeys(),
                p.pendingBytes(),
                p.pendingBytesMax(),
                p.retainedBytes(),
                p.lastRecord(),
                p.appliedRecord(),
                Duration.ofNanos(p.oldestNanos()),
                p.drains(),
                cells.keysInUse(),
                cells.keysMax(),
                cells.crowdedTables(),
                confirmations.waiters(),
                refusals.overflowed(),
                refusals.counts(),
                events.leftOut(),
                journal == null ? null : journalStats(journal),
                p.sinks().stream()
                        .map(sink -> new CounterStats.Sink(
                                sink.sink().name(),
                                sink.instanceId(),
                                sink.required(),
                                stateOf(sink.state()),
                                sink.quarantined(),
                                events.quarantinedEntries(sink.sink()),
                                sink.lost(),
                                sink.gaps(),
                                sink.failing(),
                                sink.appliedRecord(),
                                sink.batches(),
                                sink.retries(),
                                sink.rewinds(),
                                sink.replayedRecords(),
                                EventLog.brief(sink.lastError())))
                        .toList());
    }

    private CounterStats.Journal journalStats(OpenJournal open) {
        JournalStats s = Objects.requireNonNull(pipeline.journalStats());
        Adopter others = Objects.requireNonNull(adopter);
        return new CounterStats.Journal(
                open.own().directory(),
                s.bytes(),
                open.own().bytesMax(),
                s.segments(),
                s.forces(),
                Duration.ofNanos(s.lastForceNanos()),
                Duration.ofNanos(s.maxForceNanos()),
                s.poisonedSegments(),
                pipeline.journalProblem(),
                others.adopted(),
                others.adopting(),
                others.unadoptable(),
                others.forked());
    }

    static CounterStats.State stateOf(PipelineState state) {
        return switch (state) {
            case RUNNING -> CounterStats.State.RUNNING;
            case CLOSED -> CounterStats.State.CLOSED;
            case FENCED -> CounterStats.State.FENCED;
            case FORKED -> CounterStats.State.FORKED;
            case FAILED -> CounterStats.State.FAILED;
        };
    }

    private boolean isRunning() {
        return closing.get() == null && pipeline.state() == PipelineState.RUNNING;
    }

    private static long timeoutNanos(Duration timeout) {
        long nanos = nanos(timeout);
        if (nanos == 0) {
            throw new IllegalArgumentException("the timeout is " + timeout + "; more than zero is needed");
        }
        return nanos;
    }

    private static long nanos(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("the timeout is " + timeout + "; it cannot be negative");
        }
        return timeout.compareTo(Duration.ofDays(365)) > 0
                ? Duration.ofDays(365).toNanos()
                : timeout.toNanos();
    }
}
