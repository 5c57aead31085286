// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs the pairs of {@link IncrementBenchmark} that the cache is judged by: one fork of a contender, one
 * of its rival, and so on, so that whatever else the machine does hits both; and prints the medians over
 * the forks as a table.
 *
 * <pre>java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.IncrementReport [forks [json [filter]]]</pre>
 *
 * <p>The exit status is 0 if every figure that has a target reaches it.
 */
public final class IncrementReport {
    private static final int WARMUPS = 5;
    private static final int MEASUREMENTS = 5;
    private static final TimeValue TIME = TimeValue.milliseconds(300);
    private static final double BYTES_PER_OP_MAX = 0.5;

    /**
     * Two benchmarks to compare.
     *
     * @param target how many times as fast as the rival the contender must be; 0 if it need not
     */
    private record Pair(
            String what, String contender, String rival, KeySet keys, int threads, int drain, double target) {}

    private static final List<Pair> PAIRS = List.of(
            keyed("Key", KeySet.ZIPF_1000, 1, 100, 0.95),
            keyed("Key", KeySet.ZIPF_1000, 2, 100, 1.5),
            keyed("Key", KeySet.ZIPF_1000, 8, 100, 1.5),
            keyed("Key", KeySet.ZIPF_1000, 1, 0, 0),
            keyed("Key", KeySet.ZIPF_1000, 2, 0, 0),
            keyed("Key", KeySet.ZIPF_1000, 8, 0, 0),
            keyed("Key", KeySet.ONE, 2, 100, 0),
            handle(1),
            handle(2),
            handle(8),
            bytes(1),
            bytes(2));

    private final Map<Pair, Figures> figures = new LinkedHashMap<>();

    /** A pair's CPU nanoseconds and allocated bytes for each operation, one of each for every fork. */
    private record Figures(
            List<Double> contender, List<Double> rival, List<Double> contenderBytes, List<Double> rivalBytes) {
        Figures() {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }

        double speed() {
            return median(rival) / median(contender);
        }
    }

    private IncrementReport() {}

    private static Pair keyed(String what, KeySet keys, int threads, int drain, double target) {
        return new Pair(what, "everycount", "mapOfAdders", keys, threads, drain, target);
    }

    private static Pair handle(int threads) {
        return new Pair("Handle", "everycountHandle", "adder", KeySet.ONE, threads, 100, 0.95);
    }

    private static Pair bytes(int threads) {
        return new Pair("Bytes", "everycountBytes", "mapOfAddersBytes", KeySet.ZIPF_1000, threads, 100, 0);
    }

    /**
     * Runs everything.
     *
     * @param args how many forks of each (3), where to write JSON, and of which kind (Key, Handle, Bytes) only
     */
    public static void main(String[] args) throws RunnerException, IOException {
        int forks = args.length > 0 ? Integer.parseInt(args[0]) : 3;
        Path json = Path.of(args.length > 1 ? args[1] : "increment-report.json");
        String only = args.length > 2 ? args[2] : "";
        IncrementReport report = new IncrementReport();
        for (Pair pair : PAIRS) {
            if (pair.what.contains(only)) {
                report.figures.put(pair, new Figures());
            }
        }
        for (int fork = 0; fork < forks; fork++) {
            System.err.printf("fork %d of %d%n", fork + 1, forks);
            report.runAllOnce(fork % 2 == 1);
        }
        System.out.print(report.table(forks));
        Files.writeString(json, report.json());
        System.exit(report.reachesTargets() ? 0 : 1);
    }

    private void runAllOnce(boolean rivalFirst) throws RunnerException {
        for (Map.Entry<Pair, Figures> entry : figures.entrySet()) {
            Pair pair = entry.getKey();
            Figures figure = entry.getValue();
            if (rivalFirst) {
                run(pair, pair.rival, figure.rival, figure.rivalBytes);
            }
            run(pair, pair.contender, figure.contender, figure.contenderBytes);
            if (!rivalFirst) {
                run(pair, pair.rival, figure.rival, figure.rivalBytes);
            }
        }
    }

