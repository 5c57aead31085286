// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.endtoend;

import io.everycount.benchmarks.Directories;
import io.everycount.benchmarks.http.Machine;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * At what traffic do counts get lost? Raises the load on an adapter until it first refuses something, or takes no more,
 * and compares at each step, key by key, what was acknowledged with what the database has. The adapter, the program that
 * sends, and Postgres are processes on this machine; the adapter has a journal.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.endtoend.ThresholdReport \
 *     counter-http-adapter/target/counter-http-adapter.jar [SECONDS [PAGE]]</pre>
 *
 * <p>The exit status is 1 if one acknowledged increment is missing, or one too many is there.
 */
public final class ThresholdReport {
    private static final int STEPS_MAX = 12;
    private static final long START_SECONDS_MAX = 60;
    private static final long STOP_SECONDS_MAX = 60;
    private static final long STORED_MINUTES_MAX = 10;
    private static final Pattern NOTHING_PENDING = Pattern.compile("\"pending\" *: *0\\b");

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path jar;
    private final int seconds;
    private final Map<Scenario, List<Step>> measured = new LinkedHashMap<>();

    private ThresholdReport(Path jar, int seconds) {
        this.jar = jar;
        this.seconds = seconds;
    }

    /**
     * @param args the standalone jar; perhaps how many seconds a step takes, 10 if not given; and a file for a page in
     *     Markdown
     */
    public static void main(String[] args) throws Exception {
        if (args.length == 0 || !Files.isRegularFile(Path.of(args[0]))) {
            System.err.println("usage: ThresholdReport JAR [SECONDS [PAGE]], and JAR is the standalone adapter");
            System.exit(2);
        }
        ThresholdReport report =
                new ThresholdReport(Path.of(args[0]), args.length > 1 ? Integer.parseInt(args[1]) : 10);
        report.measure();
        String page = report.page();
        System.out.println(page);
        if (args.length > 2) {
            Files.writeString(Path.of(args[2]), page);
        }
        System.exit(report.measured.values().stream().flatMap(List::stream).allMatch(Step::isExact) ? 0 : 1);
    }

    private void measure() throws IOException, InterruptedException {
        try (PostgresServer server = PostgresServer.builder().durable(true).start()) {
            for (Scenario scenario : Scenario.ALL) {
                try (TestDatabase database = server.newDatabase()) {
                    measured.put(scenario, steps(scenario, database));
                }
            }
        }
    }

    private List<Step> steps(Scenario scenario, TestDatabase database) throws IOException, InterruptedException {
        List<Step> steps = new ArrayList<>();
        Path directory = Files.createTempDirectory("everycount-threshold");
        try {
            Process adapter = serve(scenario, database, directory);
            try {
                int port = port(adapter, directory);
                for (long rate = scenario.firstRate(); steps.size() < STEPS_MAX; rate *= 2) {
                    Step step = step(scenario, database, directory, port, rate);
                    steps.add(step);
                    System.err.println(scenario.title() + ": " + step);
                    // One step beyond where it begins shows that nothing changes there.
                    if (steps.stream()
                                    .filter(s -> s.isSaturated() || s.rejected() > 0)
                                    .count()
                            == 2) {
                        break;
                    }
                }
            } finally {
                end(adapter);
            }
        } finally {
            Directories.delete(directory);
        }
        return steps;
    }

    private Step step(Scenario scenario, TestDatabase database, Path directory, int port, long rate)
            throws IOException, InterruptedException {
        Path record = directory.resolve("run.tsv");
        Files.deleteIfExists(record);
        List<String> load = new ArrayList<>(java("load"));
        load.addAll(List.of(
                "--url",
                "http://127.0.0.1:" + port,
                "--rate",
                rate + "/s",
                "--duration",
                seconds + "s",
                "--record",
                record.toString()));
        load.addAll(scenario.loadOptions());
        String output = run(load, directory.resolve("load.log"));
        double storedSeconds = awaitStored(port);
        List<String> verify = new ArrayList<>(java("verify"));
        verify.addAll(List.of("--record", record.toString()));
        verify.addAll(databaseOptions(database));
        Path verified = directory.resolve("verify.log");
        Process process = start(verify, verified, database);
        boolean isExact = process.waitFor() == 0;
        if (!isExact) {
            System.err.println(Files.readString(verified));
        }
        return Step.of(rate, output, storedSeconds, isExact);
    }

