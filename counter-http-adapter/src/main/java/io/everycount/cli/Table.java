// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.ArrayList;
import java.util.List;

/** Rows below one another: columns of numbers to the right, of text to the left. Not thread-safe. */
final class Table {
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

    /** Adds a row with a cell for each column. */
    Table row(String... cells) {
        if (cells.length != alignment.length()) {
            throw new IllegalArgumentException(cells.length + " cells for " + alignment.length() + " columns");
        }
        rows.add(cells);
        return this;
    }

    /** The rows, with line feeds between them. */
    @Override
    public String toString() {
        int[] widths = new int[alignment.length()];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], width(row[i]));
            }
        }
        List<String> lines = new ArrayList<>();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder(indent);
            for (int i = 0; i < row.length; i++) {
                String padding = " ".repeat(widths[i] - width(row[i]));
                line.append(i == 0 ? "" : "  ");
                line.append(alignment.charAt(i) == 'r' ? padding + row[i] : row[i] + padding);
            }
            lines.add(line.toString().stripTrailing());
        }
        return String.join("\n", lines);
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