    private static void run(Pair pair, String benchmark, List<Double> nanos, List<Double> bytes)
            throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\Q" + IncrementBenchmark.class.getName() + "." + benchmark + "\\E$")
                .param("drain", String.valueOf(pair.drain))
                .forks(1)
                .threads(pair.threads)
                .warmupIterations(WARMUPS)
                .warmupTime(TIME)
                .measurementIterations(MEASUREMENTS)
                .measurementTime(TIME)
                .addProfiler(CpuProfiler.class)
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT);
        if (!pair.what.equals("Handle")) {
            options.param("keys", pair.keys.name());
        }
        RunResult result = new Runner(options.build()).runSingle();
        nanos.add(secondary(result, CpuProfiler.NANOS_PER_OP));
        bytes.add(secondary(result, "gc.alloc.rate.norm"));
    }

    /** The median over the iterations: on a busy machine, some of them still pay for compiling. */
    private static double secondary(RunResult result, String name) {
        List<Double> scores = new ArrayList<>();
        for (BenchmarkResult fork : result.getBenchmarkResults()) {
            for (IterationResult iteration : fork.getIterationResults()) {
                Result<?> found = iteration.getSecondaryResults().get(name);
                if (found != null) {
                    scores.add(found.getScore());
                }
            }
        }
        if (scores.isEmpty()) {
            throw new IllegalStateException("no " + name + " among the results");
        }
        return median(scores);
    }

    private static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static String range(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return format("%.1f (%.1f-%.1f)", median(values), sorted[0], sorted[sorted.length - 1]);
    }

    private boolean reachesTargets() {
        return figures.entrySet().stream().allMatch(e -> reachesTarget(e.getKey(), e.getValue()));
    }

    private static boolean reachesTarget(Pair pair, Figures f) {
        return f.speed() >= pair.target && median(f.contenderBytes) < BYTES_PER_OP_MAX;
    }

    private String table(int forks) {
        StringBuilder out = new StringBuilder(format(
                "%nJDK %s, %d processors, %s; medians over %d forks (least-most).%n%n",
                System.getProperty("java.version"),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.arch"),
                forks));
        out.append("| What | Keys | Threads | Drain every | Everycount, CPU ns/op | Rival, CPU ns/op | Speed to rival's"
                + " | Target | B/op | Rival's B/op |\n|---|---|---|---|---|---|---|---|---|---|\n");
        figures.forEach((pair, f) -> out.append(format(
                "| %s | %s | %d | %s | %s | %s | %.2f | %s | %.3f | %.3f |%n",
                pair.what,
                pair.keys,
                pair.threads,
                pair.drain == 0 ? "-" : pair.drain + " ms",
                range(f.contender),
                range(f.rival),
                f.speed(),
                pair.target == 0 ? "-" : format("%.2f: %s", pair.target, reachesTarget(pair, f) ? "met" : "MISSED"),
                median(f.contenderBytes),
                median(f.rivalBytes))));
        return out.toString();
    }

    private String json() {
        return figures.entrySet().stream()
                .map(e -> {
                    Pair pair = e.getKey();
                    Figures f = e.getValue();
                    return format(
                            "  {\"what\": \"%s\", \"keys\": \"%s\", \"threads\": %d, \"drainMillis\": %d,"
                                    + " \"target\": %.2f, \"speed\": %.3f, \"contender\": \"%s\", \"rival\": \"%s\","
                                    + "%n   \"contenderNanos\": %s, \"rivalNanos\": %s,"
                                    + "%n   \"contenderBytes\": %s, \"rivalBytes\": %s}",
                            pair.what,
                            pair.keys,
                            pair.threads,
                            pair.drain,
                            pair.target,
                            f.speed(),
                            pair.contender,
                            pair.rival,
                            array(f.contender),
                            array(f.rival),
                            array(f.contenderBytes),
                            array(f.rivalBytes));
                })
                .collect(Collectors.joining(
                        ",\n",
                        format(
                                "{\"jdk\": \"%s\", \"processors\": %d, \"pairs\": [%n",
                                System.getProperty("java.version"),
                                Runtime.getRuntime().availableProcessors()),
                        "\n]}\n"));
    }

    private static String array(List<Double> values) {
        return Arrays.toString(values.stream().map(v -> format("%.4f", v)).toArray());
    }

    private static String format(String format, Object... args) {
        return String.format(Locale.ROOT, format, args);
    }
}
