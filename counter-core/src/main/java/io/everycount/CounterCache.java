// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.cell.HandleCell;
import io.everycount.cell.KeyRules;
import io.everycount.flush.DrainStage;
import io.everycount.flush.Pipeline;
import io.everycount.flush.PipelineState;
import io.everycount.flush.PipelineStoppedException;
import io.everycount.sink.CounterSink;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
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
 * the process until then. {@link #flush}, {@link #addAsync} and {@link #close(Duration)} tell when it is
 * there. Every exception says which of two things happened: after a {@link RejectedException} nothing of
 * the call was counted; after an {@link UnconfirmedException} it was, and must not be added again.
 *
 * <p>Keys are text of 1 to {@code maxKeyBytes} bytes of UTF-8 without NUL; deltas go from -2^60 to 2^60.
 *
 * <p>Thread-safe; adding never blocks (unless {@link LimitPolicy#block} says so) and does not allocate for
 * a key that is in use.
 */
public final class CounterCache implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);
    private static final long BLOCKED_NAP_NANOS = 1_000_000;

    private final CellStore cells;
    private final Pipeline pipeline;
    private final Events events;
    private final int maxKeyBytes;
    private final int maxWaiters;
    private final LimitPolicy policy;
    private final @Nullable HandleCell overflow;
    private final LongAdder overflowed = new LongAdder();
    private final Rejections rejections;
    private final AtomicInteger waiters = new AtomicInteger();
    private final AtomicReference<@Nullable CompletableFuture<CloseReport>> closing = new AtomicReference<>();

    CounterCache(
            CellStore cells,
            Pipeline pipeline,
            Events events,
            Rejections rejections,
            int maxKeyBytes,
            int maxWaiters,
            LimitPolicy policy) {
        this.cells = cells;
        this.pipeline = pipeline;
        this.events = events;
        this.rejections = rejections;
        this.maxKeyBytes = maxKeyBytes;
        this.maxWaiters = maxWaiters;
        this.policy = policy;
        this.overflow = policy.overflowKey() == null ? null : cells.openHandle(policy.overflowKey());
    }

    /**
     * Starts to describe a cache.
     *
     * @param sink where totals go; the cache does not close it
     */
    public static CounterCacheBuilder builder(CounterSink sink) {
        return new CounterCacheBuilder(sink);
    }

    /** This cache's name in the ledger of its first sink: random, new for each cache. */
    public UUID instanceId() {
        return pipeline.instanceId();
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
        if (key == null || delta == 0 || !CellStore.isDelta(delta)) {
            checkUnusual(key, delta);
            return;
        }
        AddOutcome outcome = cells.add(key, delta, false);
        if (outcome != AddOutcome.COUNTED) {
            refused(outcome, key, delta, () -> cells.add(key, delta, false));
        }
    }

    /**
     * Adds to a counter whose key is a range of UTF-8 bytes, such as a request's buffer; the same counter
     * as the equal String's. The bytes are not kept.
     *
     * @param delta from -2^60 to 2^60; 0 does nothing
     * @throws IndexOutOfBoundsException if the range is not within the array
     * @throws RejectedException as in {@link #add(String, long)}
     */
    public void add(byte[] utf8, int offset, int length, long delta) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        if (delta == 0 || !CellStore.isDelta(delta)) {
            String problem = KeyRules.problem(utf8, offset, length, maxKeyBytes);
            if (problem != null) {
                throw rejected(RejectedException.Reason.INVALID_KEY, problem);
            }
            checkDelta(delta);
            return;
        }
        AddOutcome outcome = cells.add(utf8, offset, length, delta, false);
        if (outcome == AddOutcome.INVALID_KEY) {
            throw rejected(
                    RejectedException.Reason.INVALID_KEY,
                    String.valueOf(KeyRules.problem(utf8, offset, length, maxKeyBytes)));
        }
        if (outcome != AddOutcome.COUNTED) {
            String key = new String(utf8, offset, length, StandardCharsets.UTF_8);
            refused(outcome, key, delta, () -> cells.add(utf8, offset, length, delta, false));
        }
    }

    /**
     * Adds to several counters: all of them, or none if this throws a {@link RejectedException}.
     *
     * @param deltas as for {@link #add(String, long)}
     * @throws RejectedException naming the first entry that is not allowed, or the limit that the whole
     *     would exceed; nothing was counted
     */
    public void addAll(Map<String, Long> deltas) {
        List<String> keyList = new ArrayList<>(deltas.size());
        List<Long> deltaList = new ArrayList<>(deltas.size());
        int large = 0;
        for (Map.Entry<String, Long> entry : deltas.entrySet()) {
            String key = entry.getKey();
            Long delta = entry.getValue();
            if (delta == null) {
                throw rejected(RejectedException.Reason.INVALID_DELTA, "the delta of key " + quoted(key) + " is null");
            }
            checkUnusual(key, delta);
            if (delta != 0) {
                keyList.add(key);
                deltaList.add(delta);
                large += CellStore.isLarge(delta) ? 1 : 0;
            }
        }
        String[] used = keyList.toArray(new String[0]);
        long[] amounts = deltaList.stream().mapToLong(Long::longValue).toArray();
        int largeDeltas = large;
        AddOutcome outcome = addBulk(used, amounts, largeDeltas);
        if (outcome == AddOutcome.KEY_LIMIT && overflow != null) {
            outcome = addBulkOverflowing(used, amounts, largeDeltas);
        }
        if (outcome != AddOutcome.COUNTED) {
            refused(outcome, used.length + " keys", 0, () -> addBulk(used, amounts, largeDeltas));
        }
    }

    private AddOutcome addBulk(String[] keys, long[] deltas, int largeDeltas) {
        CellStore.Bulk bulk = cells.startBulk(keys, largeDeltas);
        if (bulk.outcome() == AddOutcome.COUNTED) {
            try {
                for (int i = 0; i < keys.length; i++) {
                    counted(cells.add(keys[i], deltas[i], true));
                }
            } finally {
                cells.endBulk(bulk);
            }
        }
        return bulk.outcome();
    }

    /** The bulk for which there is not enough room: keys that find none go to the overflow key. */
    private AddOutcome addBulkOverflowing(String[] keys, long[] deltas, int largeDeltas) {
        HandleCell overflowCell = Objects.requireNonNull(overflow);
        CellStore.Bulk bulk = cells.startBulk(new String[0], largeDeltas);
        if (bulk.outcome() == AddOutcome.COUNTED) {
            try {
                for (int i = 0; i < keys.length; i++) {
                    if (CellStore.isLarge(deltas[i])) {
                        counted(cells.add(keys[i], deltas[i], true));
                    } else if (cells.add(keys[i], deltas[i], false) == AddOutcome.KEY_LIMIT) {
                        counted(cells.add(overflowCell, deltas[i], true));
                        overflowed.increment();
                    }
                }
            } finally {
                cells.endBulk(bulk);
            }
        }
        return bulk.outcome();
    }

    private static void counted(AddOutcome outcome) {
        if (outcome != AddOutcome.COUNTED) {
            throw new IllegalStateException("an addition that had its room was not counted: " + outcome);
        }
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
        if (waiters.incrementAndGet() > maxWaiters) {
            waiters.decrementAndGet();
            throw rejected(
                    RejectedException.Reason.WAITER_LIMIT,
                    maxWaiters + " calls wait for their acknowledgement already (maxWaiters)");
        }
        long recordBefore = pipeline.lastRecord();
        try {
            add(key, delta);
        } catch (Throwable t) {
            waiters.decrementAndGet();
            throw t;
        }
        // Read after adding: so the stage's drain starts after it, too.
        return pipeline.nextStage().announced().handle((nothing, error) -> {
            waiters.decrementAndGet();
            if (error != null) {
                throw unconfirmed(
                        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
            }
            if (pipeline.isQuarantined(key, recordBefore)) {
                throw new QuarantinedException(key);
            }
            return null;
        });
    }

    /**
     * Opens a handle for a key that is counted often.
     *
     * @throws RejectedException if the key is not allowed, {@code maxKeys} keys are in use (whatever the limit
     *     policy), or the cache is closed
     */
    public Counter counter(String key) {
        checkUnusual(key, 0);
        HandleCell cell = cells.openHandle(key);
        if (cell == null) {
            throw isRunning() ? rejected(RejectedException.Reason.KEY_LIMIT, keyLimit(key)) : stopped();
        }
        return new Counter(this, cell);
    }

    AddOutcome add(HandleCell cell, long delta) {
        checkDelta(delta);
        return cells.add(cell, delta, false);
    }

    void refuseHandle(HandleCell cell, AddOutcome outcome, long delta) {
        if (outcome == AddOutcome.CLOSED && isRunning()) {
            throw rejected(RejectedException.Reason.CLOSED, "the handle of key " + quoted(cell.key()) + " was closed");
        }
        refused(outcome, cell.key(), delta, () -> cells.add(cell, delta, false));
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
        long nanos = nanos(timeout);
        if (nanos == 0) {
            throw new IllegalArgumentException("the timeout is " + timeout + "; more than zero is needed");
        }
        DrainStage stage = pipeline.nextStage();
        pipeline.requestDrain();
        try {
            stage.await(nanos);
        } catch (TimeoutException e) {
            throw new UnconfirmedException(
                    "not everything was in the sink after " + timeout + "; writing goes on. " + lastError(), e);
        } catch (PipelineStoppedException e) {
            throw unconfirmed(e);
        }
    }

    /**
     * Takes no more increments, writes everything that was counted, and ends the threads. A call after
     * the first returns that one's report, and waits for it if need be.
     *
     * @param timeout how long the sinks may take; zero leaves everything pending
     * @return what was saved and what was not; nothing is thrown for what was not
     * @throws InterruptedException if interrupted; the cache is closed even then, and another call has the
     *     report
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
            pipeline.close(nanos);
        } finally {
            Pipeline.Remains remains = pipeline.remains();
            mine.complete(new CloseReport(
                    stats(remains.snapshot()), remains.unsaved(), remains.unknown(), remains.complete()));
            events.close();
        }
        return mine.join();
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
                            + " keys it is unknown. " + lastError(),
                    null);
        }
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
                p.pendingBytes(),
                p.retainedBytes(),
                p.lastRecord(),
                p.appliedRecord(),
                Duration.ofNanos(p.oldestNanos()),
                p.drains(),
                cells.keysInUse(),
                cells.crowdedTables(),
                waiters.get(),
                overflowed.sum(),
                rejections.counts(),
                events.leftOut(),
                p.sinks().stream()
                        .map(sink -> new CounterStats.Sink(
                                sink.sink().name(),
                                sink.instanceId(),
                                sink.required(),
                                stateOf(sink.state()),
                                sink.quarantined(),
                                sink.lost(),
                                sink.failing(),
                                sink.appliedRecord(),
                                sink.batches(),
                                sink.retries(),
                                sink.rewinds(),
                                sink.lastError() == null ? null : String.valueOf(sink.lastError())))
                        .toList());
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

    private String lastError() {
        return pipeline.snapshot().sinks().stream()
                .filter(sink -> sink.lastError() != null)
                .map(sink -> "Last error of " + sink.sink().name() + ": " + sink.lastError())
                .findFirst()
                .orElse("No sink has failed; it is slow, or time was short.");
    }

    private UnconfirmedException unconfirmed(Throwable cause) {
        return new UnconfirmedException(
                "counted, but not confirmed: " + (cause.getMessage() == null ? cause : cause.getMessage()), cause);
    }

    /** Acts on an addition that was not counted, as the limit policy says; returns only if it was counted after all. */
    private void refused(AddOutcome outcome, String key, long delta, Supplier<AddOutcome> again) {
        AddOutcome last = outcome;
        if (isLimit(last) && !policy.blockTimeout().isZero()) {
            last = waitForRoom(again);
        }
        if (last == AddOutcome.KEY_LIMIT && overflow != null && delta != 0) {
            last = cells.add(overflow, delta, false);
            if (last == AddOutcome.COUNTED) {
                overflowed.increment();
            }
        }
        switch (last) {
            case COUNTED -> {}
            case CLOSED -> throw stopped();
            case KEY_LIMIT -> throw rejected(RejectedException.Reason.KEY_LIMIT, keyLimit(key));
            case LARGE_LIMIT ->
                throw rejected(
                        RejectedException.Reason.LARGE_DELTA_LIMIT,
                        "too many deltas beyond 2^40 wait for the next drain; flush, or try again later");
            case INVALID_KEY -> {
                String problem = KeyRules.problem(key, maxKeyBytes);
                throw rejected(RejectedException.Reason.INVALID_KEY, String.valueOf(problem));
            }
        }
    }

    private static boolean isLimit(AddOutcome outcome) {
        return outcome == AddOutcome.KEY_LIMIT || outcome == AddOutcome.LARGE_LIMIT;
    }

    private AddOutcome waitForRoom(Supplier<AddOutcome> again) {
        long deadline = System.nanoTime() + policy.blockTimeout().toNanos();
        AddOutcome outcome;
        do {
            // A drain is what makes room; a short nap instead of a queue keeps writers and drainer apart.
            pipeline.requestRoom();
            LockSupport.parkNanos(this, BLOCKED_NAP_NANOS);
            outcome = again.get();
        } while (isLimit(outcome)
                && deadline - System.nanoTime() > 0
                && !Thread.currentThread().isInterrupted());
        return outcome;
    }

    private String keyLimit(String key) {
        return "no room for " + quoted(key) + ": as many keys are in use as maxKeys allows (policy: " + policy
                + "). Room comes with the next flush; if it does not, look at the sink. " + lastError();
    }

    private RejectedException stopped() {
        PipelineState state = pipeline.state();
        return switch (state) {
            case RUNNING, CLOSED -> rejected(RejectedException.Reason.CLOSED, "the cache was closed");
            case FENCED -> rejected(RejectedException.Reason.FENCED, String.valueOf(pipeline.whyStopped()));
            case FORKED -> rejected(RejectedException.Reason.FORKED, String.valueOf(pipeline.whyStopped()));
            case FAILED -> rejected(RejectedException.Reason.FAILED, String.valueOf(pipeline.whyStopped()));
        };
    }

    /** What the usual path does not look at: null, and deltas that are 0 or out of range. */
    private void checkUnusual(@Nullable String key, long delta) {
        String problem = key == null ? "the key is null" : KeyRules.problem(key, maxKeyBytes);
        if (problem != null) {
            throw rejected(RejectedException.Reason.INVALID_KEY, problem);
        }
        checkDelta(delta);
    }

    private void checkDelta(long delta) {
        if (!CellStore.isDelta(delta)) {
            throw rejected(
                    RejectedException.Reason.INVALID_DELTA,
                    "the delta is " + delta + "; from -2^60 to 2^60 (" + CellStore.DELTA_MAX + ") is allowed");
        }
    }

    private RejectedException rejected(RejectedException.Reason reason, String message) {
        rejections.count(reason);
        return new RejectedException(reason, message + "; nothing was counted", null);
    }

    /** Keys come from outside: none of their control characters may reach a log. */
    private static String quoted(String key) {
        StringBuilder out = new StringBuilder("\"");
        key.codePoints().limit(64).forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return out.append('"').toString();
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
