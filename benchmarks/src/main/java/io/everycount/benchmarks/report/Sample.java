// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one process measured.
 *
 * @param measured the case
 * @param round which of the rounds, from 0
 * @param figures what came of it; empty if it failed
 * @param failure why there are no figures; empty if there are
 */
record Sample(Case measured, int round, SortedMap<Figure, Double> figures, String failure) {
    static Sample failed(Case measured, int round, String why) {
        return new Sample(measured, round, new TreeMap<>(), why);
    }
}
