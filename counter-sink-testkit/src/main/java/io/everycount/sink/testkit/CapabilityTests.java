// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.SinkException;
import io.everycount.sink.WriteResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** The tests that each {@link Capability} makes possible, by their names. */
final class CapabilityTests {
    private CapabilityTests() {}

    static Map<String, Consumer<Bench>> of(Capability capability) {
        Map<String, Consumer<Bench>> tests = new LinkedHashMap<>();
        switch (capability) {
            case QUARANTINE -> {
                tests.put("a poison entry is set aside and the others apply", CapabilityTests::poisonAmongOthers);
                tests.put("a batch of nothing but poison moves the mark", CapabilityTests::nothingButPoison);
                tests.put("poison at both ends and in the middle of a large batch", CapabilityTests::muchPoison);
                tests.put("a refused batch puts nothing into quarantine", CapabilityTests::poisonRefused);
                tests.put("quarantine is found by instance and exact range", CapabilityTests::quarantineByRange);
                tests.put("a key that was quarantined goes on counting", CapabilityTests::countingAfterPoison);
            }
            case FAILURE -> {
                tests.put("a write that fails changes nothing and can be sent again", CapabilityTests::failedWrite);
                tests.put("a write of an empty batch that fails does not move the mark", CapabilityTests::failedEmpty);
            }
            case LOST_REPLY -> {
                tests.put("the ledger knows that a write without a reply applied", CapabilityTests::lostReply);
                tests.put("writes that lose replies, settled by the ledger, conserve", CapabilityTests::lostReplies);
            }
            case STALL -> {
                tests.put("a write that is held up ends in time, and the ledger knows how", CapabilityTests::heldUp);
                tests.put("the ledger is not overtaken by a write under way", CapabilityTests::ledgerDuringWrite);
                tests.put(
                        "a registration is not overtaken by a write under way",
                        CapabilityTests::registrationDuringWrite);
            }
            case REWIND -> {
                tests.put("the ledger shows the lower mark, and a replay heals", CapabilityTests::rewound);
                tests.put("a rewind past the registration shows no entry", CapabilityTests::rewoundPastRegistration);
                tests.put("a rewind to a former owner refuses the latest", CapabilityTests::rewoundPastOwner);
                tests.put("a gap heals what can no longer be replayed", CapabilityTests::rewoundTooFar);
            }
        }
        return tests;
    }

    // Quarantine

    private static PoisonEntry prepared(Bench bench, Instance instance, String key) {
        PoisonEntry poison = bench.store().poison(key);
        if (poison.before() != 0) {
            instance.apply(bench.sink(), Map.of(poison.key(), poison.before()));
        }
        return poison;
    }

    private static void poisonAmongOthers(Bench bench) {
        Instance instance = bench.instance();
        PoisonEntry poison = prepared(bench, instance, "b");
        Map<String, Long> totals = new HashMap<>(bench.store().totals());
        CounterBatch batch = instance.batch(Map.of("a", 1L, poison.key(), poison.delta(), "c", 3L));

        WriteResult result = instance.apply(bench.sink(), batch);

        totals.putAll(Map.of("a", 1L, "c", 3L));
        bench.assertTotals(totals);
        bench.assertLedger(instance, batch.to());
        Bench.assertEntries("the write's quarantined()", result.quarantined(), List.of(poison));
        Bench.assertEntries("the store's quarantine", bench.store().quarantined(), List.of(poison));
        Bench.assertEntries(
                "quarantined(instance, …)",
                bench.openSink()
                        .quarantined(
                                instance.id(), batch.from().record(), batch.to().record()),
                List.of(poison));
        bench.assertRefused("it had applied before", batch);
    }

    private static void nothingButPoison(Bench bench) {
        Instance instance = bench.instance();
        List<PoisonEntry> poisons =
                List.of(prepared(bench, instance, "a"), prepared(bench, instance, "b"), prepared(bench, instance, "c"));
        Map<String, Long> totals = bench.store().totals();
        CounterBatch batch = instance.batch(deltas(poisons));
        WriteResult result = instance.apply(bench.sink(), batch);
        Bench.assertEntries("the write's quarantined()", result.quarantined(), poisons);
        Bench.assertEntries("the store's quarantine", bench.store().quarantined(), poisons);
        bench.assertTotals(totals);
        bench.assertLedger(instance, batch.to());
    }

