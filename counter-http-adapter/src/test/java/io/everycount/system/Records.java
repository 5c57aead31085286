// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What was acknowledged and what is stored, key by key, read without the code under test. */
final class Records {
    private Records() {}

    /** What {@code load} recorded as acknowledged, without keys that have nothing. */
    static Map<String, Long> acknowledged(Path record) throws IOException {
        return column(record, 1);
    }

    /** What {@code load} recorded as counted or not. */
    static Map<String, Long> unknown(Path record) throws IOException {
        return column(record, 2);
    }

    private static Map<String, Long> column(Path record, int column) throws IOException {
        Map<String, Long> values = new TreeMap<>();
        for (String line : Files.readAllLines(record)) {
            String[] cells = line.split("\t");
            if (cells.length == 3 && !cells[0].equals("key") && !cells[column].equals("0")) {
                values.put(cells[0], Long.parseLong(cells[column]));
            }
        }
        return values;
    }

    /** All totals of keys with a beginning. */
    static Map<String, Long> stored(TestDatabase database, String prefix) {
        Map<String, Long> values = new TreeMap<>();
        for (String row : database.query(
                "SELECT value, key FROM everycount_counter WHERE starts_with(key, '" + prefix + "') AND value <> 0")) {
            int bar = row.indexOf('|');
            values.put(row.substring(bar + 1), Long.parseLong(row.substring(0, bar)));
        }
        return values;
    }

    static long sum(Map<String, Long> values) {
        return values.values().stream().mapToLong(Long::longValue).sum();
    }
}
