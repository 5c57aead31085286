// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.counters.Peer;
import io.everycount.benchmarks.counters.Peer.Use;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.TimeValue;

/** Each benchmark and each probe runs, as shortly as it can. What it finds is not looked at. */
final class MeasurementTest {
    static Stream<Case> benchmarks() {
        Stream<Case> keyed = Stream.of(Kind.KEY, Kind.BYTES)
                .flatMap(kind -> Stream.of(Peer.EVERYCOUNT, Peer.MAP_OF_ADDERS)
                        .map(peer -> new Case(kind, peer, KeySet.ZIPF_1000, 2, 5)));
        Stream<Case> held = Peer.of(Use.HELD).stream().map(peer -> new Case(Kind.HANDLE, peer, KeySet.ONE, 2, 5));
        Stream<Case> virtual = Runtime.version().feature() < 21
                ? Stream.of()
                : Stream.of(new Case(Kind.VIRTUAL, Peer.EVERYCOUNT, KeySet.ZIPF_1000, 1, 5));
        return Stream.of(keyed, held, virtual).flatMap(cases -> cases);
    }

    @ParameterizedTest
    @MethodSource("benchmarks")
    void a_benchmark_gives_its_figures(Case measured) throws RunnerException {
        SortedMap<Figure, Double> figures = JmhProcess.figures(new Runner(JmhProcess.options(measured, Profile.QUICK)
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(20))
                        .build())
                .runSingle());

        assertThat(figures).containsOnlyKeys(Figure.CPU_NANOS, Figure.WALL_NANOS, Figure.ALLOCATED_BYTES);
        assertThat(figures.get(Figure.WALL_NANOS)).isPositive();
    }

    static Stream<Case> probes() {
        return Stream.of(Peer.EVERYCOUNT, Peer.MAP_OF_ADDERS)
                .flatMap(peer -> Stream.of(
                        new Case(Kind.LOSS, peer, KeySet.ZIPF_1000, 2, 0),
                        new Case(Kind.MEMORY, peer, KeySet.ZIPF_1000, 2, 0),
                        new Case(Kind.LATENCY, peer, KeySet.ZIPF_1000, 1, 5)));
    }

    @ParameterizedTest
    @MethodSource("probes")
    void a_probe_gives_its_figures(Case measured) throws Exception {
        int effort = measured.kind() == Kind.LOSS ? 50_000 : 0;

        SortedMap<Figure, Double> figures = new Probe(measured, effort).measure();

        assertThat(figures.keySet()).containsAll(expected(measured.kind()));
        if (measured.kind() == Kind.LOSS) {
            assertThat(figures).containsEntry(Figure.LOST_PER_MILLION, 0.0);
        }
    }

    private static List<Figure> expected(Kind kind) {
        return switch (kind) {
            case LOSS -> List.of(Figure.LOST_PER_MILLION, Figure.DRAINS);
            case MEMORY ->
                List.of(
                        Figure.HEAP_PER_KEY,
                        Figure.HEAP_PER_KEY_DRAINED,
                        Figure.DRAIN_CPU_NANOS_PER_KEY,
                        Figure.ALLOCATED_PER_KEY_AND_DRAIN);
            default -> List.of(Figure.P50, Figure.P99_99, Figure.MAX, Figure.WRITER_CPU_NANOS);
        };
    }
}
