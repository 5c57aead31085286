// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.Samples;
import io.everycount.benchmarks.counters.Peer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The part of the page on increments: a table for each set of conditions, and plots. */
final class Increments {
    private static final int BARS_MIN = 4;

    private final Results results;
    private final Map<String, String> plots;

    /** What a table is about; threads are its columns. */
    private record Conditions(Kind kind, KeySet keys, int drainMillis) {
        static final Comparator<Conditions> ORDER = Comparator.comparing(Conditions::kind)
                .thenComparing(Conditions::keys)
                .thenComparing(c -> c.drainMillis == 0 ? Integer.MAX_VALUE : -c.drainMillis);

        String title() {
            String what = switch (kind) {
                case BYTES -> "Keys as bytes, " + keys.title();
                case HANDLE -> "Held counters";
                case VIRTUAL -> "By key from virtual threads, " + keys.title();
                default -> "By key, " + keys.title();
            };
            return what + ", " + drains();
        }

        String drains() {
            return drainMillis == 0 ? "no drains" : "a drain every " + drainMillis + " ms";
        }

        Case of(Peer peer, int threads) {
            return new Case(kind, peer, keys, threads, drainMillis);
        }
    }

    /**
     * Prepares it.
     *
     * @param plots gets the plots, by file name
     */
    Increments(Results results, Map<String, String> plots) {
        this.results = results;
        this.plots = plots;
    }

    @Override
    public String toString() {
        SortedMap<Conditions, List<Case>> tables = new TreeMap<>(Conditions.ORDER);
        for (Case one : results.cases()) {
            if (one.kind().isJmh() && results.figure(one, Figure.CPU_NANOS).isPresent()) {
                tables.computeIfAbsent(
                                new Conditions(one.kind(), one.keys(), one.drainMillis()), c -> new ArrayList<>())
                        .add(one);
            }
        }
        StringBuilder out = new StringBuilder();
        tables.forEach((conditions, cases) -> {
            out.append("### ").append(conditions.title()).append("\n\n");
            plot(conditions, cases)
                    .ifPresent(name -> out.append("![CPU time of one increment](benchmarks/")
                            .append(name)
                            .append(")\n\n"));
            out.append(table(conditions, cases)).append('\n');
        });
        return out.toString();
    }

    private String table(Conditions conditions, List<Case> cases) {
        List<Integer> threads =
                cases.stream().map(Case::threads).distinct().sorted().toList();
        List<String> columns = new ArrayList<>(List.of(""));
        threads.forEach(t -> columns.add("CPU, " + columnTitle(conditions, t)));
        threads.forEach(t -> columns.add("wall, " + columnTitle(conditions, t)));
        columns.add("B/op");
        Markdown table = new Markdown(columns);
        for (Peer peer : peers(cases)) {
            List<String> row = new ArrayList<>(List.of(peer.title()));
            threads.forEach(t -> row.add(Numbers.range(results.figure(conditions.of(peer, t), Figure.CPU_NANOS))));
            threads.forEach(t -> row.add(Numbers.median(results.figure(conditions.of(peer, t), Figure.WALL_NANOS))));
            row.add(threads.stream()
                    .map(t -> results.figure(conditions.of(peer, t), Figure.ALLOCATED_BYTES))
                    .flatMap(Optional::stream)
                    .map(Samples::median)
                    .max(Comparator.naturalOrder())
                    .map(Numbers::plain)
                    .orElse("-"));
            table.row(row);
        }
        return table.toString();
    }

    private static String columnTitle(Conditions conditions, int threads) {
        if (conditions.kind == Kind.VIRTUAL) {
            return "64 at a time";
        }
        return threads == 1 ? "1 thread" : threads + " threads";
    }

    private static List<Peer> peers(List<Case> cases) {
        return cases.stream().map(Case::peer).distinct().sorted().toList();
    }

    /** Of the number of threads with which most peers were measured. */
    private Optional<String> plot(Conditions conditions, List<Case> cases) {
        SortedMap<Integer, List<Svg.Bar>> byThreads = new TreeMap<>();
        for (Case one : cases) {
            byThreads
                    .computeIfAbsent(one.threads(), t -> new ArrayList<>())
                    .add(new Svg.Bar(
                            one.peer().title(),
                            results.figure(one, Figure.CPU_NANOS).orElseThrow().median(),
                            one.peer().drainsItself()));
        }
        int threads = byThreads.entrySet().stream()
                .max(Comparator.comparing(e -> e.getValue().size()))
                .orElseThrow()
                .getKey();
        List<Svg.Bar> bars = byThreads.get(threads);
        if (bars.size() < BARS_MIN) {
            return Optional.empty();
        }
        bars.sort(Comparator.comparing(Svg.Bar::value).thenComparing(Svg.Bar::label));
        String name = Stream.of(conditions.kind.name(), conditions.keys.name(), conditions.drainMillis + "ms")
                        .reduce((a, b) -> a + "-" + b)
                        .orElseThrow()
                        .toLowerCase(Locale.ROOT)
                        .replace('_', '-')
                + ".svg";
        plots.put(
                name,
                Svg.bars(
                        conditions.title() + ", " + columnTitle(conditions, threads)
                                + ": CPU time of one increment, ns",
                        bars));
        return Optional.of(name);
    }

    /** Every case in which another one of the same conditions needs less CPU time than ours, by 5 % or more. */
    Map<Case, Samples> lost() {
        Map<Case, Samples> lost = new LinkedHashMap<>();
        results.cases().stream()
                .filter(one -> one.kind().isJmh() && !one.peer().drainsItself())
                .sorted(Comparator.comparing(Case::kind)
                        .thenComparing(Case::keys)
                        .thenComparing(Case::drainMillis)
                        .thenComparing(Case::threads)
                        .thenComparing(Case::peer))
                .forEach(other -> results.ratio(other, ours(other), Figure.CPU_NANOS)
                        .filter(ratio -> ratio.median() <= 0.95)
                        .ifPresent(ratio -> lost.put(other, ratio)));
        return lost;
    }

    private static Case ours(Case other) {
        return other.of(other.kind() == Kind.HANDLE ? Peer.EVERYCOUNT_HANDLE : Peer.EVERYCOUNT);
    }

    /** What a case is, in words. */
    static String conditions(Case of) {
        Conditions conditions = new Conditions(of.kind(), of.keys(), of.drainMillis());
        return conditions.title() + ", " + columnTitle(conditions, of.threads());
    }
}
