// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.HandleCell;

/**
 * A bound handle: one key's own cell, found once. For the few keys that a program counts all the time.
 *
 * <p>All handles of a key share a cell; it takes one of the cache's {@code maxKeys} places until the
 * last of them is closed. Increments by handle, by key and by bytes add up in the sink. Thread-safe.
 */
public final class Counter implements AutoCloseable {
    private final CounterCache cache;
    private final HandleCell cell;
    private volatile boolean closed;

    Counter(CounterCache cache, HandleCell cell) {
        this.cache = cache;
        this.cell = cell;
    }

    /** The counter's key. */
    public String key() {
        return cell.key();
    }

    /** Adds 1; see {@link #add}. */
    public void increment() {
        add(1);
    }

    /**
     * Adds to the counter.
     *
     * @param delta from -2^60 to 2^60; 0 does nothing
     * @throws RejectedException if this handle or the cache was closed, or the delta is out of range, or too
     *     many large ones wait; nothing was counted
     */
    public void add(long delta) {
        if (closed || !cell.tryAdd(delta)) {
            addSlowly(delta);
        }
    }

    private void addSlowly(long delta) {
        AddOutcome outcome = closed ? AddOutcome.CLOSED : cache.add(cell, delta);
        if (outcome != AddOutcome.COUNTED) {
            cache.refuseHandle(cell, outcome, delta);
        }
    }

    /** Closes this handle; what it counted is flushed like anything else. Does nothing the second time. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        cache.closeHandle(cell);
    }

    @Override
    public String toString() {
        return "counter " + cell.key();
    }
}
