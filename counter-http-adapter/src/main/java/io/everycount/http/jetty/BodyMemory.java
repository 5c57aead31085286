// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The arrays that bodies are read into. Small ones are used again by the thread that serves; larger ones are
 * made as the bytes come in, never as a client announces them, and what they take together is bounded.
 */
final class BodyMemory {
    /** Bodies up to here are small. */
    static final int SMALL_BYTES = 2 << 10;

    private static final int LARGE_BYTES_MIN = 8 << 10;

    /** One small array a thread, present while nobody uses it. */
    private static final class Slot {
        byte @Nullable [] array;
        boolean isTaken;
    }

    private static final ThreadLocal<Slot> SLOT = ThreadLocal.withInitial(Slot::new);

    private final long bytesMax;
    private final AtomicLong bytesHeld = new AtomicLong();

    BodyMemory(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** An array of {@link #SMALL_BYTES}, which is not counted. */
    byte[] takeSmall() {
        Slot slot = SLOT.get();
        byte[] array = slot.array;
        if (array == null || slot.isTaken) {
            // One that is answered from another thread does not come back: this takes its place.
            array = new byte[SMALL_BYTES];
            slot.array = array;
        }
        slot.isTaken = true;
        return array;
    }

    /** Takes a small array back, if it is this thread's own; others are the collector's. */
    void giveSmall(byte[] array) {
        Slot slot = SLOT.get();
        if (slot.array == array) {
            slot.isTaken = false;
        }
    }

    /**
     * A counted array with at least so many bytes.
     *
     * @param old what it replaces, counted or empty; copied up to {@code used}
     * @param limit the most that will ever be asked for
     * @return null if bodies take too much already, or there is not that much memory; then {@code old} is still counted
     */
    byte @Nullable [] grow(byte[] old, int used, int atLeast, int limit) {
        int length = (int) Math.min(limit, Math.max(LARGE_BYTES_MIN, 2L * atLeast));
        length = Math.max(length, atLeast);
        if (bytesHeld.addAndGet(length - old.length) > bytesMax) {
            bytesHeld.addAndGet(old.length - length);
            return null;
        }
        try {
            return used == 0 ? new byte[length] : Arrays.copyOf(old, length);
        } catch (OutOfMemoryError e) {
            bytesHeld.addAndGet(old.length - length);
            return null;
        }
    }

    /** Takes a counted array back. */
    void giveCounted(byte[] array) {
        bytesHeld.addAndGet(-array.length);
    }

    /** What counted arrays take. */
    long bytesHeld() {
        return bytesHeld.get();
    }
}