    private static void muchPoison(Bench bench) {
        Instance instance = bench.instance();
        List<PoisonEntry> poisons = new ArrayList<>();
        for (String key : List.of("  first", "key 500a", "key 500b", "key 777 'odd' \\ \ud83d\ude00", "zz last")) {
            poisons.add(prepared(bench, instance, key));
        }
        Map<String, Long> totals = new HashMap<>(bench.store().totals());
        Map<String, Long> deltas = deltas(poisons);
        for (long i = 0; i < 1_000; i++) {
            deltas.put("key " + i, i + 1);
            totals.put("key " + i, i + 1);
        }
        WriteResult result = instance.apply(bench.sink(), deltas);
        Bench.assertEntries("the write's quarantined()", result.quarantined(), poisons);
        Bench.assertEntries("the store's quarantine", bench.store().quarantined(), poisons);
        bench.assertTotals(totals);
    }

    private static void poisonRefused(Bench bench) {
        Instance instance = bench.instance();
        PoisonEntry poison = prepared(bench, instance, "a");
        Mark wrong = new Mark(instance.mark().record(), instance.mark().digest() + 1);
        bench.assertRefused(
                "its history has another digest",
                instance.batch(instance.owner(), wrong, Instance.after(wrong, 1), deltas(List.of(poison))));
        assertThat(bench.store().quarantined()).isEmpty();
    }

    private static void quarantineByRange(Bench bench) {
        Instance instance = bench.instance();
        Instance neighbour = bench.instance();
        PoisonEntry poison = prepared(bench, instance, "a");
        long start = instance.mark().record();
        // Batches (0..1], (1..4], (4..5], (5..8] from the start on; the third without poison.
        for (long records : new long[] {1, 3, 1, 3}) {
            Map<String, Long> deltas =
                    instance.mark().record() == start + 4 ? Map.of("good", 1L) : deltas(List.of(poison));
            Mark to = Instance.after(instance.mark(), records);
            instance.apply(bench.sink(), instance.batch(instance.owner(), instance.mark(), to, deltas));
        }
        neighbour.apply(bench.sink(), deltas(List.of(poison)));

        for (long after = 0; after <= 9; after++) {
            for (long upTo = after; upTo <= 9; upTo++) {
                List<PoisonEntry> expected = new ArrayList<>();
                for (long to : new long[] {1, 4, 8}) {
                    if (to > after && to <= upTo) {
                        expected.add(poison);
                    }
                }
                Bench.assertEntries(
                        "quarantined after record " + after + " up to " + upTo,
                        bench.sink().quarantined(instance.id(), start + after, start + upTo),
                        expected);
            }
        }
        Bench.assertEntries(
                "quarantined of a neighbour",
                bench.sink().quarantined(neighbour.id(), 0, Long.MAX_VALUE),
                List.of(poison));
        Bench.assertEntries(
                "quarantined of nobody", bench.sink().quarantined(UUID.randomUUID(), 0, Long.MAX_VALUE), List.of());
    }

    private static void countingAfterPoison(Bench bench) {
        Instance instance = bench.instance();
        PoisonEntry poison = prepared(bench, instance, "a");
        instance.apply(bench.sink(), deltas(List.of(poison)));
        WriteResult again = instance.apply(bench.sink(), deltas(List.of(poison)));
        Bench.assertEntries("the write's quarantined()", again.quarantined(), List.of(poison));
        Bench.assertEntries("the store's quarantine", bench.store().quarantined(), List.of(poison, poison));
        instance.apply(bench.sink(), Map.of("good", 2L));
        assertThat(bench.store().total("good")).isEqualTo(2);
        assertThat(bench.store().total(poison.key())).isEqualTo(poison.before());
    }

    private static Map<String, Long> deltas(List<PoisonEntry> poisons) {
        Map<String, Long> deltas = new HashMap<>();
        poisons.forEach(poison -> deltas.put(poison.key(), poison.delta()));
        return deltas;
    }

    // Failure

