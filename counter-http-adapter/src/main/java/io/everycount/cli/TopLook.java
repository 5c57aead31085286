// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The greatest totals at one moment. Immutable.
 *
 * @param header what else is known: a line
 * @param totals by key
 * @param nanos the moment, for differences of looks at the same source only
 */
record TopLook(String header, Map<String, Long> totals, long nanos) {
    /** Where totals are read. */
    interface Source extends AutoCloseable {
        /** The greatest totals whose keys begin with a prefix. */
        TopLook look(String prefix, int keysMax) throws IOException, InterruptedException;

        @Override
        void close();
    }

    private static final int BAR = 12;
    private static final int OTHER_COLUMNS = 2 + 4 + 2 + 18 + 2 + 12 + 2 + BAR;

    /** What keys are sorted by. */
    enum Order {
        /** The total. */
        VALUE,
        /** How fast it grows. */
        RATE
    }

    private record Row(String key, long total, double perSecond) {}

    /**
     * As a table.
     *
     * @param before the look before this one, for rates; null if there was none
     * @param rowsMax how many keys at most
     * @param columns how wide
     */
    String text(@Nullable TopLook before, Order order, int rowsMax, int columns) {
        List<Row> rows = rows(before, order);
        double fastest = rows.stream().mapToDouble(Row::perSecond).max().orElse(0);
        boolean hasRates = before != null;
        Table table = new Table("", hasRates ? "rlrrl" : "rlr");
        table.row(hasRates ? new String[] {"#", "key", "total", "rate", ""} : new String[] {"#", "key", "total"});
        int keyColumns = Math.max(10, columns - OTHER_COLUMNS);
        for (int i = 0; i < Math.min(rowsMax, rows.size()); i++) {
            Row row = rows.get(i);
            String rank = Integer.toString(i + 1);
            String key = Text.printable(row.key, keyColumns);
            String total = Text.count(row.total);
            if (hasRates) {
                table.row(rank, key, total, Text.rate(row.perSecond), bar(row.perSecond, fastest));
            } else {
                table.row(rank, key, total);
            }
        }
        return header + "\n\n" + (rows.isEmpty() ? "no key yet" : table.toString());
    }

    private List<Row> rows(@Nullable TopLook before, Order order) {
        Map<String, Long> earlier = before == null ? new HashMap<>() : before.totals;
        double seconds = before == null ? 1 : Math.max(1e-3, (nanos - before.nanos) / 1e9);
        List<Row> rows = new ArrayList<>();
        totals.forEach((key, total) -> {
            // A key that was not among the greatest before: its rate is not known.
            long was = earlier.getOrDefault(key, total);
            rows.add(new Row(key, total, (total - was) / seconds));
        });
        Comparator<Row> byTotal =
                Comparator.comparingLong(Row::total).reversed().thenComparing(Row::key);
        rows.sort(
                order == Order.VALUE
                        ? byTotal
                        : Comparator.comparingDouble(Row::perSecond).reversed().thenComparing(byTotal));
        return rows;
    }

    private static String bar(double perSecond, double fastest) {
        if (perSecond <= 0 || fastest <= 0) {
            return "";
        }
        return "█".repeat((int) Math.max(1, Math.round(BAR * perSecond / fastest)));
    }

    /** As in 0.4 s. */
    static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.1f s", seconds);
    }
}
