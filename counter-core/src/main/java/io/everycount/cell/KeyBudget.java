// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * Bounds the distinct keys in use. Counts are sums over tables, so that no writer shares a counter
 * with another one for keys that are already there.
 */
final class KeyBudget {
    private final long keysMax;
    private final Runnable onPressure;
    private final AtomicLong reserved = new AtomicLong();
    private final AtomicLong handles = new AtomicLong();
    private volatile List<LongSupplier> tables = List.of();
    private volatile boolean pressure;
    private volatile boolean limitHit;

    /**
     * @param onPressure run once between two drains when three quarters of the keys that handles leave are
     *     in use, or a key was turned away
     */
    KeyBudget(long keysMax, Runnable onPressure) {
        this.keysMax = keysMax;
        this.onPressure = onPressure;
    }

    long keysMax() {
        return keysMax;
    }

    /** Called while the store is built. */
    void countAlso(LongSupplier keysInTables) {
        tables = Stream.concat(tables.stream(), Stream.of(keysInTables)).toList();
    }

    /** Whether the keys in use, the caller's newly claimed one among them, are within bounds. */
    boolean allowsOneMore() {
        return allows(keysInUse() + reserved.get());
    }

    /** Counts a handle if that is within bounds. */
    boolean tryOpenHandle() {
        handles.incrementAndGet();
        if (allowsOneMore()) {
            return true;
        }
        handles.decrementAndGet();
        return false;
    }

    void handleClosed() {
        handles.decrementAndGet();
    }

    /** Sets room aside if there is enough of it by far; false says nothing yet. */
    boolean tryReserveQuietly(int keys) {
        long before;
        do {
            before = reserved.get();
            if (isPressing(keysInUse() + before + keys)) {
                return false;
            }
        } while (!reserved.compareAndSet(before, before + keys));
        return true;
    }

    /** Sets keys aside for a bulk addition, all or none. */
    boolean tryReserve(int keys) {
        long before;
        // Not set aside on trial: others would find no room meanwhile.
        do {
            before = reserved.get();
            if (!allows(keysInUse() + before + keys)) {
                return false;
            }
        } while (!reserved.compareAndSet(before, before + keys));
        return true;
    }

    void release(int keys) {
        reserved.addAndGet(-keys);
    }

    private boolean allows(long keys) {
        if (keys > keysMax) {
            limitHit = true;
        }
        if (isPressing(keys) && !pressure) {
            pressure = true;
            onPressure.run();
        }
        return keys <= keysMax;
    }

    /** Only keys in tables can make room; so handles, however many, do not press. */
    private boolean isPressing(long keys) {
        long open = handles.get();
        return keys > keysMax || keys - open >= Math.max(1, keysMax - open) * 3 / 4 + 1;
    }

    long keysInUse() {
        return handles.get() + keysInTables();
    }

    private long keysInTables() {
        long sum = 0;
        for (LongSupplier count : tables) {
            sum += count.getAsLong();
        }
        return sum;
    }

    /** Whether keys in tables should make room for others; starts the next period. For the drainer. */
    boolean takePressure() {
        boolean under = keysInTables() > 0 && (limitHit || isPressing(keysInUse()));
        limitHit = false;
        pressure = false;
        return under;
    }
}
