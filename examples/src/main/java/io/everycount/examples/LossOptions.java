// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the user of {@link LossDemo} asked for.
 *
 * @param help only the help is wanted
 * @param threads how many increment
 * @param keys how many keys there are
 * @param time how long each run takes
 * @param interval between two drains, in the runs that are not drained all the time
 * @param svg where a picture goes, or null
 * @param markdown where a page goes, or null
 * @param command all of it as it was typed
 */
record LossOptions(
        boolean help,
        int threads,
        int keys,
        Duration time,
        Duration interval,
        @Nullable Path svg,
        @Nullable Path markdown,
        String command) {
    static final String HELP = """
            Counts in several ways that bring their counts to a store from time to time, and compares the
            increments that were made with those that arrived.

            usage: examples/loss.sh [options]

              --threads N        how many threads increment, 1 to 64; default 4
              --keys N           how many keys they increment, 1 to 1000000; default 1000
              --seconds S        how long each run takes, 0.05 to 60; default 2. Each way is run twice:
                                 drained at an interval, and without a pause
              --drain-millis N   that interval, 1 to 10000; default 100
              --svg FILE         draws the result
              --markdown FILE    writes a page about it, with the picture of --svg, if there is one
              --help             this text

            Exit status: 0 if Everycount lost nothing and counted nothing twice; 1 if it did; 2 for a
            mistake in the command, or a file that cannot be written; 130 after Ctrl-C.
            """;

    private static final double SECONDS_MIN = 0.05;
    private static final double SECONDS_MAX = 60;

    /**
     * @param arguments as given
     * @throws UserError if they make no sense
     */
    static LossOptions parse(List<String> arguments) {
        boolean help = false;
        int threads = 4;
        int keys = 1_000;
        Duration time = Duration.ofSeconds(2);
        Duration interval = Duration.ofMillis(100);
        @Nullable Path svg = null;
        @Nullable Path markdown = null;
        Iterator<String> rest = arguments.iterator();
        while (rest.hasNext()) {
            String name = rest.next();
            switch (name) {
                case "--help", "-h" -> help = true;
                case "--threads" -> threads = Options.number(name, Options.value(name, rest), 1, 64);
                case "--keys" -> keys = Options.number(name, Options.value(name, rest), 1, 1_000_000);
                case "--seconds" -> time = seconds(name, Options.value(name, rest));
                case "--drain-millis" ->
                    interval = Duration.ofMillis(Options.number(name, Options.value(name, rest), 1, 10_000));
                case "--svg" -> svg = file(name, Options.value(name, rest));
                case "--markdown" -> markdown = file(name, Options.value(name, rest));
                default -> throw new UserError("unknown argument " + name + "; --help lists them");
            }
        }
        String command = String.join(" ", arguments);
        return new LossOptions(
                help, threads, keys, time, interval, svg, markdown, ("examples/loss.sh " + command).strip());
    }

    private static Duration seconds(String name, String given) {
        try {
            double seconds = Double.parseDouble(given);
            if (seconds >= SECONDS_MIN && seconds <= SECONDS_MAX) {
                return Duration.ofMillis(Math.round(seconds * 1_000));
            }
        } catch (NumberFormatException e) {
            // Told below, like a number out of bounds.
        }
        throw new UserError(name + " is " + given + "; a number from 0.05 to 60 is needed");
    }

    /** Better said before the runs than after them. */
    private static Path file(String name, String given) {
        Path file = Path.of(given);
        if (Files.isDirectory(file)) {
            throw new UserError(name + " " + given + " is a directory; a file is needed");
        }
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw new UserError(name + " " + given + ": there is no directory " + directory);
        }
        return file;
    }
}
