// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.sink.EverycountException;
import java.util.OptionalInt;

/**
 * Nothing of this call was counted. Trying again is safe, and useful if the {@link #reason} is one that
 * passes.
 */
public final class RejectedException extends EverycountException {
    private static final long serialVersionUID = 1L;

    /** Why nothing was counted. */
    public enum Reason {
        /** The key is null, empty, too long, not well-formed, or has a NUL character. */
        INVALID_KEY,
        /** The delta is beyond 2^60 either way. */
        INVALID_DELTA,
        /** The key is not in use, and {@code maxKeys} others are. Passes with the next drain, if the sink works. */
        KEY_LIMIT,
        /** Too many deltas beyond 2^40 wait for a drain. Passes with the next one. */
        LARGE_DELTA_LIMIT,
        /** With this call more than {@code maxWaiters} increments would wait for acknowledgements. */
        WAITER_LIMIT,
        /**
         * The level asked for is {@link AckLevel#JOURNAL}, and nothing gets into the journal at the moment. Passes when its
         * disk works and has room again.
         */
        JOURNAL_UNAVAILABLE,
        /** The cache, or the handle, was closed. */
        CLOSED,
        /** Another process has taken over this instance's ledger entry. */
        FENCED,
        /** The sink's ledger does not agree with this instance's history. */
        FORKED,
        /** A defect or a lack of memory stopped the drainer. */
        FAILED
    }

    private static final int NO_INDEX = -1;

    private final Reason reason;
    private final int index;

    RejectedException(Reason reason, String message) {
        this(reason, message, NO_INDEX);
    }

    /**
     * @param index the position of the increment that it is about
     */
    RejectedException(Reason reason, String message, int index) {
        super(message, null);
        this.reason = reason;
        this.index = index;
    }

    /** Why nothing was counted. */
    public Reason reason() {
        return reason;
    }

    /**
     * Which of a list of {@link Increments} is the first that is not allowed, from 0; empty if there was no
     * list, or the reason lies in none of them alone.
     */
    public OptionalInt index() {
        return index == NO_INDEX ? OptionalInt.empty() : OptionalInt.of(index);
    }
}