    /** How long it takes until nothing is pending any more. */
    private double awaitStored(int port) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/stats"))
                .build();
        long start = System.nanoTime();
        long end = start + TimeUnit.MINUTES.toNanos(STORED_MINUTES_MAX);
        while (true) {
            String stats =
                    http.send(request, HttpResponse.BodyHandlers.ofString()).body();
            if (NOTHING_PENDING.matcher(stats).find()) {
                return (System.nanoTime() - start) / 1e9;
            }
            if (System.nanoTime() > end) {
                throw new IOException("there is still something pending: " + stats);
            }
            // Statistics are looked at; nobody tells.
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private Process serve(Scenario scenario, TestDatabase database, Path directory) throws IOException {
        List<String> command = new ArrayList<>(java("serve"));
        command.addAll(List.of(
                "--listen",
                "127.0.0.1:0",
                "--journal-dir",
                directory.resolve("journal").toString()));
        command.addAll(databaseOptions(database));
        command.addAll(scenario.serverOptions());
        return start(command, directory.resolve("serve.log"), database);
    }

    private static List<String> databaseOptions(TestDatabase database) {
        return List.of(
                "--database-url",
                database.jdbcUrl(),
                "--database-user",
                database.server().user());
    }

    private List<String> java(String command) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", jar.toString(), command);
    }

    private static Process start(List<String> command, Path log, TestDatabase database) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment()
                .put("EVERYCOUNT_DATABASE_PASSWORD", database.server().password());
        return builder.start();
    }

    private static String run(List<String> command, Path log) throws IOException, InterruptedException {
        new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
                .waitFor();
        return Files.readString(log);
    }

    /** It says so when it serves. */
    private static int port(Process adapter, Path directory) throws IOException, InterruptedException {
        Path log = directory.resolve("serve.log");
        String says = "Everycount serves on http://127.0.0.1:";
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS_MAX);
        while (true) {
            String said = Files.readString(log);
            int found = said.indexOf(says);
            if (found >= 0) {
                String rest = said.substring(found + says.length());
                return Integer.parseInt(rest.substring(0, rest.indexOf(' ')));
            }
            if (!adapter.isAlive() || System.nanoTime() > end) {
                throw new IOException("the adapter does not serve; it said:\n" + said);
            }
            // Its output is a file, and nobody tells when that grows.
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static void end(Process process) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    private String page() throws IOException {
        return """
                # At what traffic do counts get lost?

                At none: above what a server can take, requests wait or are refused, and what it has acknowledged is in the database,
                key by key. Generated by these commands:

                ```sh
                ./mvnw -Pbench -DskipTests -pl benchmarks,benchmarks/spring-peer -am package
                java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.endtoend.ThresholdReport \\
                    counter-http-adapter/target/counter-http-adapter.jar %d docs/rejection-threshold.md
                ```

                %s.

                The adapter (with a journal, acknowledging what is on disk there), the program that sends, and Postgres share this machine, so
                the rates are those of all three together. Each step offers twice as much as the one before, for %d s, and goes one step beyond
                the first that was refused something, or got less than 80 %% of what was offered. Latency is counted from when a
                request was due; what was acknowledged is compared when the adapter says that nothing is pending any more.
                %s""".formatted(
                        seconds,
                        Machine.line(),
                        seconds,
                        measured.entrySet().stream()
                                .map(entry -> table(entry.getKey(), entry.getValue()))
                                .collect(Collectors.joining()));
    }

    private static String table(Scenario scenario, List<Step> steps) {
        StringBuilder table =
                new StringBuilder("\n## ").append(capitalized(scenario.title())).append("\n\n");
        table.append(
                "| offered/s | answered/s | acknowledged | refused | no answer | first refusal | p99 | s until stored | stored = acknowledged |\n");
        table.append("|---:|---:|---:|---:|---:|---|---:|---:|---|\n");
        for (Step step : steps) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %,d | %,d | %,d | %,d | %,d | %s | %s | %.1f | %s |%n",
                    step.offered(),
                    step.perSecond(),
                    step.acknowledged(),
                    step.rejected(),
                    step.unknown(),
                    step.refusal(),
                    step.p99(),
                    step.storedSeconds(),
                    step.isExact() ? "yes" : "**NO**"));
        }
        return table.toString();
    }

    private static String capitalized(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
}
