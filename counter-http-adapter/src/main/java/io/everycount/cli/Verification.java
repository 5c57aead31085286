// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares what load runs recorded with what is stored, key by key: acknowledged &lt;= stored &lt;=
 * acknowledged + unknown. Immutable.
 *
 * @param keys how many keys were compared
 * @param acknowledged the sum over all keys
 * @param unknown the sum over all keys
 * @param stored the sum over all keys
 * @param differences the keys whose total is out of bounds, in the order of keys
 */
record Verification(int keys, long acknowledged, long unknown, long stored, List<Difference> differences) {
    /**
     * A key whose total is out of bounds.
     *
     * @param key the key
     * @param recorded what is known of it
     * @param stored its total
     */
    record Difference(String key, RecordFile.Entry recorded, long stored) {
        /** How far out: negative for too little. */
        long by() {
            return stored < recorded.acknowledged()
                    ? stored - recorded.acknowledged()
                    : stored - recorded.acknowledged() - recorded.unknown();
        }
    }

    /**
     * Compares.
     *
     * @param stored totals by key; a key that is not there has 0
     */
    static Verification of(Map<String, RecordFile.Entry> recorded, Map<String, Long> stored) {
        long acknowledged = 0;
        long unknown = 0;
        long sum = 0;
        List<Difference> differences = new ArrayList<>();
        for (Map.Entry<String, RecordFile.Entry> key : recorded.entrySet()) {
            RecordFile.Entry entry = key.getValue();
            long total = stored.getOrDefault(key.getKey(), 0L);
            acknowledged += entry.acknowledged();
            unknown += entry.unknown();
            sum += total;
            if (total < entry.acknowledged() || total > entry.acknowledged() + entry.unknown()) {
                differences.add(new Difference(key.getKey(), entry, total));
            }
        }
        return new Verification(recorded.size(), acknowledged, unknown, sum, List.copyOf(differences));
    }

    /** Whether every key is within its bounds. */
    boolean isExact() {
        return differences.isEmpty();
    }

    /** Whether a later look can be better: some key has too little, which may be on its way. */
    boolean mayImprove() {
        return differences.stream().anyMatch(difference -> difference.by() < 0);
    }

    /** One line. */
    String verdict() {
        if (!isExact()) {
            return "MISMATCH: " + Text.count(differences.size()) + " of " + Text.count(keys)
                    + " keys are not what was acknowledged";
        }
        if (unknown == 0) {
            return "EXACT: stored = acknowledged = " + Text.count(stored) + " over " + Text.count(keys) + " keys";
        }
        return "EXACT: each of " + Text.count(keys) + " keys has all that was acknowledged, and nothing but what was"
                + " acknowledged or unknown";
    }

    /** The sums, and the first differences. */
    String details(int differencesMax, int keyColumns) {
        StringBuilder text = new StringBuilder();
        text.append(new Table("", "lr")
                .row("acknowledged", Text.count(acknowledged))
                .row("unknown", Text.count(unknown))
                .row("stored", Text.count(stored)));
        if (differences.isEmpty()) {
            return text.toString();
        }
        Table table = new Table("", "lrrrr").row("key", "acknowledged", "unknown", "stored", "difference");
        for (Difference difference : differences.subList(0, Math.min(differencesMax, differences.size()))) {
            table.row(
                    Text.printable(difference.key(), keyColumns),
                    Text.count(difference.recorded().acknowledged()),
                    Text.count(difference.recorded().unknown()),
                    Text.count(difference.stored()),
                    (difference.by() > 0 ? "+" : "") + Text.count(difference.by()));
        }
        text.append("\n\n").append(table);
        if (differences.size() > differencesMax) {
            text.append("\nand ")
                    .append(Text.count(differences.size() - differencesMax))
                    .append(" more");
        }
        return text.toString();
    }
}
