// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Additions too large for a cell, which counts in a range that rare late writers must not leave: a
 * bounded stack (Treiber, 1986) that the drainer takes as a whole.
 */
final class QueuedAdds {
    private static final Node CLOSED = new Node("", 0, 0, null);

    private record Node(
            Object key, long delta, int depth, @Nullable Node next) {}

    private final AtomicReference<@Nullable Node> top = new AtomicReference<>();
    private final int depthMax;
    private final Runnable onPressure;

    /** The drainer's: taken, and not all collected yet. */
    private @Nullable Node taken;

    /**
     * @param onPressure run by a writer when it is half full; must return at once
     */
    QueuedAdds(int depthMax, Runnable onPressure) {
        this.depthMax = depthMax;
        this.onPressure = onPressure;
    }

    /**
     * @param key a String or a {@code byte[]}, valid and never changed again
     * @param reserved whether the bound has been seen to already
     */
    AddOutcome add(Object key, long delta, boolean reserved) {
        while (true) {
            Node below = top.get();
            if (below == CLOSED) {
                return AddOutcome.CLOSED;
            }
            int depth = below == null ? 1 : below.depth + 1;
            if (depth > depthMax && !reserved) {
                return AddOutcome.LARGE_LIMIT;
            }
            if (top.compareAndSet(below, new Node(key, delta, depth, below))) {
                if (depth == depthMax / 2) {
                    onPressure.run();
                }
                return AddOutcome.COUNTED;
            }
        }
    }

    boolean hasRoomFor(int adds) {
        Node below = top.get();
        // Bulks can leave it fuller than full.
        return adds == 0 || adds <= depthMax - (below == null ? 0 : below.depth);
    }

    /** The sum of what is queued for a key, given as text and as UTF-8. Takes no lock. */
    long sum(String key, byte[] utf8) {
        long sum = 0;
        for (Node node = top.get(); node != null; node = node.next) {
            boolean same = node.key instanceof byte[] bytes ? Arrays.equals(bytes, utf8) : node.key.equals(key);
            sum += same ? node.delta : 0;
        }
        return sum;
    }

    /** Takes everything. For the drainer; picks up where it failed. */
    void drain(Collector collector, boolean close) {
        collectTaken(collector);
        if (top.get() != CLOSED) {
            taken = top.getAndSet(close ? CLOSED : null);
            collectTaken(collector);
        }
    }

    private void collectTaken(Collector collector) {
        while (taken != null) {
            collector.makeRoom();
            collector.put(taken.key, taken.delta);
            taken = taken.next;
        }
    }
}
