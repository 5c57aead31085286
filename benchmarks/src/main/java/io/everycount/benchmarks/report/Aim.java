// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import static io.everycount.benchmarks.KeySet.ONE;
import static io.everycount.benchmarks.KeySet.UNIFORM_1000000;
import static io.everycount.benchmarks.KeySet.ZIPF_1000;
import static io.everycount.benchmarks.counters.Peer.CAFFEINE;
import static io.everycount.benchmarks.counters.Peer.EVERYCOUNT;
import static io.everycount.benchmarks.counters.Peer.EVERYCOUNT_CELLS;
import static io.everycount.benchmarks.counters.Peer.EVERYCOUNT_HANDLE;
import static io.everycount.benchmarks.counters.Peer.GUAVA;
import static io.everycount.benchmarks.counters.Peer.LONG_ADDER;
import static io.everycount.benchmarks.counters.Peer.MAP_OF_ADDERS;
import static io.everycount.benchmarks.counters.Peer.MICROMETER;
import static io.everycount.benchmarks.counters.Peer.PROMETHEUS;

import io.everycount.benchmarks.KeySet;
import io.everycount.benchmarks.Samples;
import io.everycount.benchmarks.counters.Peer;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What must come out: a figure, or a ratio of two figures of the same round.
 *
 * @param text what it is, in words
 * @param over the case whose figure it is, or that goes above the line
 * @param under the case that goes below the line, if there is one
 * @param figure which figure of both
 * @param isLeast whether the bound is the least or the most that it may be
 * @param bound the bound
 */
record Aim(String text, Case over, Optional<Case> under, Figure figure, boolean isLeast, double bound) {
    private static final int DRAIN_MILLIS = 100;
    /** JMH finds a few bytes in a million increments even if none allocates. */
    private static final double NO_BYTES = 0.05;

    static final List<Aim> ALL = List.of(
            faster(key(ZIPF_1000, 1), MAP_OF_ADDERS, 1.0),
            faster(key(ZIPF_1000, 2), MAP_OF_ADDERS, 1.5),
            faster(key(ZIPF_1000, 8), MAP_OF_ADDERS, 1.5),
            faster(key(UNIFORM_1000000, 2), MAP_OF_ADDERS, 2.5),
            faster(key(UNIFORM_1000000, 8), MAP_OF_ADDERS, 2.5),
            faster(cells(ZIPF_1000, 2), MAP_OF_ADDERS, 1.5),
            faster(cells(ZIPF_1000, 8), MAP_OF_ADDERS, 1.5),
            faster(cells(UNIFORM_1000000, 2), MAP_OF_ADDERS, 2.5),
            faster(key(ZIPF_1000, 8), GUAVA, 4),
            faster(key(ZIPF_1000, 8), CAFFEINE, 4),
            faster(key(ZIPF_1000, 1), PROMETHEUS, 4),
            faster(key(ZIPF_1000, 2), PROMETHEUS, 4),
            faster(key(ZIPF_1000, 8), PROMETHEUS, 4),
            faster(key(ZIPF_1000, 1), MICROMETER, 4),
            faster(key(ZIPF_1000, 2), MICROMETER, 4),
            faster(key(ZIPF_1000, 8), MICROMETER, 4),
            faster(bytes(1), MAP_OF_ADDERS, 2.5),
            faster(bytes(2), MAP_OF_ADDERS, 4),
            faster(handle(1), LONG_ADDER, 0.95),
            faster(handle(2), LONG_ADDER, 1.0),
            faster(handle(8), LONG_ADDER, 1.0),
            faster(key(ONE, 1), MAP_OF_ADDERS, 0.8),
            faster(key(ONE, 2), MAP_OF_ADDERS, 0.8),
            faster(key(ONE, 8), MAP_OF_ADDERS, 0.8),
            slower("CPU time of an increment with drains to that without", key(ZIPF_1000, 1), Figure.CPU_NANOS, 1.15),
            slower("CPU time of an increment with drains to that without", key(ZIPF_1000, 2), Figure.CPU_NANOS, 1.15),
            slower("CPU time of an increment with drains to that without", key(ZIPF_1000, 8), Figure.CPU_NANOS, 1.15),
            slower(
                    "CPU time of the writer alone, with drains to that without",
                    latency(),
                    Figure.WRITER_CPU_NANOS,
                    1.15),
            slower("p99.99 of an increment, with drains to that without", latency(), Figure.P99_99, 10),
            noBytes(key(ZIPF_1000, 2).drained(0)),
            noBytes(bytes(1).drained(0)),
            noBytes(handle(2)));

    private static Case key(KeySet keys, int threads) {
        return new Case(Kind.KEY, EVERYCOUNT, keys, threads, DRAIN_MILLIS);
    }

    private static Case cells(KeySet keys, int threads) {
        return key(keys, threads).of(EVERYCOUNT_CELLS);
    }

    private static Case bytes(int threads) {
        return new Case(Kind.BYTES, EVERYCOUNT, ZIPF_1000, threads, DRAIN_MILLIS);
    }

    private static Case handle(int threads) {
        return new Case(Kind.HANDLE, EVERYCOUNT_HANDLE, ONE, threads, DRAIN_MILLIS);
    }

    static Case latency() {
        return new Case(Kind.LATENCY, EVERYCOUNT, UNIFORM_1000000, 1, DRAIN_MILLIS);
    }

    /** How many increments ours makes in the CPU time in which the other one makes one. */
    private static Aim faster(Case ours, Peer other, double least) {
        String against = ours.kind() == Kind.BYTES ? "new String + " + other.title() : other.title();
        return new Aim(
                conditions(ours)
                        + (ours.peer() == EVERYCOUNT_CELLS ? ", the cells alone, against " : ", against ")
                        + against,
                ours.of(other),
                Optional.of(ours),
                Figure.CPU_NANOS,
                true,
                least);
    }

    private static Aim slower(String what, Case drained, Figure figure, double most) {
        return new Aim(
                what + ": " + conditions(drained), drained, Optional.of(drained.drained(0)), figure, false, most);
    }

    private static Aim noBytes(Case ours) {
        return new Aim(
                "Bytes allocated for an increment of a present key: " + conditions(ours)
                        + (ours.drainMillis() == 0 ? ", no drains" : ""),
                ours,
                Optional.empty(),
                Figure.ALLOCATED_BYTES,
                false,
                NO_BYTES);
    }

    private static String conditions(Case of) {
        String threads = of.threads() == 1 ? "1 thread" : of.threads() + " threads";
        return switch (of.kind()) {
            case BYTES -> "keys as bytes, " + of.keys().title() + ", " + threads;
            case HANDLE -> "handle, " + threads;
            default -> of.keys().title() + ", " + threads;
        };
    }

    /** Every case that has to be measured for it. */
    Stream<Case> cases() {
        return Stream.concat(Stream.of(over), under.stream());
    }

    /** What was measured, one for each round; empty if something is missing. */
    Optional<Samples> measured(Results results) {
        return under.map(u -> results.ratio(over, u, figure)).orElseGet(() -> results.figure(over, figure));
    }

    boolean isMet(Samples measured) {
        return isLeast ? measured.median() >= bound : measured.median() <= bound;
    }
}
