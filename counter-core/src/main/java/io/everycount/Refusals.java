// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.cell.HandleCell;
import io.everycount.cell.KeyRules;
import io.everycount.flush.Pipeline;
import io.everycount.flush.PipelineState;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is not let in, and what the limit policy does before it says so. Every exception that says "nothing
 * was counted" is made here, and is counted. Thread-safe.
 */
final class Refusals {
    private static final long BLOCKED_NAP_NANOS = 1_000_000;

    private final CellStore cells;
    private final Pipeline pipeline;
    private final Rejections rejections;
    private final int maxKeyBytes;
    private final LimitPolicy policy;
    private final @Nullable HandleCell overflow;
    private final LongAdder overflowed = new LongAdder();

    Refusals(CellStore cells, Pipeline pipeline, Rejections rejections, int maxKeyBytes, LimitPolicy policy) {
        this.cells = cells;
        this.pipeline = pipeline;
        this.rejections = rejections;
        this.maxKeyBytes = maxKeyBytes;
        this.policy = policy;
        this.overflow = policy.overflowKey() == null ? null : cells.openHandle(policy.overflowKey());
    }

    /** Whether increments that find no room go to an overflow key. */
    boolean hasOverflow() {
        return overflow != null;
    }

    /** The key for increments that find no room; null if there is none. */
    @Nullable
    String overflowKey() {
        return policy.overflowKey();
    }

    /** Increments counted under the overflow key so far. */
    long overflowed() {
        return overflowed.sum();
    }

    /** Turned away so far, by reason. */
    Map<RejectedException.Reason, Long> counts() {
        return rejections.counts();
    }

    /**
     * Adds to the overflow key, which must be there.
     *
     * @param reserved whether this belongs to a bulk
     */
    AddOutcome addToOverflow(long delta, boolean reserved) {
        HandleCell cell = overflow;
        if (cell == null) {
            throw new IllegalStateException("there is no overflow key");
        }
        AddOutcome outcome = cells.add(cell, delta, reserved);
        if (outcome == AddOutcome.COUNTED) {
            overflowed.increment();
        }
        return outcome;
    }

    /**
     * Acts on an addition that was not counted, as the limit policy says.
     *
     * @param delta 0 if it must not go to the overflow key
     * @param again tries once more
     * @return whether it was counted under the overflow key; false if under its own after all
     * @throws RejectedException if it was not counted
     */
    boolean refused(AddOutcome outcome, String key, long delta, Supplier<AddOutcome> again) {
        AddOutcome last = outcome;
        boolean overflows = false;
        if (isLimit(last) && !policy.blockTimeout().isZero()) {
            last = waitForRoom(again);
        }
        if (last == AddOutcome.KEY_LIMIT && hasOverflow() && delta != 0) {
            last = addToOverflow(delta, false);
            overflows = true;
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
        return overflows;
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

    LimitPolicy policy() {
        return policy;
    }

    /** What the last failure of a sink said, as a sentence. */
    String lastError() {
        return pipeline.snapshot().sinks().stream()
                .filter(sink -> sink.lastError() != null)
                .map(sink -> "Last error of " + sink.sink().name() + ": " + EventLog.brief(sink.lastError()))
                .findFirst()
                .orElse("No sink has failed; it is slow, or time was short.");
    }

    RejectedException keyLimited(String key) {
        return rejected(RejectedException.Reason.KEY_LIMIT, keyLimit(key));
    }

    private String keyLimit(String key) {
        return "no room for " + quoted(key) + ": as many keys are in use as maxKeys allows (policy: " + policy
                + "). Room comes with the next flush; if it does not, look at the sink. " + lastError();
    }

    RejectedException stopped() {
        PipelineState state = pipeline.state();
        return switch (state) {
            case RUNNING, CLOSED -> rejected(RejectedException.Reason.CLOSED, "the cache was closed");
            case FENCED -> rejected(RejectedException.Reason.FENCED, String.valueOf(pipeline.whyStopped()));
            case FORKED -> rejected(RejectedException.Reason.FORKED, String.valueOf(pipeline.whyStopped()));
            case FAILED -> rejected(RejectedException.Reason.FAILED, String.valueOf(pipeline.whyStopped()));
        };
    }

    /** Whether a key is one. */
    boolean isAllowed(String key) {
        return KeyRules.problem(key, maxKeyBytes) == null;
    }

    /** What the usual path does not look at: null, and deltas that are 0 or out of range. */
    void checkUnusual(@Nullable String key, long delta) {
        String problem = key == null ? "the key is null" : KeyRules.problem(key, maxKeyBytes);
        if (problem != null) {
            throw rejected(RejectedException.Reason.INVALID_KEY, problem);
        }
        checkDelta(delta);
    }

    /** As {@link #checkUnusual(String, long)}, for a key given as bytes. */
    void checkUnusual(byte[] utf8, int offset, int length, long delta) {
        String problem = KeyRules.problem(utf8, offset, length, maxKeyBytes);
        if (problem != null) {
            throw rejected(RejectedException.Reason.INVALID_KEY, problem);
        }
        checkDelta(delta);
    }

    void checkDelta(long delta) {
        if (!CellStore.isDelta(delta)) {
            throw rejected(RejectedException.Reason.INVALID_DELTA, deltaProblem(delta));
        }
    }

    private static String deltaProblem(long delta) {
        return "the delta is " + delta + "; from -2^60 to 2^60 (" + CellStore.DELTA_MAX + ") is allowed";
    }

    /** Looks at an increment of a list. */
    void checkListed(Increments list, int index) {
        String problem = KeyRules.problem(list.utf8(), list.offset(index), list.length(index), maxKeyBytes);
        if (problem != null) {
            throw rejected(RejectedException.Reason.INVALID_KEY, problem, index);
        }
        if (!CellStore.isDelta(list.delta(index))) {
            throw rejected(RejectedException.Reason.INVALID_DELTA, deltaProblem(list.delta(index)), index);
        }
    }

    private RejectedException rejected(RejectedException.Reason reason, String message, int index) {
        rejections.count(reason);
        return new RejectedException(
                reason, "increment " + index + " (counting from 0): " + message + "; nothing was counted", index);
    }

    RejectedException rejected(RejectedException.Reason reason, String message) {
        rejections.count(reason);
        return new RejectedException(reason, message + "; nothing was counted");
    }

    /** Keys come from outside: none of their control characters may reach a log. */
    static String quoted(String key) {
        StringBuilder out = new StringBuilder("\"");
        key.codePoints().limit(64).forEach(c -> out.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return out.append('"').toString();
    }
}
