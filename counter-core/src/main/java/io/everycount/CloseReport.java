// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.util.Map;

/**
 * What {@link CounterCache#close(java.time.Duration)} left behind, by key.
 *
 * @param stats at the end; {@code stats.persisted()} is what was saved
 * @param unsaved deltas that are certainly not in every required sink
 * @param unknown deltas of a write whose outcome was not known when time ran out
 */
public record CloseReport(CounterStats stats, Map<String, Long> unsaved, Map<String, Long> unknown) {
    /** Whether everything counted is in every required sink, or in its quarantine. */
    public boolean isComplete() {
        return unsaved.isEmpty() && unknown.isEmpty();
    }
}
