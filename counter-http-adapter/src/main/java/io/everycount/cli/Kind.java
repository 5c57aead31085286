// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.jdbc.CounterSchema;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * What values a setting takes: how they are read, and what is allowed. Immutable.
 *
 * @param label what stands for the value in a command's help
 * @param allowed the allowed values, for people
 * @param example some values, for whoever got it wrong; empty where that would say nothing
 * @param reader reads a value; throws IllegalArgumentException for what is not allowed
 * @param <T> what is read
 */
record Kind<T>(String label, String allowed, String example, Function<String, T> reader) {
    private static final String POSTGRES = "jdbc:postgresql:";

    /** What is allowed, with the example if there is one. */
    String allowedWithExample() {
        return example.isEmpty() ? allowed : allowed + ", as in " + example;
    }

    /** Yes or no. */
    static Kind<Boolean> flag() {
        return new Kind<>("true|false", "true or false", "", text -> switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on", "1" -> true;
            case "false", "no", "off", "0" -> false;
            default -> throw new IllegalArgumentException(text);
        });
    }

    /** A text of bounded length. */
    static Kind<String> text(int charsMin, int charsMax) {
        return new Kind<>("TEXT", charsMin + " to " + charsMax + " characters", "", text -> {
            requireRange(text.length() >= charsMin && text.length() <= charsMax);
            return text;
        });
    }

    /** A whole number. */
    static Kind<Integer> whole(int min, int max) {
        return new Kind<>("N", String.format(Locale.ROOT, "%,d to %,d", min, max), "", text -> {
            long number = Amounts.whole(text);
            requireRange(number >= min && number <= max);
            return (int) number;
        });
    }

    /** A size. */
    static Kind<Long> bytes(long min, long max) {
        return new Kind<>("SIZE", Amounts.text(min) + " to " + Amounts.text(max), "64KiB or 8MiB", text -> {
            long bytes = Amounts.bytes(text);
            requireRange(bytes >= min && bytes <= max);
            return bytes;
        });
    }

    /** A time. */
    static Kind<Duration> duration(Duration min, Duration max) {
        String allowed = Amounts.text(min) + " to " + Amounts.text(max);
        return new Kind<>("TIME", allowed, "500ms, 1s, 2m or PT1S", text -> {
            Duration time = Amounts.duration(text);
            requireRange(time.compareTo(min) >= 0 && time.compareTo(max) <= 0);
            return time;
        });
    }

    /** Requests a second. */
    static Kind<Double> perSecond(double min, double max) {
        return new Kind<>("N/s", String.format(Locale.ROOT, "%,.0f/s to %,.0f/s", min, max), "5000/s", text -> {
            double rate = Amounts.perSecond(text);
            requireRange(rate >= min && rate <= max);
            return rate;
        });
    }

    /** Where to listen. */
    static Kind<Address> address() {
        return new Kind<>(
                "HOST:PORT", "host:port, :port (every address) or [IPv6]:port", "127.0.0.1:8080", Address::parse);
    }

    /** The path of a file; whether it is there is not looked at. */
    static Kind<Path> path() {
        return new Kind<>("FILE", "the path of a file", "", text -> {
            try {
                return Path.of(text);
            } catch (InvalidPathException e) {
                throw new IllegalArgumentException(e);
            }
        });
    }

    /** One of some words. */
    static Kind<String> oneOf(String... words) {
        List<String> all = List.of(words);
        return new Kind<>(String.join("|", all), String.join(" or ", all), "", text -> {
            String word = text.toLowerCase(Locale.ROOT);
            requireRange(all.contains(word));
            return word;
        });
    }

    /** A Postgres JDBC URL. */
    static Kind<String> databaseUrl() {
        return new Kind<>("URL", POSTGRES + "//host:5432/database", "", text -> {
            requireRange(text.startsWith(POSTGRES));
            return text;
        });
    }

    /** What the names of the tables begin with. */
    static Kind<String> tablePrefix() {
        return new Kind<>(
                "PREFIX",
                "lower-case letters, digits and underscores, at most 40, perhaps after a schema's name and a dot",
                "everycount_ or metering.everycount_",
                text -> {
                    CounterSchema.sql(text);
                    return text;
                });
    }

    /** What happens when there is no room for an increment. */
    static Kind<OnLimit> onLimit() {
        return new Kind<>("reject|overflow:KEY", "reject, or overflow: and a key", "overflow:others", OnLimit::parse);
    }

    /** A value that is never shown. */
    static Kind<Secret> secret(int charsMax) {
        return new Kind<>("SECRET", "at most " + charsMax + " characters", "", text -> {
            requireRange(text.length() <= charsMax);
            return new Secret(text);
        });
    }

    private static void requireRange(boolean isInRange) {
        if (!isInRange) {
            throw new IllegalArgumentException("out of range");
        }
    }
}
