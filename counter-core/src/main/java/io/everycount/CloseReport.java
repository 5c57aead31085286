// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.util.Map;

/**
 * What {@link CounterCache#close(java.time.Duration)} left behind, by key.
 *
 * @param stats at the end; {@code stats.persisted()} is what was saved
 * @param unsaved deltas that are certainly not in every required sink
 * @param unknown deltas of a write whose outcome was not known when time ran out: they may be in the sink
 *     now, or get there yet; those that an earlier process may have written, if a sink could not be asked. If the disk of the journal did not answer until then, all records that are not saved;
 *     what was being drained is in neither map. If the journal has or may have a part of what was counted, but
 *     not all, that part: the next one to open it writes it
 * @param isComplete whether everything counted is known to be in every required sink, or in its
 *     quarantine, but for gaps declared before ({@code stats.lost()}). If it is not although both maps are
 *     empty, the cells could not be emptied, a sink's ledger does not agree with this cache's history, or there was no memory
 *     to name every key: {@code stats.pending()} tells how much there is.
 * @param isJournaled whether everything counted is in the journal: then whoever opens or adopts it next writes what is
 *     not in the sinks, and nothing is lost
 */
public record CloseReport(
        CounterStats stats,
        Map<String, Long> unsaved,
        Map<String, Long> unknown,
        boolean isComplete,
        boolean isJournaled) {}
