// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.Samples;
import java.util.Locale;
import java.util.Optional;

/** Figures as the page shows them. */
final class Numbers {
    private static final double ROUNDS_TO_ZERO = 0.005;

    private Numbers() {}

    /** Three digits or more. */
    static String plain(double value) {
        double size = Math.abs(value);
        if (size < ROUNDS_TO_ZERO) {
            return "0";
        }
        return String.format(Locale.ROOT, size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f", value);
    }

    /** The median, and the least and the most if they differ; a dash if there is nothing. */
    static String range(Optional<Samples> samples) {
        return samples.map(s -> {
                    String median = plain(s.median());
                    String least = plain(s.least());
                    String most = plain(s.most());
                    return least.equals(most) ? median : median + " (" + least + "-" + most + ")";
                })
                .orElse("-");
    }

    /** The median; a dash if there is nothing. */
    static String median(Optional<Samples> samples) {
        return samples.map(s -> plain(s.median())).orElse("-");
    }

    /** A time in the unit that suits it. */
    static String time(double nanos) {
        if (nanos < 1e3) {
            return String.format(Locale.ROOT, "%.0f ns", nanos);
        }
        return nanos < 1e6
                ? String.format(Locale.ROOT, nanos < 1e5 ? "%.1f µs" : "%.0f µs", nanos / 1e3)
                : String.format(Locale.ROOT, nanos < 1e8 ? "%.1f ms" : "%.0f ms", nanos / 1e6);
    }
}
