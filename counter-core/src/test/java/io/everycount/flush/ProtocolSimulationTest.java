// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.cell.CellStore;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import io.everycount.sink.Gap;
import io.everycount.sink.Mark;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random histories of the protocol, each from one seed, against a reference: the sum of all records is
 * what is stored, in quarantine and in declared gaps, key by key.
 *
 * <p>{@code -Deverycount.seed=N} replays one history; {@code -Deverycount.histories=N} runs more of them.
 */
class ProtocolSimulationTest {
    private static final long FIRST_SEED = new Random().nextInt(1_000_000_000);
    private static final int HISTORIES = Integer.getInteger("everycount.histories", 60_000);

    private final Map<String, Integer> seen = new HashMap<>();

    @Test
    void every_record_takes_effect_exactly_once_whatever_the_store_does() {
        Long only = Long.getLong("everycount.seed");
        long from = only == null ? FIRST_SEED : only;
        long to = only == null ? from + HISTORIES : from + 1;
        long start = System.nanoTime();
        for (long seed = from; seed < to; seed++) {
            String problem = history(seed, Guard.STRICT);
            assertThat(problem)
                    .as("history with seed %d (replay: -Deverycount.seed=%d)", seed, seed)
                    .isNull();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "protocol simulation: %d histories from seed %d in %.1f s; %s%n", to - from, from, seconds, seen);
        if (only == null) {
            assertThat(seen)
                    .as("the histories reach every corner")
                    .containsKeys("rewound", "gap", "quarantined", "failed", "fatal", "stopped", "fork");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Guard.class,
            names = {"AT_MOST", "NO_DIGEST", "NONE"})
    void a_wrong_guard_is_caught(Guard wrong) {
        int caught = 0;
        int histories = 0;
        // Forks are rare, so a missing digest takes more histories than the others.
        while (histories < 2_000 || caught == 0 && histories < HISTORIES) {
            if (history(FIRST_SEED + histories, wrong) != null) {
                caught++;
            }
            histories++;
        }
        System.out.printf("protocol simulation: guard %s caught in %d of %d histories%n", wrong, caught, histories);
        assertThat(caught).isPositive();
    }

    private String history(long seed, Guard guard) {
        Random random = new Random(seed);
        Bench.Plan plan = new Bench.Plan();
        plan.seed = random.nextLong();
        plan.instanceId = new UUID(random.nextLong(), random.nextLong());
        plan.recordKeysMax = 1 + random.nextInt(4);
        plan.batchKeysMax = 1 + random.nextInt(8);
        plan.retainedBytesMax = new long[] {0, 150, 1_000, 1 << 20}[random.nextInt(4)];
        plan.pendingBytesMax = random.nextInt(4) == 0 ? 200 : 1 << 20;
        plan.flushIntervalNanos = random.nextBoolean() ? 0 : TimeUnit.MILLISECONDS.toNanos(500);
        List<ModelStore> stores = new ArrayList<>();
        int required = random.nextInt(5) == 0 ? 2 : 1;
        for (int i = 0; i < required; i++) {
            stores.add(new ModelStore("store" + i, guard, 1_000));
        }
        plan.required.addAll(stores);
        if (random.nextInt(5) == 0) {
            stores.add(new ModelStore("besteffort", guard, 1_000));
            plan.bestEffort.add(stores.get(required));
        }
        if (random.nextInt(3) == 0) {
            stores.forEach(s -> s.poison(key -> key.equals("k1")));
        }
        Bench bench = plan.build();
        double faultRate = random.nextInt(3) * 0.2;
        try {
            live(bench, stores, random, faultRate);
            stores.forEach(s -> s.faults((op, argument) -> Fault.NONE));
            bench.settle();
            // What went back in time since is noticed by the next look at the ledger.
            bench.advance(6, TimeUnit.SECONDS);
            bench.settle();
            String problem = check(bench, stores, required);
            if (problem == null && random.nextInt(8) == 0) {
                problem = fork(plan, bench, stores, random);
            }
            for (String line : bench.told.lines) {
                count(line.substring(0, line.indexOf(' ')));
            }
            return problem;
        } catch (AssertionError e) {
            return e.getMessage();
        }
    }

    private void count(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    private void live(Bench bench, List<ModelStore> stores, Random random, double faultRate) {
        for (ModelStore store : stores) {
            store.seenAs(mark -> withoutDigest(bench, mark));
            store.faults((op, argument) -> random.nextDouble() >= faultRate
                    ? Fault.NONE
                    : Fault.values()[random.nextInt(Fault.values().length)]);
        }
        int ops = 10 + random.nextInt(60);
        for (int i = 0; i < ops; i++) {
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> add(bench, random);
                case 4, 5, 6 -> bench.drain();
                case 7, 8, 9 -> bench.writers.get(random.nextInt(stores.size())).step();
                case 10 -> bench.advance(1 + random.nextInt(8_000), TimeUnit.MILLISECONDS);
                default -> {
                    if (random.nextInt(3) == 0) {
                        int changes = random.nextInt(10) == 0 ? 1_000 : 1 + random.nextInt(5);
                        stores.get(random.nextInt(stores.size())).rewind(changes);
                    }
                }
            }
            bench.checkIdentity();
        }
    }

    private static void add(Bench bench, Random random) {
        long delta = switch (random.nextInt(12)) {
            case 0 -> CellStore.DELTA_MAX - random.nextInt(3);
            case 1 -> -CellStore.DELTA_MAX;
            case 2 -> 1L << (40 + random.nextInt(20));
            default -> random.nextInt(9) - 4;
        };
        if (delta != 0) {
            bench.add("k" + random.nextInt(6), delta);
        }
    }

    /** What a writer would make of a mark that carries no digest: that it is its own. */
    private static Mark withoutDigest(Bench bench, Mark mark) {
        RecordLog.Point point = bench.log.pointAt(mark.record());
        return point == null ? mark : point.mark();
    }

    private static String check(Bench bench, List<ModelStore> stores, int required) {
        if (bench.pipeline.state() != PipelineState.RUNNING) {
            return "stopped: " + bench.pipeline.whyStopped();
        }
        Map<String, Long> records = bench.sums(0, bench.archive.size());
        String difference = difference("records against what was accepted", bench.accepted, records);
        for (int i = 0; i < stores.size() && difference == null; i++) {
            ModelStore store = stores.get(i);
            difference = difference(store.name(), records, contents(store, bench));
            if (difference == null && required == 1 && i == 0) {
                difference = statsDifference(bench, store);
            }
        }
        return difference;
    }

    private static Map<String, Long> contents(ModelStore store, Bench bench) {
        Map<String, Long> found = new HashMap<>(store.totals());
        store.quarantineSums().forEach((key, sum) -> found.merge(key, sum, Long::sum));
        for (Gap gap : store.gaps()) {
            bench.sums(gap.from().record(), gap.to().record()).forEach((key, sum) -> found.merge(key, sum, Long::sum));
        }
        return found;
    }

    private static String statsDifference(Bench bench, ModelStore store) {
        Pipeline.Snapshot s = bench.pipeline.snapshot();
        if (s.persisted() != sum(store.totals())) {
            return "persisted " + s.persisted() + ", stored " + sum(store.totals());
        }
        if (s.quarantined() != sum(store.quarantineSums())) {
            return "quarantined " + s.quarantined() + ", in quarantine " + sum(store.quarantineSums());
        }
        long gaps = store.gaps().stream().mapToLong(Gap::deltaSum).sum();
        return s.lost() == gaps ? null : "lost " + s.lost() + ", in gaps " + gaps;
    }

    private static long sum(Map<String, Long> sums) {
        return sums.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String difference(String what, Map<String, Long> expected, Map<String, Long> found) {
        Map<String, Long> all = new HashMap<>(expected);
        found.forEach((key, sum) -> all.merge(key, -sum, Long::sum));
        all.values().removeIf(d -> d == 0);
        return all.isEmpty() ? null : what + ": missing (or, negative, too much) " + all;
    }

    /** A second process under the same id, as from a copied directory: it must stop, or be whole. */
    private String fork(Bench.Plan plan, Bench first, List<ModelStore> stores, Random random) {
        count("fork");
        Map<String, Long> before = contents(stores.get(0), first);
        plan.seed = random.nextLong();
        plan.required.clear();
        plan.bestEffort.clear();
        plan.required.add(stores.get(0));
        Bench second = plan.build();
        stores.get(0).seenAs(mark -> withoutDigest(second, mark));
        for (int i = 0; i < 10; i++) {
            add(second, random);
            second.drain();
        }
        second.settle();
        for (String line : second.told.lines) {
            count(line.substring(0, line.indexOf(' ')));
        }
        Map<String, Long> after = new HashMap<>(stores.get(0).totals());
        stores.get(0).quarantineSums().forEach((key, sum) -> after.merge(key, sum, Long::sum));
        first.archive();
        for (Gap gap : stores.get(0).gaps()) {
            first.sums(gap.from().record(), gap.to().record()).forEach((key, sum) -> after.merge(key, sum, Long::sum));
        }
        if (second.pipeline.state() == PipelineState.FORKED) {
            return difference("a fork wrote", before, after);
        }
        Map<String, Long> both = new HashMap<>(before);
        second.accepted.forEach((key, sum) -> both.merge(key, sum, Long::sum));
        return difference("both histories", both, after);
    }
}
