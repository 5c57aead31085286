// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import io.everycount.benchmarks.CpuProfiler;
import io.everycount.benchmarks.HandleBenchmark;
import io.everycount.benchmarks.KeyBenchmark;
import io.everycount.benchmarks.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
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

/** Measures a case in one fork of JMH. */
final class JmhProcess {
    private static final TimeValue PATIENCE = TimeValue.seconds(60);

    private JmhProcess() {}

    /**
     * Measures.
     *
     * @param java the program that runs the fork
     * @throws RunnerException if the fork failed
     */
    static SortedMap<Figure, Double> run(Case measured, Profile profile, String java) throws RunnerException {
        return figures(new Runner(options(measured, profile).jvm(java).forks(1).build()).runSingle());
    }

    static ChainedOptionsBuilder options(Case measured, Profile profile) {
        TimeValue time = TimeValue.milliseconds(profile.iterationMillis(measured.keys()));
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\Q" + benchmark(measured) + "\\E$")
                .param("drain", String.valueOf(measured.drainMillis()))
                .threads(measured.threads())
                .warmupIterations(profile.warmups)
                .warmupTime(time)
                .measurementIterations(profile.iterations)
                .measurementTime(time)
                .timeout(PATIENCE)
                .shouldFailOnError(true)
                .addProfiler(CpuProfiler.class)
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT);
        if (measured.kind() != Kind.HANDLE) {
            options.param("keys", measured.keys().name())
                    .param("peer", measured.peer().name());
        }
        return options;
    }

    static SortedMap<Figure, Double> figures(RunResult result) {
        SortedMap<Figure, Double> figures = new TreeMap<>();
        figures.put(Figure.CPU_NANOS, median(result, CpuProfiler.NANOS_PER_OP));
        figures.put(Figure.ALLOCATED_BYTES, median(result, "gc.alloc.rate.norm"));
        figures.put(Figure.WALL_NANOS, median(result, ""));
        return figures;
    }

    private static String benchmark(Case measured) {
        return switch (measured.kind()) {
            case KEY -> KeyBenchmark.class.getName() + ".key";
            case BYTES -> KeyBenchmark.class.getName() + ".bytes";
            case VIRTUAL -> KeyBenchmark.class.getName() + ".virtualThreads";
            case HANDLE ->
                HandleBenchmark.class.getName() + "."
                        + camelCase(measured.peer().name());
            default -> throw new IllegalArgumentException(measured + " is not for JMH");
        };
    }

    private static String camelCase(String constant) {
        StringBuilder name = new StringBuilder();
        for (String word : constant.split("_")) {
            String lower = word.toLowerCase(Locale.ROOT);
            name.append(name.isEmpty() ? lower : word.charAt(0) + lower.substring(1));
        }
        return name.toString();
    }

    /**
     * The median over the iterations: on a busy machine, some of them still pay for compiling.
     *
     * @param name of a profiler's figure; empty for the benchmark's own
     */
    private static double median(RunResult result, String name) {
        List<Double> scores = new ArrayList<>();
        for (BenchmarkResult fork : result.getBenchmarkResults()) {
            for (IterationResult iteration : fork.getIterationResults()) {
                Result<?> found = name.isEmpty()
                        ? iteration.getPrimaryResult()
                        : iteration.getSecondaryResults().get(name);
                if (found != null) {
                    scores.add(found.getScore());
                }
            }
        }
        return new Samples(scores).median();
    }
}
