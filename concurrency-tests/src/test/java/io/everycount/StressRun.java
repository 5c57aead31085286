// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.infra.Status;
import org.openjdk.jcstress.infra.collectors.DiskReadCollector;
import org.openjdk.jcstress.infra.collectors.InProcessCollector;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.grading.GradingResult;

/** One run of jcstress in a process of its own, on this JDK and class path, and what it found. */
final class StressRun {
    /**
     * What one test came to, over all its forks.
     *
     * @param samples how often it ran
     * @param forbidden the outcomes that must not be, with how often they were
     * @param errors what else went wrong: a crash, a timeout, an exception
     */
    record Found(long samples, SortedMap<String, Long> forbidden, List<String> errors) {}

    final int exitCode;
    final SortedMap<String, Found> found = new TreeMap<>();
    private final Path directory;

    private StressRun(Path directory, int exitCode) {
        this.directory = directory;
        this.exitCode = exitCode;
    }

    /**
     * @param name of its directory, which must not exist
     * @param tests a regular expression
     * @param times how many times as long as usual
     */
    static StressRun of(String name, String tests, int times) throws IOException, InterruptedException {
        Path directory = Files.createDirectories(Path.of("target", "jcstress")).resolve(name);
        delete(directory);
        Files.createDirectory(directory);
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main",
                "-m",
                "quick",
                "-sc",
                "false",
                "-f",
                "1",
                "-iters",
                Integer.toString(4 * times),
                "-time",
                "50",
                "-hs",
                "128",
                "-pth",
                "false",
                "-jvmArgs",
                "-XX:+UseSerialGC",
                "-r",
                "report",
                "-t",
                tests);
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log.txt").toFile())
                .start();
        try {
            if (!process.waitFor(10L * times, TimeUnit.MINUTES)) {
                throw new AssertionError("no end after " + 10L * times + " minutes; see " + directory);
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        StressRun run = new StressRun(directory, process.exitValue());
        run.results().forEach(run::add);
        return run;
    }

    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted((a, b) -> b.compareTo(a)).forEach(file -> {
                    try {
                        Files.delete(file);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        }
    }

    private Collection<TestResult> results() throws IOException {
        Path results;
        try (Stream<Path> files = Files.list(directory)) {
            results = files.filter(f -> f.getFileName().toString().endsWith(".bin.gz"))
                    .findAny()
                    .orElseThrow(() -> new AssertionError("no results: " + log()));
        }
        InProcessCollector collector = new InProcessCollector();
        DiskReadCollector reader = new DiskReadCollector(results.toString(), collector);
        try {
            reader.dump();
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        } finally {
            reader.close();
        }
        return collector.getTestResults();
    }

    private void add(TestResult result) {
        Found known = found.getOrDefault(result.getName(), new Found(0, new TreeMap<>(), List.of()));
        List<String> errors = new ArrayList<>(known.errors);
        if (result.status() != Status.NORMAL) {
            errors.add(result.status() + " " + result.getMessages() + " " + result.getVmErr());
        }
        for (GradingResult outcome : result.grading().gradingResults.values()) {
            if (outcome.expect == Expect.FORBIDDEN && outcome.count > 0) {
                known.forbidden.merge(outcome.id, outcome.count, Long::sum);
            }
        }
        found.put(result.getName(), new Found(known.samples + result.getTotalCount(), known.forbidden, errors));
    }

    /** All that it wrote. */
    String log() {
        try {
            return Files.readString(directory.resolve("log.txt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One line for each test. */
    String summary() {
        StringBuilder lines = new StringBuilder();
        found.forEach((test, f) ->
                lines.append(String.format("%-80s %,12d samples, forbidden: %s%n", test, f.samples, f.forbidden)));
        return lines.toString();
    }
}
