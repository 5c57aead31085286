// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.journal.JournalRecord;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What some records of a journal add up to. Immutable.
 *
 * @param records how many
 * @param byKey the sum of deltas for each key
 * @param sum of all deltas
 */
record JournalSums(int records, Map<String, Long> byKey, long sum) {
    static JournalSums of(List<JournalRecord> records) {
        Map<String, Long> byKey = new TreeMap<>();
        long sum = 0;
        for (JournalRecord record : records) {
            record.entries().addTo(byKey);
            sum += record.entries().deltaSum();
        }
        return new JournalSums(records.size(), byKey, sum);
    }

    /** In a few words. */
    String shown() {
        return Text.count(records) + (records == 1 ? " record" : " records") + ", " + Text.count(sum) + " in "
                + Text.count(byKey.size()) + (byKey.size() == 1 ? " key" : " keys");
    }

    /** The keys with the greatest sums, a row each; empty if there is none. */
    String largest(String indent, int keysMax, int keyColumns) {
        Table table = new Table(indent, "lr");
        byKey.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(
                                Comparator.comparingLong((Long sum) -> sum == Long.MIN_VALUE ? sum : -Math.abs(sum)))
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(keysMax)
                .forEach(key -> table.row(Text.printable(key.getKey(), keyColumns), Text.count(key.getValue())));
        String more = byKey.size() > keysMax
                ? "\n" + indent + "and " + Text.count(byKey.size() - keysMax) + " keys more"
                : "";
        return table + more;
    }
}
