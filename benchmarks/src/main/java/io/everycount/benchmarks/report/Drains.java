// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.Samples;
import io.everycount.benchmarks.counters.Peer;
import io.everycount.benchmarks.counters.Peer.Use;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The parts of the page on drains: what they lose, what they cost, how long writers take meanwhile. */
final class Drains {
    private static final List<Figure> PERCENTILES =
            List.of(Figure.P50, Figure.P90, Figure.P99, Figure.P99_9, Figure.P99_99, Figure.MAX);
    private static final List<String> PERCENTILE_TITLES = List.of("p50", "p90", "p99", "p99.9", "p99.99", "max");

    /** No more than can be told apart. */
    private static final Set<Peer> IN_PLOT = Set.of(
            Peer.EVERYCOUNT, Peer.MAP_OF_ADDERS, Peer.MAP_MERGE, Peer.PHASER, Peer.CAFFEINE, Peer.BUFFER_TRIGGER);

    private final Results results;
    private final Map<String, String> plots;

    /**
     * Prepares them.
     *
     * @param plots gets the plots, by file name
     */
    Drains(Results results, Map<String, String> plots) {
        this.results = results;
        this.plots = plots;
    }

    private List<Case> cases(Kind kind) {
        return results.cases().stream()
                .filter(one -> one.kind() == kind)
                .sorted(Comparator.comparing(Case::keys)
                        .thenComparing(Case::threads)
                        .thenComparing(Case::peer)
                        .thenComparing(Case::drainMillis))
                .toList();
    }

    String losses() {
        Markdown table = new Markdown(
                "", "From", "Drained by", "Forgets idle keys", "Drains", "Lost of a million", "Drains without loss");
        for (Case one : cases(Kind.LOSS)) {
            Optional<Samples> lost = results.figure(one, Figure.LOST_PER_MILLION);
            Optional<Samples> drains = results.figure(one, Figure.DRAINS);
            Peer peer = one.peer();
            table.row(
                    peer.title(),
                    results.libraries().getOrDefault(peer, "?"),
                    peer.drainWay(),
                    peer.use() == Use.HELD ? "" : peer.forgets() ? "yes" : "no",
                    drains.map(d -> String.format(Locale.ROOT, "%,.0f", d.median()))
                            .orElse("-"),
                    Numbers.range(lost),
                    lossless(peer));
        }
        return table.toString();
    }

    /** Whether no round of the loss test missed anything, in a word. */
    String lossless(Peer peer) {
        return cases(Kind.LOSS).stream()
                .filter(one -> one.peer() == peer)
                .findAny()
                .flatMap(one -> results.figure(one, Figure.LOST_PER_MILLION))
                .map(lost -> lost.least() == 0 && lost.most() == 0 ? "yes" : "NO")
                .orElse("not measured");
    }

    String memory() {
        Markdown table = new Markdown(
                "",
                "Keys",
                "Threads",
                "Heap for each key, B",
                "after drains, B",
                "CPU time of a drain for each key, ns",
                "Allocated for each key that is touched and drained, B");
        for (Case one : cases(Kind.MEMORY)) {
            table.row(
                    one.peer().title(),
                    String.format(Locale.ROOT, "%,d", one.keys().keyCount()),
                    String.valueOf(one.threads()),
                    Numbers.range(results.figure(one, Figure.HEAP_PER_KEY)),
                    Numbers.range(results.figure(one, Figure.HEAP_PER_KEY_DRAINED)),
                    Numbers.range(results.figure(one, Figure.DRAIN_CPU_NANOS_PER_KEY)),
                    Numbers.range(results.figure(one, Figure.ALLOCATED_PER_KEY_AND_DRAIN)));
        }
        return table.toString();
    }

    String latency() {
        List<String> columns = new ArrayList<>(List.of("", "Drain every"));
        columns.addAll(PERCENTILE_TITLES);
        columns.add("CPU time of the writer, ns");
        Markdown table = new Markdown(columns);
        List<Svg.Line> lines = new ArrayList<>();
        for (Case one : cases(Kind.LATENCY)) {
            String drain = one.drainMillis() == 0 ? "-" : one.drainMillis() + " ms";
            List<Double> medians = PERCENTILES.stream()
                    .map(percentile -> results.figure(one, percentile))
                    .flatMap(Optional::stream)
                    .map(Samples::median)
                    .toList();
            List<String> row = new ArrayList<>(List.of(one.peer().title(), drain));
            PERCENTILES.forEach(percentile -> row.add(results.figure(one, percentile)
                    .map(s -> Numbers.time(s.median()))
                    .orElse("-")));
            row.add(Numbers.range(results.figure(one, Figure.WRITER_CPU_NANOS)));
            table.row(row);
            boolean isOfInterest = one.drainMillis() > 0 || one.peer() == Peer.EVERYCOUNT;
            if (medians.size() == PERCENTILES.size() && isOfInterest && IN_PLOT.contains(one.peer())) {
                lines.add(new Svg.Line(
                        one.peer().title() + (one.drainMillis() == 0 ? ", no drains" : ", a drain every " + drain),
                        medians));
            }
        }
        plots.put("latency.svg", Svg.lines("How long one increment takes, 1,000,000 keys", PERCENTILE_TITLES, lines));
        return table.toString();
    }

    /** Cases of a kind in which another peer's figure is less than ours by 5 % or more. */
    List<String> lost(Kind kind, Figure figure, String what) {
        List<String> lost = new ArrayList<>();
        for (Case other : cases(kind)) {
            if (other.peer() != Peer.EVERYCOUNT) {
                results.ratio(other, other.of(Peer.EVERYCOUNT), figure)
                        .filter(ratio -> ratio.median() <= 0.95)
                        .ifPresent(ratio -> lost.add(String.format(
                                Locale.ROOT,
                                "%s, %s: %s has %s of ours.",
                                what,
                                conditions(other),
                                other.peer().title(),
                                Numbers.range(Optional.of(ratio)))));
            }
        }
        return lost;
    }

    private static String conditions(Case of) {
        String drain = of.drainMillis() == 0 ? "" : ", a drain every " + of.drainMillis() + " ms";
        return of.keys().title() + ", " + (of.threads() == 1 ? "1 thread" : of.threads() + " threads") + drain;
    }
}
