// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.time.Duration;
import java.util.Locale;

/** Numbers, times and keys for people. */
final class Text {
    private Text() {}

    /** As in 1,234,567. */
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** As in 5,123/s or 0.4/s. */
    static String rate(double perSecond) {
        return String.format(Locale.ROOT, Math.abs(perSecond) < 9.95 ? "%,.1f/s" : "%,.0f/s", perSecond);
    }

    /** As in 123 µs, 12.3 ms, 4.56 s, 3 min 20 s. */
    static String time(Duration time) {
        double millis = time.toNanos() / 1e6;
        if (millis < 0.9995) {
            return String.format(Locale.ROOT, "%.0f µs", millis * 1_000);
        }
        if (millis < 999.5) {
            return String.format(Locale.ROOT, millis < 99.95 ? "%.1f ms" : "%.0f ms", millis);
        }
        if (millis < 120_000) {
            return String.format(Locale.ROOT, millis < 10_000 ? "%.2f s" : "%.1f s", millis / 1_000);
        }
        return time.toMinutes() + " min " + time.toSecondsPart() + " s";
    }

    /**
     * A key as it may be printed: none of what could move a terminal's cursor or turn the direction of
     * writing, and not too wide.
     *
     * @param columns at least 2
     */
    static String printable(String key, int columns) {
        StringBuilder out = new StringBuilder();
        int width = 0;
        for (int i = 0; i < key.length(); ) {
            int point = key.codePointAt(i);
            i += Character.charCount(point);
            String shown = isInvisible(point)
                    ? String.format(Locale.ROOT, point < 0x10000 ? "\\u%04x" : "\\u{%x}", point)
                    : Character.toString(point);
            int columnsLeft = columns - width - (i < key.length() ? 1 : 0);
            int shownWidth = shown.codePointCount(0, shown.length());
            if (shownWidth > columnsLeft) {
                return out.append('…').toString();
            }
            out.append(shown);
            width += shownWidth;
        }
        return out.toString();
    }

    private static boolean isInvisible(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.UNASSIGNED,
                    Character.PRIVATE_USE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
