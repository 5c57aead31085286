// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.journal.JournalRecord;
import io.everycount.journal.Recovered;
import java.util.List;

/**
 * Which records of a journal somebody has chosen, by their numbers. Immutable.
 *
 * @param before what is left out before them
 * @param chosen one or more
 * @param after what is left out behind them
 */
record JournalChoice(List<JournalRecord> before, List<JournalRecord> chosen, List<JournalRecord> after) {
    /**
     * Chooses.
     *
     * @param from the first number
     * @param to the last one
     * @throws UsageError if these are not there, or within records that were summed up
     */
    static JournalChoice of(Recovered recovered, long from, long to) {
        List<JournalRecord> records = recovered.records();
        if (records.isEmpty()) {
            throw new UsageError("the journal has no records");
        }
        if (from <= recovered.baseNumber() || from > to || to > recovered.lastNumber()) {
            throw new UsageError("records " + from + " to " + to + " were given; there are "
                    + (recovered.baseNumber() + 1) + " to " + recovered.lastNumber());
        }
        int first = 0;
        while (records.get(first).number() < from) {
            first++;
        }
        int last = first;
        while (records.get(last).number() < to) {
            last++;
        }
        requireBoundary(
                "--from",
                from,
                records.get(first),
                from - 1 == records.get(first).from());
        requireBoundary("--to", to, records.get(last), to == records.get(last).number());
        return new JournalChoice(
                records.subList(0, first), records.subList(first, last + 1), records.subList(last + 1, records.size()));
    }

    private static void requireBoundary(String option, long given, JournalRecord record, boolean isBoundary) {
        if (!isBoundary) {
            throw new UsageError(option + " is " + given + ", but records " + (record.from() + 1) + " to "
                    + record.number() + " were summed up and go together");
        }
    }
}
