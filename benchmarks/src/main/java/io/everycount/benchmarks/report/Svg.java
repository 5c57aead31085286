// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Plots as SVG, to be seen on a light and on a dark page: they bring their background. */
final class Svg {
    private static final String OURS = "#1d4ed8";
    private static final String OTHERS = "#94a3b8";
    private static final List<String> LINES =
            List.of(OURS, "#60a5fa", "#b45309", "#15803d", "#7e22ce", "#be123c", "#0e7490", "#4d7c0f");
    private static final int WIDTH = 900;
    private static final int MARGIN = 20;
    private static final int TITLE = 50;

    private Svg() {}

    /**
     * A bar.
     *
     * @param label what stands before it
     * @param value how long it is, at least 0
     * @param isOurs whether it is to be seen at once
     */
    record Bar(String label, double value, boolean isOurs) {}

    /**
     * A line.
     *
     * @param label what to call it
     * @param values one for each place on the x axis, all above 0
     */
    record Line(String label, List<Double> values) {}

    /** Bars from the left, one below the other. */
    static String bars(String title, List<Bar> bars) {
        int row = 26;
        int left = 390;
        int right = 90;
        double most = bars.stream().mapToDouble(Bar::value).max().orElse(1);
        int height = TITLE + bars.size() * row + MARGIN;
        StringBuilder svg = open(title, height);
        int y = TITLE;
        for (Bar bar : bars) {
            double length = most == 0 ? 0 : bar.value / most * (WIDTH - left - right);
            String weight = bar.isOurs ? " font-weight=\"bold\"" : "";
            text(svg, left - 10, y + 17, "text-anchor=\"end\"" + weight, bar.label);
            svg.append(format(
                    "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                    left, y + 3, Math.max(1, length), row - 6, bar.isOurs ? OURS : OTHERS));
            text(svg, left + length + 8, y + 17, weight.strip(), Numbers.plain(bar.value));
            y += row;
        }
        return svg.append("</svg>\n").toString();
    }

    /** Lines over named places, on a logarithmic scale of time. */
    static String lines(String title, List<String> places, List<Line> lines) {
        int left = 80;
        int legend = 24;
        int plot = 320;
        int bottom = TITLE + plot;
        double least = Math.floor(log(lines.stream()
                .flatMap(line -> line.values.stream())
                .mapToDouble(Double::doubleValue)
                .min()
                .orElse(1)));
        double most = Math.max(
                least + 1,
                Math.ceil(log(lines.stream()
                        .flatMap(line -> line.values.stream())
                        .mapToDouble(Double::doubleValue)
                        .max()
                        .orElse(10))));
        StringBuilder svg = open(title, bottom + 50 + lines.size() * legend);
        for (double power = least; power <= most; power++) {
            double y = bottom - (power - least) / (most - least) * plot;
            svg.append(format(
                    "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#e2e8f0\"/>%n",
                    left, y, WIDTH - MARGIN, y));
            text(
                    svg,
                    left - 8,
                    y + 4,
                    "text-anchor=\"end\"",
                    Numbers.time(Math.pow(10, power)).replace(".0 ", " "));
        }
        double step = (WIDTH - MARGIN - left - 60.0) / Math.max(1, places.size() - 1);
        for (int i = 0; i < places.size(); i++) {
            text(svg, left + 30 + i * step, bottom + 20, "text-anchor=\"middle\"", places.get(i));
        }
        for (int l = 0; l < lines.size(); l++) {
            String colour = LINES.get(l % LINES.size());
            List<Double> values = lines.get(l).values;
            StringBuilder points = new StringBuilder();
            for (int i = 0; i < values.size(); i++) {
                double x = left + 30 + i * step;
                double y = bottom - (log(values.get(i)) - least) / (most - least) * plot;
                points.append(format("%.1f,%.1f ", x, y));
                svg.append(format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>%n", x, y, colour));
            }
            svg.append(format(
                    "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n",
                    points.toString().strip(), colour));
            int y = bottom + 44 + l * legend;
            svg.append(format(
                    "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>%n",
                    left, y, left + 30, y, colour));
            text(svg, left + 40, y + 4, "", lines.get(l).label);
        }
        return svg.append("</svg>\n").toString();
    }

    private static double log(double value) {
        return Math.log10(Math.max(1, value));
    }

    private static StringBuilder open(String title, int height) {
        StringBuilder svg = new StringBuilder(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\""
                        + " aria-label=\"%s\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#0f172a\">%n",
                WIDTH, height, WIDTH, height, escape(title)));
        svg.append("<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#ffffff\"/>\n");
        text(svg, MARGIN, 30, "font-size=\"15\" font-weight=\"bold\"", title);
        return svg;
    }

    private static void text(StringBuilder svg, double x, double y, String attributes, String text) {
        svg.append(format(
                "<text x=\"%.1f\" y=\"%.1f\"%s>%s</text>%n",
                x, y, attributes.isEmpty() ? "" : " " + attributes, escape(text)));
    }

    private static String escape(String text) {
        return text.chars()
                .mapToObj(c -> switch (c) {
                    case '&' -> "&amp;";
                    case '<' -> "&lt;";
                    case '>' -> "&gt;";
                    case '"' -> "&quot;";
                    default -> String.valueOf((char) c);
                })
                .collect(Collectors.joining());
    }

    private static String format(String format, Object... args) {
        return String.format(Locale.ROOT, format, args);
    }
}
