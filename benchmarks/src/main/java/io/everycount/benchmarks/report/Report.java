// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.counters.Peer;
import io.everycount.benchmarks.http.Machine;
import io.everycount.benchmarks.report.Profile.Turn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Compares increments, drains and memory of all {@link Peer}s, each case in a process of its own, round by round, and
 * makes a page of it.
 *
 * <pre>./mvnw -Pbench -DskipTests -pl benchmarks -am package
 * java -jar benchmarks/target/benchmarks.jar quick</pre>
 *
 * <p>To be started in the directory of the project, on a machine that does nothing else. The exit status is 0 if every
 * aim is met, 1 if one is missed or was not measured, 2 if nothing could be done.
 */
public final class Report {
    static final String USAGE = """
            java -jar benchmarks/target/benchmarks.jar quick|full|page [options]
              quick            what has an aim, and every peer once; eleven minutes with two processors
              full             everything; some hours
              page             the page again, from the results that are there
              --out DIR        where benchmarks.md and benchmarks/ go (docs)
              --readme FILE    where the summary goes, between its two marks (README.md)
              --virtual HOME   a JDK, 21 or later, for virtual threads (the one this runs on)
              --resume         go on with the results that are there
            JMH's own command line: java -cp benchmarks/target/benchmarks.jar org.openjdk.jmh.Main
            """;

    private final Profile profile;
    private final Path file;
    private final Map<String, String> machine = new LinkedHashMap<>();
    private final String virtualJava;
    private final List<Sample> samples = new ArrayList<>();
    private String started = LocalDate.now().toString();
    private long secondsBefore;
    private final long startNanos = System.nanoTime();

    private Report(ReportOptions options) throws IOException {
        profile = Profile.valueOf(options.what.toUpperCase(Locale.ROOT));
        file = options.resultsFile();
        Map<String, String> all = Machine.describe();
        for (String name : List.of("processor", "processors", "system", "jdk")) {
            machine.put(name, all.get(name));
        }
        Path home = options.virtualHome;
        virtualJava = java(home == null ? Path.of(System.getProperty("java.home")) : home);
        if (home != null) {
            machine.put("jdk of virtual threads", home.getFileName().toString());
        }
        if (options.resumes && Files.exists(file)) {
            Results before = Results.read(file);
            samples.addAll(before.samples());
            started = before.started();
            secondsBefore = before.seconds();
        }
    }

    /** Measures, writes, and says how it went. */
    public static void main(String[] args) {
        try {
            ReportOptions options = new ReportOptions(args);
            Results results =
                    options.what.equals("page") ? Results.read(options.resultsFile()) : new Report(options).measure();
            Page page = new Page(results);
            page.write(options.out, options.readme);
            System.out.print(page.aims());
            System.exit(page.isMet() ? 0 : 1);
        } catch (IOException | IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        } catch (InterruptedException e) {
            System.exit(2);
        }
    }

    private static String java(Path home) {
        return home.resolve("bin").resolve("java").toString();
    }

    private Results measure() throws IOException, InterruptedException {
        Results before = results();
        List<Turn> turns = profile.turns().stream()
                .filter(turn -> !before.has(turn.measured(), turn.round()))
                .toList();
        for (int done = 0; done < turns.size(); done++) {
            Turn turn = turns.get(done);
            progress(turn, done, turns.size());
            if (!hasFailed(turn.measured())) {
                samples.add(measure(turn));
                results().write(file);
            }
        }
        return results();
    }

    /** What has failed once is not tried again: it costs time that the others need. */
    private boolean hasFailed(Case measured) {
        return samples.stream()
                .anyMatch(sample ->
                        sample.measured().equals(measured) && !sample.failure().isEmpty());
    }

    private Sample measure(Turn turn) throws InterruptedException {
        Case measured = turn.measured();
        String java = measured.kind() == Kind.VIRTUAL ? virtualJava : java(Path.of(System.getProperty("java.home")));
        try {
            return new Sample(
                    measured,
                    turn.round(),
                    measured.kind().isJmh()
                            ? JmhProcess.run(measured, profile, java)
                            : ProbeProcess.run(measured, profile, java),
                    "");
        } catch (RunnerException | IOException | IllegalArgumentException e) {
            System.err.println("failed: " + e);
            return Sample.failed(measured, turn.round(), why(e));
        }
    }

    /** The messages of all that led to it: JMH keeps what a benchmark threw among the suppressed ones. */
    private static String why(Throwable thrown) {
        List<String> words = new ArrayList<>();
        Deque<Throwable> open = new ArrayDeque<>(List.of(thrown));
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        while (!open.isEmpty()) {
            Throwable next = open.pop();
            if (seen.add(next)) {
                words.add(next.getMessage() == null ? next.getClass().getSimpleName() : next.getMessage());
                open.addAll(List.of(next.getSuppressed()));
                if (next.getCause() != null) {
                    open.add(next.getCause());
                }
            }
        }
        return words.stream().distinct().collect(Collectors.joining(": "));
    }

    private void progress(Turn turn, int done, int all) {
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        String left = done == 0
                ? ""
                : String.format(Locale.ROOT, "about %.0f min left, ", seconds / done * (all - done) / 60);
        System.err.printf(
                Locale.ROOT,
                "%d of %d, %sround %d: %s %s, %s, threads %d, drain %d ms%n",
                done + 1,
                all,
                left,
                turn.round() + 1,
                turn.measured().kind(),
                turn.measured().peer(),
                turn.measured().keys(),
                turn.measured().threads(),
                turn.measured().drainMillis());
    }

    private Results results() {
        Map<Peer, String> libraries = new EnumMap<>(Peer.class);
        for (Peer peer : Peer.values()) {
            libraries.put(peer, peer.library());
        }
        long seconds = secondsBefore + (System.nanoTime() - startNanos) / 1_000_000_000;
        return new Results(
                profile.name().toLowerCase(Locale.ROOT), started, seconds, machine, libraries, List.copyOf(samples));
    }
}
