// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the command line of {@link Report} asks for. Not thread-safe. */
final class ReportOptions {
    private static final Set<String> THINGS = Set.of("quick", "full", "page");

    final String what;
    Path out = Path.of("docs");
    Path readme = Path.of("README.md");

    @Nullable
    Path virtualHome;

    boolean resumes;

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it asks for what there is not
     */
    ReportOptions(String... args) {
        Deque<String> words = new ArrayDeque<>(List.of(args));
        what = words.isEmpty() ? "" : words.pop();
        if (!THINGS.contains(what)) {
            throw new IllegalArgumentException("quick, full or page, not \"" + what + "\":\n" + Report.USAGE);
        }
        while (!words.isEmpty()) {
            String word = words.pop();
            if (word.equals("--resume")) {
                resumes = true;
                continue;
            }
            if (words.isEmpty()) {
                throw new IllegalArgumentException(word + " needs a value, or is not known:\n" + Report.USAGE);
            }
            Path value = Path.of(words.pop());
            switch (word) {
                case "--out" -> out = value;
                case "--readme" -> readme = value;
                case "--virtual" -> virtualHome = value;
                default -> throw new IllegalArgumentException(word + " is not an option:\n" + Report.USAGE);
            }
        }
    }

    Path resultsFile() {
        return out.resolve("benchmarks").resolve("results.json");
    }
}
