// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.examples.LossRun.Outcome;
import java.util.List;
import java.util.Locale;

/** What {@link LossDemo} measured, as a picture: bars on a logarithmic scale, for light and dark screens. */
final class LossChart {
    private static final int WIDTH = 960;
    private static final int LEFT = 268;
    private static final int RIGHT = 845;
    private static final int TOP = 128;
    private static final int BAR = 17;
    private static final int ROW = 62;
    private static final int BAR_MIN = 3;
    private static final int EXPONENT_MAX = 6;
    private static final int EXPONENT_MIN = -3;

    private static final String STYLE = """
              <style>
                .ground { fill: #ffffff; }
                .ours { fill: #e9f5ec; }
                .text { fill: #1b2733; }
                .soft { fill: #51606f; font-size: 14px; }
                .strong { fill: #1b2733; font-weight: 600; }
                .title { font-size: 21px; }
                .none { fill: #1a7f37; font-weight: 600; }
                .grid { stroke: #dde3ea; }
                .zero { stroke: #44546a; stroke-width: 1.5; }
                .paused { fill: #3b76b5; }
                .steady { fill: #c4551a; }
                @media (prefers-color-scheme: dark) {
                  .ground { fill: #0d1117; }
                  .ours { fill: #12261a; }
                  .text, .strong { fill: #e6edf3; }
                  .soft { fill: #a3b0bd; }
                  .none { fill: #56d364; }
                  .grid { stroke: #262d36; }
                  .zero { stroke: #8b98a5; }
                  .paused { fill: #6aa9e9; }
                  .steady { fill: #e88a4e; }
                }
              </style>
            """;

    private final LossOptions options;
    private final List<LossReport.Row> rows;
    private final int exponentMin;
    private final StringBuilder out = new StringBuilder();

    private LossChart(LossOptions options, List<LossReport.Row> rows) {
        this.options = options;
        this.rows = rows;
        double smallest = rows.stream()
                .flatMap(row -> List.of(row.paused(), row.steady()).stream())
                .mapToDouble(Outcome::perMillion)
                .filter(value -> value > 0)
                .min()
                .orElse(1);
        // So that the smallest has some length, too.
        exponentMin = (int) Math.max(EXPONENT_MIN, Math.min(0, Math.ceil(Math.log10(smallest)) - 2));
    }

    /** A whole file. */
    static String svg(LossOptions options, List<LossReport.Row> rows) {
        return new LossChart(options, rows).draw();
    }

    private String draw() {
        int bottom = TOP + rows.size() * ROW;
        line(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, -apple-system,"
                        + " 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"16\">",
                WIDTH, bottom + 62);
        line("  <title>Lost per million increments, for each way to count</title>");
        out.append(STYLE);
        line("  <rect class=\"ground\" width=\"%d\" height=\"%d\"/>", WIDTH, bottom + 62);
        text("strong title", 24, 40, "start", "Lost per million increments");
        text(
                "soft",
                24,
                64,
                "start",
                options.threads() + " threads increment " + Text.count(options.keys()) + " keys for "
                        + LossReport.seconds(options.time()) + " while another brings the counts to a store");
        legend("paused", 24, "drained " + LossReport.cadence(options.interval()));
        legend("steady", 240, "drained without a pause");
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).contender().ours()) {
                line(
                        "  <rect class=\"ours\" x=\"12\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>",
                        TOP + i * ROW, WIDTH - 24, ROW);
            }
        }
        axis(bottom);
        for (int i = 0; i < rows.size(); i++) {
            row(rows.get(i), TOP + i * ROW);
        }
        line("</svg>");
        return out.toString();
    }

    private void legend(String kind, int x, String label) {
        line("  <rect class=\"%s\" x=\"%d\" y=\"84\" width=\"16\" height=\"16\" rx=\"2\"/>", kind, x);
        text("text", x + 24, 98, "start", label);
    }

    private void axis(int bottom) {
        for (int exponent = exponentMin + 1; exponent <= EXPONENT_MAX; exponent++) {
            int x = x(Math.pow(10, exponent));
            line("  <path class=\"grid\" d=\"M%d %d V%d\"/>", x, TOP, bottom + 6);
            text("soft", x, bottom + 24, "middle", tick(exponent));
        }
        line("  <path class=\"zero\" d=\"M%d %d V%d\"/>", LEFT, TOP, bottom + 6);
        text("soft", LEFT, bottom + 24, "middle", "0");
        text("soft", (LEFT + RIGHT) / 2, bottom + 48, "middle", "lost per million increments, logarithmic scale");
    }

    private static String tick(int exponent) {
        return exponent < 0 ? "0." + "0".repeat(-exponent - 1) + "1" : Text.count(Math.round(Math.pow(10, exponent)));
    }

    private void row(LossReport.Row row, int y) {
        text(
                row.contender().ours() ? "none" : "strong",
                LEFT - 14,
                y + ROW / 2 - 4,
                "end",
                row.contender().name());
        text("soft", LEFT - 14, y + ROW / 2 + 16, "end", row.contender().how());
        bar("paused", row.contender().ours(), row.paused(), y + ROW / 2 - BAR - 2);
        bar("steady", row.contender().ours(), row.steady(), y + ROW / 2 + 2);
    }

    private void bar(String kind, boolean ours, Outcome outcome, int y) {
        int length = outcome.lost() == 0 ? 0 : Math.max(BAR_MIN, x(outcome.perMillion()) - LEFT);
        if (length > 0) {
            line("  <rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", kind, LEFT, y, length, BAR);
        }
        String label = LossReport.perMillion(outcome)
                + (outcome.exact() && !ours ? " in this run" : "")
                + (outcome.twice() == 0 ? "" : ", and " + Text.count(outcome.twice()) + " counted twice");
        text(outcome.exact() && ours ? "none" : "text", LEFT + length + 8, y + 14, "start", label);
    }

    private int x(double value) {
        double share = (Math.log10(value) - exponentMin) / (EXPONENT_MAX - exponentMin);
        return (int) Math.round(LEFT + share * (RIGHT - LEFT));
    }

    private void text(String kind, int x, int y, String anchor, String content) {
        line(
                "  <text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                kind, x, y, anchor, content.replace("&", "&amp;").replace("<", "&lt;"));
    }

    private void line(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
