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
    private final long pressureAt;
    private final Runnable onPressure;
    private final AtomicLong reserved = new AtomicLong();
    private volatile List<LongSupplier> counts = List.of();
    private volatile boolean pressure;
    private volatile boolean limitHit;

    /**
     * @param onPressure run once between two drains when {@code pressureAt} keys are in use, or a key was
     *     turned away
     */
    KeyBudget(long keysMax, long pressureAt, Runnable onPressure) {
        this.keysMax = keysMax;
        this.pressureAt = Math.min(pressureAt, keysMax);
        this.onPressure = onPressure;
    }

    /** Called while the store is built. */
    void countAlso(LongSupplier count) {
        counts = Stream.concat(counts.stream(), Stream.of(count)).toList();
    }

    /** Whether the keys in use, the caller's newly claimed one among them, are within bounds. */
    boolean allowsOneMore() {
        return allows(keysInUse() + reserved.get());
    }

    /** Sets room aside if there is enough of it by far; false says nothing yet. */
    boolean tryReserveQuietly(int keys) {
        if (keysInUse() + reserved.addAndGet(keys) < pressureAt) {
            return true;
        }
        release(keys);
        return false;
    }

    /** Sets keys aside for a bulk addition, all or none. */
    boolean tryReserve(int keys) {
        if (allows(keysInUse() + reserved.addAndGet(keys))) {
            return true;
        }
        release(keys);
        return false;
    }

    void release(int keys) {
        reserved.addAndGet(-keys);
    }

    private boolean allows(long keys) {
        if (keys >= pressureAt) {
            if (keys > keysMax) {
                limitHit = true;
            }
            if (!pressure) {
                pressure = true;
                onPressure.run();
            }
        }
        return keys <= keysMax;
    }

    long keysInUse() {
        long sum = 0;
        for (LongSupplier count : counts) {
            sum += count.getAsLong();
        }
        return sum;
    }

    /** Whether keys not in use must make room; starts the next period. For the drainer. */
    boolean takePressure() {
        boolean under = limitHit || keysInUse() >= pressureAt;
        limitHit = false;
        pressure = false;
        return under;
    }
}
