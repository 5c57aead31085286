// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import io.everycount.benchmarks.Samples;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;

/**
 * How long servers take from the start of their process to their first answer, and the memory that they
 * then occupy. On all processors and with the JVM's defaults, one process at a time, by turns.
 */
final class StartComparison {
    private static final long IDLE_MILLIS = 1_000;

    /**
     * What was measured.
     *
     * @param millis from the start of the process to the first answer
     * @param residentBytes a second later; empty where the system does not tell
     */
    record Result(String server, String jdk, Samples millis, List<Double> residentBytes) {}

    private record Subject(Contender contender, Path home) {}

    private StartComparison() {}

    /** Starts every server on every JDK so many times. */
    static List<Result> run(List<Contender> contenders, List<Path> homes, int starts)
            throws IOException, InterruptedException {
        Map<Subject, List<Double>> millis = new LinkedHashMap<>();
        Map<Subject, List<Double>> resident = new LinkedHashMap<>();
        for (int start = 0; start < starts; start++) {
            System.err.printf("start %d of %d%n", start + 1, starts);
            for (Path home : homes) {
                for (Contender contender : contenders) {
                    Subject subject = new Subject(contender, home);
                    Path java = home.resolve("bin").resolve("java");
                    try (RunningServer server = RunningServer.start(contender, java, Processors.any())) {
                        millis.computeIfAbsent(subject, s -> new ArrayList<>())
                                .add(server.awaitFirstAnswer().toNanos() / 1e6);
                        // What it takes at rest is measured, so it has to have had some.
                        Thread.sleep(IDLE_MILLIS);
                        OptionalLong bytes = server.residentBytes();
                        List<Double> all = resident.computeIfAbsent(subject, s -> new ArrayList<>());
                        bytes.ifPresent(b -> all.add((double) b));
                    }
                }
            }
        }
        List<Result> results = new ArrayList<>();
        for (Map.Entry<Subject, List<Double>> entry : millis.entrySet()) {
            Subject subject = entry.getKey();
            results.add(new Result(
                    subject.contender.name(),
                    version(subject.home),
                    new Samples(entry.getValue()),
                    resident.get(subject)));
        }
        return results;
    }

    /** The version of a JDK, as its file {@code release} has it. */
    static String version(Path home) throws IOException {
        Properties release = new Properties();
        try (Reader reader = Files.newBufferedReader(home.resolve("release"))) {
            release.load(reader);
        }
        return release.getProperty("JAVA_VERSION", "?").replace("\"", "");
    }
}
