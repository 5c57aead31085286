// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times, sizes and rates as people type them, and back. */
final class Amounts {
    private static final Pattern NUMBER_AND_UNIT = Pattern.compile("([0-9]{1,15}(?:\\.[0-9]{1,9})?)\\s*([A-Za-zµ]*)");
    private static final Map<String, Long> NANOS = Map.of(
            "us", 1_000L,
            "µs", 1_000L,
            "ms", 1_000_000L,
            "s", 1_000_000_000L,
            "m", 60_000_000_000L,
            "min", 60_000_000_000L,
            "h", 3_600_000_000_000L,
            "d", 86_400_000_000_000L);
    private static final Map<String, Long> BYTES = Map.of(
            "", 1L,
            "b", 1L,
            "k", 1L << 10,
            "kib", 1L << 10,
            "m", 1L << 20,
            "mib", 1L << 20,
            "g", 1L << 30,
            "gib", 1L << 30,
            "t", 1L << 40,
            "tib", 1L << 40);
    private static final Map<String, Long> DECIMAL_BYTES = Map.of("kb", 1_000L, "mb", 1_000_000L, "gb", 1_000_000_000L);

    private Amounts() {}

    /**
     * A time: {@code 500ms}, {@code 1s}, {@code 2m}, {@code 1.5h}, or ISO 8601 as in {@code PT1.5S}. A number
     * without a unit is refused, except for 0.
     *
     * @throws IllegalArgumentException with what is allowed
     */
    static Duration duration(String text) {
        String trimmed = text.strip();
        if (trimmed.startsWith("P") || trimmed.startsWith("p")) {
            try {
                return Duration.parse(trimmed);
            } catch (DateTimeException e) {
                throw notATime();
            }
        }
        Matcher matcher = NUMBER_AND_UNIT.matcher(trimmed);
        if (!matcher.matches()) {
            throw notATime();
        }
        BigDecimal number = new BigDecimal(matcher.group(1));
        if (number.signum() == 0 && matcher.group(2).isEmpty()) {
            return Duration.ZERO;
        }
        Long unit = NANOS.get(matcher.group(2));
        if (unit == null) {
            throw notATime();
        }
        return Duration.ofNanos(exactly(number, unit, notATime()));
    }

    private static IllegalArgumentException notATime() {
        return new IllegalArgumentException("a number with us, ms, s, m, h or d, as in 500ms or 1.5s");
    }

    /**
     * A size in bytes: {@code 4096}, {@code 64KiB}, {@code 8MiB}, {@code 1GiB}; {@code 8M} means MiB,
     * {@code 8MB} 8,000,000.
     *
     * @throws IllegalArgumentException with what is allowed
     */
    static long bytes(String text) {
        Matcher matcher = NUMBER_AND_UNIT.matcher(text.strip());
        IllegalArgumentException wrong =
                new IllegalArgumentException("a number of bytes, or with KiB, MiB, GiB or TiB, as in 64KiB");
        if (!matcher.matches()) {
            throw wrong;
        }
        String name = matcher.group(2).toLowerCase(Locale.ROOT);
        Long unit = BYTES.getOrDefault(name, DECIMAL_BYTES.get(name));
        if (unit == null) {
            throw wrong;
        }
        return exactly(new BigDecimal(matcher.group(1)), unit, wrong);
    }

    private static long exactly(BigDecimal number, long unit, IllegalArgumentException wrong) {
        try {
            return number.multiply(BigDecimal.valueOf(unit)).longValueExact();
        } catch (ArithmeticException e) {
            throw wrong;
        }
    }

    /**
     * A rate a second: {@code 5000/s}, {@code 5000} or {@code 0.5/s}.
     *
     * @throws IllegalArgumentException with what is allowed
     */
    static double perSecond(String text) {
        String trimmed = text.strip();
        String number = trimmed.endsWith("/s") ? trimmed.substring(0, trimmed.length() - 2) : trimmed;
        if (!number.matches("[0-9]{1,12}(\\.[0-9]{1,6})?")) {
            throw new IllegalArgumentException("a number a second, as in 5000/s");
        }
        return Double.parseDouble(number);
    }

    /**
     * A whole number; underscores may group its digits.
     *
     * @throws IllegalArgumentException with what is allowed
     */
    static long whole(String text) {
        String digits = text.strip().replace("_", "");
        if (!digits.matches("-?[0-9]{1,18}")) {
            throw new IllegalArgumentException("a whole number");
        }
        return Long.parseLong(digits);
    }

    /** A time as {@link #duration} reads it, in the largest unit that is exact. */
    static String text(Duration time) {
        if (time.isZero()) {
            return "0";
        }
        long nanos = time.toNanos();
        for (String unit : new String[] {"d", "h", "m", "s", "ms", "us"}) {
            long unitNanos = NANOS.getOrDefault(unit, 1L);
            if (nanos % unitNanos == 0) {
                return nanos / unitNanos + unit;
            }
        }
        return time.toString();
    }

    /** A size as {@link #bytes} reads it, in the largest unit that is exact. */
    static String text(long bytes) {
        if (bytes > 0) {
            for (String unit : new String[] {"TiB", "GiB", "MiB", "KiB"}) {
                long unitBytes = BYTES.getOrDefault(unit.toLowerCase(Locale.ROOT), 1L);
                if (bytes % unitBytes == 0) {
                    return bytes / unitBytes + unit;
                }
            }
        }
        return bytes + "B";
    }
}
