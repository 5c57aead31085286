// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Numbers, times and tables for people. */
final class Text {
    private Text() {}

    /** As in 1,234,567. */
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Three digits or so: 9,500, 12.3k, 4.56M. */
    static String compact(double number) {
        return number < 10_000 ? count(Math.round(number)) : scaled(number, "");
    }

    /** Three digits or so: 950 B, 12.3 kB, 4.56 MB. */
    static String bytes(double number) {
        return number < 1_000 ? Math.round(number) + " B" : scaled(number, " ") + "B";
    }

    private static String scaled(double number, String space) {
        String[] units = {"k", "M", "G", "T"};
        int unit = -1;
        double scaled = number;
        while (scaled >= 999.5 && unit < units.length - 1) {
            scaled /= 1_000;
            unit++;
        }
        int decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f", scaled) + space + units[unit];
    }

    /** As in 123 µs, 12.3 ms, 4.56 s, 3 min 20 s. */
    static String time(Duration time) {
        double millis = time.toNanos() / 1e6;
        if (millis < 1) {
            return String.format(Locale.ROOT, "%.0f µs", millis * 1_000);
        }
        if (millis < 1_000) {
            return String.format(Locale.ROOT, millis < 100 ? "%.1f ms" : "%.0f ms", millis);
        }
        if (millis < 100_000) {
            return String.format(Locale.ROOT, millis < 10_000 ? "%.2f s" : "%.1f s", millis / 1_000);
        }
        return time.toMinutes() + " min " + time.toSecondsPart() + " s";
    }

    /**
     * A key as it may be printed: none of what could move a terminal's cursor, and not too wide.
     *
     * @param columns at least 2
     */
    static String printable(String key, int columns) {
        StringBuilder out = new StringBuilder();
        int[] points = key.codePoints().limit(columns + 1L).toArray();
        int shown = points.length > columns ? columns - 1 : points.length;
        for (int i = 0; i < shown; i++) {
            int type = Character.getType(points[i]);
            boolean invisible = Character.isISOControl(points[i])
                    || type == Character.FORMAT
                    || type == Character.LINE_SEPARATOR
                    || type == Character.PARAGRAPH_SEPARATOR;
            out.appendCodePoint(invisible ? '\uFFFD' : points[i]);
        }
        return shown < points.length ? out.append('…').toString() : out.toString();
    }

    /** Rows below one another: columns of numbers to the right, text to the left. */
    static final class Table {
        private final String indent;
        private final String alignment;
        private final List<String[]> rows = new ArrayList<>();

        /**
         * @param indent before each row
         * @param alignment a letter for each column, l or r
         */
        Table(String indent, String alignment) {
            this.indent = indent;
            this.alignment = alignment;
        }

        Table row(String... cells) {
            rows.add(cells);
            return this;
        }

        /** Each line with its line feed. */
        @Override
        public String toString() {
            int[] widths = new int[alignment.length()];
            for (String[] row : rows) {
                for (int i = 0; i < row.length; i++) {
                    widths[i] = Math.max(widths[i], width(row[i]));
                }
            }
            StringBuilder out = new StringBuilder();
            for (String[] row : rows) {
                StringBuilder line = new StringBuilder(indent);
                for (int i = 0; i < row.length; i++) {
                    String padding = " ".repeat(widths[i] - width(row[i]));
                    line.append(i == 0 ? "" : "  ");
                    line.append(alignment.charAt(i) == 'r' ? padding + row[i] : row[i] + padding);
                }
                out.append(line.toString().stripTrailing()).append('\n');
            }
            return out.toString();
        }

        private static int width(String cell) {
            return cell.codePointCount(0, cell.length());
        }
    }
}
