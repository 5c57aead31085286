// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** A table in Markdown. Not thread-safe. */
final class Markdown {
    private final StringBuilder out = new StringBuilder();

    /** Begins with the names of the columns. */
    Markdown(List<String> columns) {
        row(columns);
        out.append("|").append("---|".repeat(columns.size())).append('\n');
    }

    Markdown(String... columns) {
        this(Arrays.asList(columns));
    }

    void row(String... cells) {
        row(Arrays.asList(cells));
    }

    void row(List<String> cells) {
        out.append(cells.stream()
                .map(cell -> cell.replace("|", "\\|").replace('\n', ' '))
                .collect(Collectors.joining(" | ", "| ", " |\n")));
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
