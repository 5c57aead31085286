// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.Samples;
import io.everycount.benchmarks.counters.Peer;
import io.everycount.benchmarks.counters.Peer.Use;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The page that is made of the results, its plots, and the summary for the README. */
final class Page {
    private static final String BEGIN = "<!-- benchmarks: made by the report, do not edit -->\n";
    private static final String END = "<!-- /benchmarks -->\n";
    private static final Set<Peer> IN_SUMMARY = Set.of(Peer.MAP_OF_ADDERS, Peer.LONG_ADDER);

    private final Results results;
    private final Map<String, String> plots = new TreeMap<>();

    Page(Results results) {
        this.results = results;
    }

    /**
     * Writes the page, the plots, and the summary if there is a place for it.
     *
     * @param directory where benchmarks.md goes, and a folder of that name with the plots
     * @param readme a file that may have two marks; left alone if not
     */
    void write(Path directory, Path readme) throws IOException {
        Path folder = directory.resolve("benchmarks");
        Files.createDirectories(folder);
        Files.writeString(directory.resolve("benchmarks.md"), text());
        try (var files = Files.newDirectoryStream(folder, "*.svg")) {
            for (Path old : files) {
                Files.delete(old);
            }
        }
        for (Map.Entry<String, String> plot : plots.entrySet()) {
            Files.writeString(folder.resolve(plot.getKey()), plot.getValue());
        }
        if (Files.exists(readme)) {
            String before = Files.readString(readme);
            Files.writeString(readme, withSummary(before));
        }
    }

    /** A text with the summary between its two marks; the same text if it has no marks. */
    String withSummary(String text) {
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        return begin < 0 || end < begin
                ? text
                : text.substring(0, begin + BEGIN.length()) + summary() + text.substring(end);
    }

    private String text() {
        Increments increments = new Increments(results, plots);
        Drains drains = new Drains(results, plots);
        Profile profile = Profile.valueOf(results.profile().toUpperCase(Locale.ROOT));
        return """
                # What counting costs

                Made by this command; nothing on this page is written by hand, and `page` instead of `%s` makes it again from
                [the figures of every process](benchmarks/results.json):

                ```sh
                ./mvnw -Pbench -DskipTests -pl benchmarks -am package && java -jar benchmarks/target/benchmarks.jar %s
                ```

                %s; profile %s, begun on %s, %d minutes.

                Every figure is the median of several processes, with the least and the most of them; every ratio the median of the
                ratios of the same round. In a round the contenders run one after the other, in every other round the other way round.
                A process of JMH warms up %d times %d ms and measures %d times; each time twice as long
                with 1,000,000 keys. Before that, every key is added and drained, twice at least and for 0.3 seconds, so that
                the compiler has seen drains.

                **CPU time** is that of the whole process, divided by its increments: drainers, sinks and garbage collection are in it,
                and so are JMH's loop and the walk through the keys; on Linux the JVM's compilers are not, as they come to an end. Wall
                time is what an increment takes its thread; with more threads than processors most of that is waiting. Where nothing else is said, there is a drain every 100 ms. Keys are Strings of
                25 characters, equal keys several instances. Everycount drains with its whole pipeline, into a sink that only sums up;
                what the others are drained of is summed up and goes nowhere.

                What else is measured: [requests over HTTP](http-benchmarks.md), [the journal](journal-benchmarks.md),
                [flushes to Postgres](sink-benchmarks.md) and
                [its tables](postgres-tuning.md), [the traffic at which an adapter refuses something](rejection-threshold.md),
                [many instances](scaling.md).

                ## What must come out

                %s
                ## Where we lose

                %s
                ## Increments

                CPU and wall time in ns for each increment, and bytes allocated for each, the most over the threads. Virtual threads
                make 8,000 increments each and yield after every 1,000.

                %s## What drains lose

                Four threads add to 1,000 keys while another one drains without a pause. "NO" is measured; "yes" is measured, too, and no
                proof. Who does not forget idle keys grows with all keys that there ever were. The last ones are there to show what the
                test finds.

                %s
                ## What keys and drains cost

                Each thread adds to every key once, and then there is a drain, with nobody adding; and so on. Heap is without the
                key's String, before the first drain, so with the tables that Everycount's keys have outgrown; and in use again after
                five drains, with nothing retained of what was written (28 bytes for each of these keys and drain, for up to a million, if not told otherwise).

                %s
                ## How long one increment takes

                One thread adds to 1,000,000 keys, as fast as it can, and looks at the clock before and after; both looks are in the times.
                Before it is timed it goes once through all of them.

                ![Percentiles of the time of one increment](benchmarks/latency.svg)

                %s
                ## Who failed, and why

                %s
                """.formatted(
                        results.profile(),
                        results.profile(),
                        results.machine().entrySet().stream()
                                .map(entry -> entry.getKey() + ": " + entry.getValue())
                                .collect(Collectors.joining("; ")),
                        results.profile(),
                        results.started(),
                        Math.round(results.seconds() / 60.0),
                        profile.warmups,
                        profile.iterationMillis(KeySet.ZIPF_1000),
                        profile.iterations,
                        aims(),
                        losses(increments, drains),
                        increments,
                        drains.losses(),
                        drains.memory(),
                        drains.latency(),
                        failures())
                .stripTrailing()
                .concat("\n");
    }

