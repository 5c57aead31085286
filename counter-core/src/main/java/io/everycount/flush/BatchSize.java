// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

/**
 * How many keys a batch may have: half as many after each write that failed, as perhaps it takes longer than the sink is
 * given for it, and twice as many again after some that were taken. Not thread-safe.
 */
final class BatchSize {
    /** No setting is so large that this leaves more than one key. */
    private static final int HALVINGS_MAX = 30;

    /** So many batches are taken before the next one is twice as large again. */
    private static final int TAKEN_AT_SIZE = 16;

    private final int keysMax;
    private int halvings;
    private int taken;

    /**
     * @param keysMax at most, and at first
     */
    BatchSize(int keysMax) {
        this.keysMax = keysMax;
    }

    /** At least 1. */
    int keys() {
        return Math.max(1, keysMax >> halvings);
    }

    /** A batch was applied. */
    void taken() {
        if (halvings > 0 && ++taken == TAKEN_AT_SIZE) {
            halvings--;
            taken = 0;
        }
    }

    /** A write failed. */
    void failed() {
        halvings = Math.min(halvings + 1, HALVINGS_MAX);
        taken = 0;
    }
}
