// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

/**
 * Tells times of this process's steady clock as times of day and back, so that they have a meaning after a restart.
 *
 * @param epochMillis the time of day
 * @param nanos the steady clock at that moment
 */
public record EpochClock(long epochMillis, long nanos) {
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** The time of day at a time of the steady clock. */
    long millis(long steadyNanos) {
        return epochMillis + Math.floorDiv(steadyNanos - nanos, NANOS_PER_MILLI);
    }

    /** The time of the steady clock at a time of day; what lies in the future, by a clock that was set, is now. */
    long nanos(long millis) {
        long ago = Math.max(0, epochMillis - millis);
        return nanos - Math.min(ago, Long.MAX_VALUE / 4 / NANOS_PER_MILLI) * NANOS_PER_MILLI;
    }
}