    /** What must come out, and what came out. */
    String aims() {
        Markdown table = new Markdown("", "Aim", "Measured", "");
        for (Aim aim : Aim.ALL) {
            Optional<Samples> measured = aim.measured(results);
            table.row(
                    aim.text(),
                    (aim.isLeast() ? "at least " : "at most ") + Numbers.plain(aim.bound()),
                    Numbers.range(measured),
                    measured.map(m -> aim.isMet(m) ? "met" : "**missed**").orElse("not measured"));
        }
        return table.toString();
    }

    boolean isMet() {
        return Aim.ALL.stream()
                .allMatch(aim -> aim.measured(results).filter(aim::isMet).isPresent());
    }

    private String losses(Increments increments, Drains drains) {
        StringBuilder out = new StringBuilder();
        Map<Case, Samples> lost = increments.lost();
        if (!lost.isEmpty()) {
            Markdown table = new Markdown(
                    "Increments", "Less CPU time", "Theirs to ours", "Drains without loss", "Forgets idle keys");
            lost.forEach((other, ratio) -> table.row(
                    Increments.conditions(other),
                    other.peer().title(),
                    Numbers.range(Optional.of(ratio)),
                    drains.lossless(other.peer()),
                    other.peer().use() == Use.HELD ? "" : other.peer().forgets() ? "yes" : "no"));
            out.append("Another one needs less CPU time than we do, by 5 % or more:\n\n")
                    .append(table)
                    .append('\n');
        }
        List<String> others = new ArrayList<>();
        others.addAll(drains.lost(Kind.MEMORY, Figure.HEAP_PER_KEY, "Heap for each key before drains"));
        others.addAll(drains.lost(Kind.MEMORY, Figure.HEAP_PER_KEY_DRAINED, "Heap for each key after drains"));
        others.addAll(drains.lost(Kind.MEMORY, Figure.DRAIN_CPU_NANOS_PER_KEY, "CPU time of a drain"));
        others.addAll(drains.lost(Kind.MEMORY, Figure.ALLOCATED_PER_KEY_AND_DRAIN, "Bytes allocated"));
        others.addAll(drains.lost(Kind.LATENCY, Figure.P99_99, "p99.99 of an increment"));
        others.forEach(line -> out.append("- ").append(line).append('\n'));
        return out.isEmpty() ? "In nothing that was measured.\n" : out.toString();
    }

    private String failures() {
        Markdown table = new Markdown("", "Case", "Why");
        List<Sample> failed = results.samples().stream()
                .filter(sample -> !sample.failure().isEmpty())
                .toList();
        failed.forEach(sample -> table.row(
                sample.measured().peer().title(),
                sample.measured().kind().name().toLowerCase(Locale.ROOT) + ", "
                        + sample.measured().keys().title() + ", "
                        + "threads: " + sample.measured().threads() + ", drain: "
                        + sample.measured().drainMillis() + " ms",
                sample.failure()));
        return failed.isEmpty() ? "Nobody.\n" : table.toString();
    }

    /** For the README: how many times as fast, and how many aims are met. */
    private String summary() {
        Markdown table =
                new Markdown("Increments of ours in the CPU time of one of theirs; a drain every 100 ms", "Measured");
        for (Aim aim : Aim.ALL) {
            if (aim.figure() == Figure.CPU_NANOS
                    && aim.isLeast()
                    && IN_SUMMARY.contains(aim.over().peer())) {
                aim.measured(results)
                        .ifPresent(measured -> table.row(aim.text(), Numbers.range(Optional.of(measured))));
            }
        }
        long met = Aim.ALL.stream()
                .filter(aim -> aim.measured(results).filter(aim::isMet).isPresent())
                .count();
        return "\n" + table + "\n" + met + " of " + Aim.ALL.size() + " aims are met; "
                + results.machine().entrySet().stream()
                        .map(entry -> entry.getKey() + ": " + entry.getValue())
                        .collect(Collectors.joining("; "))
                + ".\n\n";
    }
}
