// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.counters.Peer;

/**
 * One thing to measure.
 *
 * @param kind what is measured
 * @param peer of whom
 * @param keys on which keys
 * @param threads how many threads add; 1 for virtual threads, which the benchmark starts itself
 * @param drainMillis the time between drains; 0 for none. Not looked at by {@link Kind#LOSS}, which drains
 *     without a pause, and {@link Kind#MEMORY}, which drains when nobody adds.
 */
record Case(Kind kind, Peer peer, KeySet keys, int threads, int drainMillis) {
    Case of(Peer other) {
        return new Case(kind, other, keys, threads, drainMillis);
    }

    Case drained(int millis) {
        return new Case(kind, peer, keys, threads, millis);
    }
}
