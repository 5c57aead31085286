// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Which key the n-th increment of a run has: a function of seed and n, whatever thread asks. Immutable.
 */
final class KeyChoice {
    /** How increments spread over keys. */
    enum Distribution {
        /** The k-th key gets a share that is proportional to 1/k. */
        ZIPF,
        /** Each key gets the same share. */
        UNIFORM,
        /** One key gets nine tenths. */
        HOT
    }

    private static final double HOT_SHARE = 0.9;
    /** Odd, so that different n give different seeds; the golden ratio spreads them. */
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private final long seed;
    private final double[] shares;

    /**
     * @param keys from 1
     */
    KeyChoice(Distribution distribution, int keys, long seed) {
        this.seed = seed;
        this.shares = new double[keys];
        double sum = 0;
        for (int k = 0; k < keys; k++) {
            sum += switch (distribution) {
                case ZIPF -> 1.0 / (k + 1);
                case UNIFORM -> 1.0;
                case HOT -> k == 0 ? HOT_SHARE : (1 - HOT_SHARE) / (keys - 1);
            };
            shares[k] = sum;
        }
        for (int k = 0; k < keys; k++) {
            shares[k] /= sum;
        }
    }

    /** The index of the n-th increment's key. */
    int key(long n) {
        double drawn = new SplittableRandom(seed + n * STEP).nextDouble();
        int found = Arrays.binarySearch(shares, drawn);
        // At a share's very end the next key begins.
        int index = found >= 0 ? found + 1 : -found - 1;
        return Math.min(index, shares.length - 1);
    }
}
