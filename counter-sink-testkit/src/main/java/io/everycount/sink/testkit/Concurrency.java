// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;

/**
 * Calls that overlap. A store may answer a conflict with a {@link RetriableSinkException}; it then has
 * to come out right by the ledger.
 */
final class Concurrency {
    private static final int INSTANCES = 8;
    private static final int BATCHES = 25;
    private static final int HOT_KEYS = 40;
    private static final int RACES = 30;

    private enum Outcome {
        APPLIED,
        REFUSED,
        UNKNOWN
    }

    private Concurrency() {}

    static void hotKeys(Bench bench) {
        List<Callable<Map<String, Long>>> writers = new ArrayList<>();
        List<Instance> instances = new ArrayList<>();
        for (int i = 0; i < INSTANCES; i++) {
            Instance instance = bench.instance();
            instances.add(instance);
            CounterSink sink = bench.openSink();
            long seed = i;
            writers.add(() -> {
                Random random = new Random(seed);
                Map<String, Long> sent = new HashMap<>();
                for (int batch = 0; batch < BATCHES; batch++) {
                    Map<String, Long> deltas = new HashMap<>();
                    for (int key = 0; key < HOT_KEYS; key++) {
                        if (random.nextInt(4) > 0) {
                            deltas.put("hot " + key, 1L + random.nextInt(100));
                        }
                    }
                    instance.deliver(sink, deltas);
                    deltas.forEach((key, delta) -> sent.merge(key, delta, Long::sum));
                }
                return sent;
            });
        }
        Map<String, Long> expected = new HashMap<>();
        bench.together(writers).forEach(sent -> sent.forEach((key, delta) -> expected.merge(key, delta, Long::sum)));
        bench.assertTotals(expected);
        instances.forEach(instance -> bench.assertLedger(instance, instance.mark()));
    }

    static void duplicates(Bench bench) {
        Instance instance = bench.instance();
        CounterSink one = bench.openSink();
        CounterSink other = bench.openSink();
        for (long race = 1; race <= RACES; race++) {
            CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 2L));
            List<Outcome> outcomes =
                    bench.<Outcome>together(List.of(() -> write(one, batch), () -> write(other, batch)));
            assertThat(outcomes)
                    .as("the outcomes of one batch sent twice at once")
                    .satisfies(both -> assertThat(both.stream().filter(Outcome.APPLIED::equals))
                            .hasSizeLessThanOrEqualTo(1));
            if (!instance.settled(one, batch)) {
                assertThat(outcomes)
                        .as("the outcomes of a batch that did not apply")
                        .contains(Outcome.UNKNOWN);
                instance.apply(one, batch);
            }
            bench.assertTotals(Map.of("a", race, "b", 2 * race));
        }
    }

    static void registerAgainstWrite(Bench bench) {
        CounterSink one = bench.openSink();
        CounterSink other = bench.openSink();
        long total = 0;
        for (int race = 0; race < RACES; race++) {
            Instance instance = bench.instance();
            instance.apply(one, Map.of("a", 1L));
            total++;
            CounterBatch batch = instance.batch(Map.of("a", 1L));
            UUID successor = UUID.randomUUID();
            List<Object> results = bench.<Object>together(
                    List.of(() -> write(one, batch), () -> register(other, instance.id(), successor)));
            Outcome outcome = (Outcome) results.get(0);
            LedgerEntry registered = (LedgerEntry) results.get(1);

            LedgerEntry entry = other.ledger(instance.id()).orElseThrow();
            assertThat(entry)
                    .as("the ledger after a registration raced a write that was %s", outcome)
                    .isEqualTo(registered);
            assertThat(entry.ownerToken()).isEqualTo(successor);
            Mark mark = entry.mark();
            assertThat(mark).isIn(batch.from(), batch.to());
            boolean applied = mark.equals(batch.to());
            if (outcome != Outcome.UNKNOWN) {
                assertThat(outcome).isEqualTo(applied ? Outcome.APPLIED : Outcome.REFUSED);
            }
            total += applied ? 1 : 0;
            bench.assertTotals(Map.of("a", total));
        }
    }

    static void registerAgainstRegister(Bench bench) {
        List<CounterSink> sinks = List.of(bench.openSink(), bench.openSink(), bench.openSink());
        for (int race = 0; race < RACES; race++) {
            UUID id = UUID.randomUUID();
            List<Callable<LedgerEntry>> calls = new ArrayList<>();
            for (CounterSink sink : sinks) {
                calls.add(() -> register(sink, id, UUID.randomUUID()));
            }
            List<LedgerEntry> entries = bench.together(calls);
            LedgerEntry kept = bench.sink().ledger(id).orElseThrow();
            assertThat(entries).as("what racing registrations returned").contains(kept);
            int applied = 0;
            // The losers first, so that a winner's write cannot hide theirs.
            entries.sort(Comparator.comparing(kept::equals));
            for (LedgerEntry entry : entries) {
                Mark to = Instance.after(Mark.ORIGIN, 1);
                CounterBatch batch = Instance.batch(id, entry.ownerToken(), entry.mark(), to, Map.of("b", 1L));
                applied += bench.sink().write(batch).isApplied() ? 1 : 0;
            }
            assertThat(applied).as("owners after racing registrations").isEqualTo(1);
        }
    }

    private static Outcome write(CounterSink sink, CounterBatch batch) {
        try {
            return sink.write(batch).isApplied() ? Outcome.APPLIED : Outcome.REFUSED;
        } catch (RetriableSinkException e) {
            return Outcome.UNKNOWN;
        }
    }

    private static LedgerEntry register(CounterSink sink, UUID id, UUID owner) {
        Registration registration = new Registration(id, owner, "race");
        for (int attempt = 1; ; attempt++) {
            try {
                return sink.register(registration);
            } catch (RetriableSinkException e) {
                if (attempt == RACES) {
                    throw e;
                }
            }
        }
    }
}
