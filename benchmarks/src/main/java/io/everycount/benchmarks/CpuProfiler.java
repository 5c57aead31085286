// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * CPU time of the whole process for each operation: drainers, sinks and the collector of garbage
 * included. Unlike wall time it can be trusted on a shared machine, as a ratio of two.
 */
public final class CpuProfiler implements InternalProfiler {
    /** The name of the figure, ns. */
    public static final String NANOS_PER_OP = "cpu.ns/op";

    private CpuClock clock = new CpuClock();

    @Override
    public String getDescription() {
        return "CPU time of the process for each operation";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        clock = new CpuClock();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        long nanos = clock.nanos();
        // All operations, not only those in the measured window: the CPU time is that of all, too.
        long operations = Math.max(1, result.getMetadata().getAllOps());
        return List.of(new ScalarResult(NANOS_PER_OP, (double) nanos / operations, "ns/op", AggregationPolicy.AVG));
    }
}