    private static void failedWrite(Bench bench) {
        Instance instance = bench.instance();
        instance.apply(bench.sink(), Map.of("a", 1L, "b", 10L));
        CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 10L, "c", 100L));
        bench.store().failNextWrite();
        assertThatThrownBy(() -> bench.sink().write(batch)).isInstanceOf(SinkException.class);
        bench.assertLedger(instance, batch.from());
        bench.assertTotals(Map.of("a", 1L, "b", 10L));
        assertThat(bench.store().quarantined()).isEmpty();
        instance.apply(bench.sink(), batch);
        bench.assertTotals(Map.of("a", 2L, "b", 20L, "c", 100L));
        bench.assertRefused("it had applied before", batch);
    }

    private static void failedEmpty(Bench bench) {
        Instance instance = bench.instance();
        CounterBatch batch = instance.batch(Map.of());
        bench.store().failNextWrite();
        assertThatThrownBy(() -> bench.sink().write(batch)).isInstanceOf(SinkException.class);
        bench.assertLedger(instance, batch.from());
        instance.apply(bench.sink(), batch);
    }

    // Lost replies

    private static void lostReply(Bench bench) {
        Instance instance = bench.instance();
        instance.apply(bench.sink(), Map.of("a", 1L));
        CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 10L));
        bench.store().loseNextReply();
        assertThatThrownBy(() -> bench.sink().write(batch))
                .as("a write whose reply was lost")
                .isInstanceOf(RetriableSinkException.class);
        assertThat(instance.settled(bench.sink(), batch))
                .as("applied, says the ledger")
                .isTrue();
        bench.assertTotals(Map.of("a", 2L, "b", 10L));
        bench.assertRefused("it had applied before", batch);
        instance.apply(bench.sink(), Map.of("a", 1L));
        bench.assertTotals(Map.of("a", 3L, "b", 10L));
    }

    private static void lostReplies(Bench bench) {
        Instance instance = bench.instance();
        for (long i = 1; i <= 20; i++) {
            if (i % 3 != 0) {
                bench.store().loseNextReply();
            }
            instance.deliver(bench.sink(), Map.of("a", i, "b " + i, -i));
            assertThat(bench.store().total("a")).isEqualTo(i * (i + 1) / 2);
            assertThat(bench.store().total("b " + i)).isEqualTo(-i);
        }
    }

    // Stalls

    private static void heldUp(Bench bench) {
        Instance instance = bench.instance();
        instance.apply(bench.sink(), Map.of("a", 1L));
        CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 10L));
        try (Stall stall = bench.store().stall("a")) {
            Future<WriteResult> write = bench.start(() -> bench.sink().write(batch));
            bench.await("the write is held up", () -> stall.isHolding() || write.isDone());
            assertThatThrownBy(() -> bench.get(write))
                    .as("a write that is held up")
                    .isInstanceOf(RetriableSinkException.class);
        }
        if (!instance.settled(bench.sink(), batch)) {
            instance.deliver(bench.sink(), Map.of("a", 1L, "b", 10L));
        }
        bench.assertTotals(Map.of("a", 2L, "b", 10L));
        bench.assertRefused("it had applied before", batch);
    }

    private static void ledgerDuringWrite(Bench bench) {
        duringWrite(bench, (sink, instance) -> sink.ledger(instance.id()));
    }

    private static void registrationDuringWrite(Bench bench) {
        duringWrite(
                bench,
                (sink, instance) ->
                        Optional.of(sink.register(new Registration(instance.id(), UUID.randomUUID(), "successor"))));
    }

    private interface Question {
        Optional<LedgerEntry> ask(CounterSink sink, Instance instance);
    }

    private static void duringWrite(Bench bench, Question question) {
        Instance instance = bench.instance();
        CounterSink other = bench.openSink();
        instance.apply(bench.sink(), Map.of("a", 1L));
        CounterBatch batch = instance.batch(Map.of("a", 1L));
        Future<WriteResult> write;
        Future<Optional<LedgerEntry>> answer;
        try (Stall stall = bench.store().stall("a")) {
            write = bench.start(() -> bench.sink().write(batch));
            bench.await("the write is held up", () -> stall.isHolding() || write.isDone());
            answer = bench.start(() -> question.ask(other, instance));
            bench.await("the write or the question ends", () -> write.isDone() || answer.isDone());
        }
        Optional<LedgerEntry> answered = unlessRetriable(bench, answer);
        awaitEnd(bench, write);
        LedgerEntry kept = other.ledger(instance.id()).orElseThrow();
        if (answered.isPresent()) {
            assertThat(kept)
                    .as("the ledger once the write had ended, against the answer while it was under way")
                    .isEqualTo(answered.get());
        }
        assertThat(kept.mark()).isIn(batch.from(), batch.to());
        bench.assertTotals(Map.of("a", kept.mark().equals(batch.to()) ? 2L : 1L));
    }

    private static Optional<LedgerEntry> unlessRetriable(Bench bench, Future<Optional<LedgerEntry>> answer) {
        try {
            return bench.get(answer);
        } catch (RetriableSinkException e) {
            return Optional.empty();
        }
    }

    private static void awaitEnd(Bench bench, Future<WriteResult> write) {
        try {
            bench.get(write);
        } catch (RetriableSinkException e) {
            // Unknown: the ledger tells.
        }
    }

    // Rewinds

    private static void rewound(Bench bench) {
        Instance instance = bench.instance();
        CounterBatch kept = instance.batch(Map.of("a", 1L));
        LedgerEntry entry;
        instance.apply(bench.sink(), kept);
        entry = bench.sink().ledger(instance.id()).orElseThrow();
        Runnable restore = bench.store().snapshot();
        List<CounterBatch> retained = new ArrayList<>();
        for (long i = 1; i <= 3; i++) {
            CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 10 * i));
            instance.apply(bench.sink(), batch);
            retained.add(batch);
        }
        Mark mark = instance.mark();

        restore.run();

        assertThat(bench.sink().ledger(instance.id()))
                .as("the entry after the rewind")
                .contains(entry);
        bench.assertTotals(Map.of("a", 1L));
        bench.assertRefused("the store went back in time", instance.batch(Map.of("a", 1L)));
        bench.assertRefused("a record before it is missing", retained.get(1));
        bench.assertRefused("it had applied before the snapshot", kept);
        retained.forEach(batch -> instance.apply(bench.sink(), batch));
        bench.assertLedger(instance, mark);
        bench.assertTotals(Map.of("a", 4L, "b", 60L));
    }

    private static void rewoundPastRegistration(Bench bench) {
        UUID storeId = new Instance().register(bench.sink()).storeId();
        Runnable restore = bench.store().snapshot();
        Instance instance = bench.instance();
        CounterBatch retained = instance.batch(Map.of("a", 1L));
        instance.apply(bench.sink(), retained);

        restore.run();

        assertThat(bench.sink().ledger(instance.id())).isEmpty();
        bench.assertTotals(Map.of());
        bench.assertRefused("its registration is forgotten", instance.batch(Map.of("a", 1L)));
        LedgerEntry entry = instance.register(bench.sink());
        assertThat(entry.mark()).isEqualTo(Mark.ORIGIN);
        assertThat(entry.storeId()).isEqualTo(storeId);
        instance.apply(bench.sink(), instance.batch(instance.owner(), retained.from(), retained.to(), Map.of("a", 1L)));
        bench.assertTotals(Map.of("a", 1L));
    }

    private static void rewoundPastOwner(Bench bench) {
        Instance instance = bench.instance();
        Runnable restore = bench.store().snapshot();
        instance.register(bench.sink());
        CounterBatch batch = instance.batch(Map.of("a", 1L));
        restore.run();
        bench.assertRefused("its registration is forgotten", batch);
        instance.register(bench.sink());
        instance.apply(bench.sink(), Map.of("a", 1L));
        bench.assertTotals(Map.of("a", 1L));
    }

    private static void rewoundTooFar(Bench bench) {
        Instance instance = bench.instance();
        Mark from = instance.mark();
        Runnable restore = bench.store().snapshot();
        instance.apply(bench.sink(), Map.of("a", 5L));
        restore.run();
        Gap gap = new Gap(instance.id(), instance.owner(), from, instance.mark(), 5);
        assertThat(bench.sink().declareGap(gap).isApplied()).isTrue();
        bench.assertLedger(instance, instance.mark());
        bench.assertGaps(List.of(gap));
        instance.apply(bench.sink(), Map.of("a", 1L));
        bench.assertTotals(Map.of("a", 1L));
    }
}
