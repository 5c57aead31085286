// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.CounterSink.Delivery;
import io.everycount.sink.Gap;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What every {@link CounterSink} that promises {@link Delivery#EXACTLY_ONCE} has to pass. Extend it,
 * say how an empty store is made, and declare what else your store can be made to do:
 *
 * <pre>{@code
 * class MySinkTest extends CounterSinkContract {
 *     @Override
 *     protected StoreUnderTest emptyStore() {
 *         return new MyStoreUnderTest();
 *     }
 *
 *     @Override
 *     protected Set<Capability> capabilities() {
 *         return Set.of(Capability.QUARANTINE, Capability.REWIND);
 *     }
 * }
 * }</pre>
 *
 * <p>No test is ever skipped. Promises that take a capability the test does not declare are printed as
 * unproven; a declared capability whose hook is missing fails.
 */
public abstract class CounterSinkContract {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int LARGE_BATCH_KEYS = 10_000;

    private @Nullable Bench bench;

    /** For subclasses. */
    protected CounterSinkContract() {}

    /** Makes a store without totals, ledger entries, quarantine or gaps. Called once for each test. */
    protected abstract StoreUnderTest emptyStore();

    /**
     * What {@link #emptyStore}'s stores can be made to do. The default is {@link Capability#QUARANTINE}
     * alone, which needs no hook where a total can overflow.
     */
    protected Set<Capability> capabilities() {
        return Set.of(Capability.QUARANTINE);
    }

    /** How long one call may take before the kit calls it unbounded; 30 seconds if not overridden. */
    protected Duration patience() {
        return PATIENCE;
    }

    /**
     * Seeds the randomised test; asked once for each run. A failure names the seed: to repeat it, return
     * that here, or set the system property {@code everycount.testkit.seed}. Random by default.
     */
    protected long seed() {
        return Long.getLong("everycount.testkit.seed", new Random().nextLong());
    }

    private Bench bench() {
        if (bench == null) {
            bench = new Bench(emptyStore(), patience());
        }
        return bench;
    }

    @AfterEach
    final void closeTheStore() {
        if (bench != null) {
            bench.close();
            bench = null;
        }
    }

    // What it says of itself

    @Test
    final void itPromisesExactlyOnceAndHasAName() {
        assertThat(bench().sink().delivery()).isEqualTo(Delivery.EXACTLY_ONCE);
        assertThat(bench().sink().name()).isNotBlank();
    }

    // The ledger

    @Test
    final void anInstanceThatNeverRegisteredHasNoLedgerEntry() {
        bench().instance();
        assertThat(bench().sink().ledger(UUID.randomUUID())).isEmpty();
    }

    @Test
    final void aNewInstanceStartsAtTheOrigin() {
        Instance instance = new Instance();
        LedgerEntry entry = instance.register(bench().sink());
        assertThat(entry.mark()).isEqualTo(Mark.ORIGIN);
        assertThat(entry.ownerToken()).isEqualTo(instance.owner());
        assertThat(bench().sink().ledger(instance.id())).contains(entry);
    }

    @Test
    final void registeringAgainKeepsTheMarkAndChangesTheOwner() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark mark = instance.mark();
        UUID former = instance.owner();

        LedgerEntry entry = instance.register(bench().openSink());

        assertThat(entry.mark()).isEqualTo(mark);
        assertThat(entry.ownerToken()).isEqualTo(instance.owner()).isNotEqualTo(former);
        bench().assertLedger(instance, mark);
        instance.apply(bench().sink(), Map.of("a", 1L));
        bench().assertTotals(Map.of("a", 2L));
    }

    @Test
    final void aReportChangesNothingThatAWriteCompares() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark mark = instance.mark();

        bench().sink().report(instance.id(), instance.owner(), new InstanceReport(7, 3, Duration.ofSeconds(2)));

        bench().assertLedger(instance, mark);
        instance.apply(bench().sink(), Map.of("a", 1L));
        bench().assertTotals(Map.of("a", 2L));
    }

    @Test
    final void theSameRegistrationTwiceIsHarmless() {
        Instance instance = new Instance();
        Registration registration = new Registration(instance.id(), instance.owner(), "twice");
        LedgerEntry first = bench().sink().register(registration);
        assertThat(bench().sink().register(registration)).isEqualTo(first);
        instance.apply(bench().sink(), Map.of("a", 1L));
        assertThat(bench().sink().register(registration).mark()).isEqualTo(instance.mark());
    }

    @Test
    final void registeringOneInstanceLeavesTheOthersAlone() {
        Instance one = bench().instance();
        one.apply(bench().sink(), Map.of("a", 1L));
        Instance other = bench().instance();
        bench().assertLedger(one, one.mark());
        bench().assertLedger(other, Mark.ORIGIN);
    }

    @Test
    final void aDescriptionCanBeEmptyLongAndOdd() {
        for (String description : List.of("", "d".repeat(200), "\u65e5".repeat(200), "'\"\\%\n\ud83d\ude00{}")) {
            Instance instance = new Instance();
            LedgerEntry entry = bench().sink().register(new Registration(instance.id(), instance.owner(), description));
            assertThat(entry.mark()).as("registered as %s", description).isEqualTo(Mark.ORIGIN);
        }
    }

    @Test
    final void theStoreIdIsTheSameInEverySinkAndForEveryRegistration() {
        Instance instance = new Instance();
        UUID storeId = instance.register(bench().sink()).storeId();
        instance.apply(bench().sink(), Map.of("a", 1L));
        assertThat(instance.register(bench().sink()).storeId()).isEqualTo(storeId);

        CounterSink reopened = bench().openSink();
        assertThat(instance.register(reopened).storeId()).isEqualTo(storeId);
        assertThat(new Instance().register(reopened).storeId()).isEqualTo(storeId);
        assertThat(reopened.ledger(instance.id())).map(LedgerEntry::storeId).contains(storeId);
    }

    @Test
    final void anotherSinkSeesTheLedgerAndGoesOnAfterTheFirstIsClosed() {
        Instance instance = bench().instance();
        CounterSink first = bench().openSink();
        instance.apply(first, Map.of("a", 1L));
        assertThat(bench().sink().ledger(instance.id())).map(LedgerEntry::mark).contains(instance.mark());
        bench().closeSink(first);
        instance.apply(bench().sink(), Map.of("a", 1L));
        bench().assertTotals(Map.of("a", 2L));
    }

    @Test
    final void marksAndDigestsOfEverySizeAreKept() {
        Instance instance = bench().instance();
        for (Mark to : List.of(
                new Mark(1, 0),
                new Mark(2, -1),
                new Mark(1L << 33, Long.MIN_VALUE),
                new Mark((1L << 53) + 1, Long.MAX_VALUE),
                new Mark(Long.MAX_VALUE, 1))) {
            instance.apply(bench().sink(), instance.batch(instance.owner(), instance.mark(), to, Map.of("a", 1L)));
            bench().assertLedger(instance, to);
        }
        bench().assertTotals(Map.of("a", 5L));
    }

    // The guard

    @Test
    final void aBatchAppliesAndMovesTheMark() {
        Instance instance = bench().instance();
        CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 2L));
        assertThat(instance.apply(bench().sink(), batch).quarantined()).isEmpty();
        bench().assertTotals(Map.of("a", 1L, "b", 2L));
        bench().assertLedger(instance, batch.to());
        assertThat(bench().store().quarantined()).isEmpty();
        assertThat(bench().store().gaps()).isEmpty();
    }

    @Test
    final void aDuplicateIsRefusedAndCountsNothing() {
        Instance instance = bench().instance();
        CounterBatch batch = instance.batch(Map.of("a", 1L, "b", -2L));
        instance.apply(bench().sink(), batch);
        bench().assertRefused("it had applied before", batch);
        instance.register(bench().sink());
        bench().assertRefused("it had applied before the instance registered again", batch);
        instance.apply(bench().sink(), Map.of("a", 1L));
        bench().assertRefused("it had applied before the latest", batch);
    }

    @Test
    final void aFormerOwnerIsFenced() {
        Instance zombie = bench().instance();
        zombie.apply(bench().sink(), Map.of("a", 1L));
        CounterBatch late = zombie.batch(Map.of("a", 1L));
        zombie.register(bench().openSink());
        bench().assertRefused("its owner token is of a former registration", late);
        zombie.apply(bench().sink(), Map.of("a", 1L));
        bench().assertRefused("its owner token is of a former registration", late);
        bench().assertTotals(Map.of("a", 2L));
    }

    @Test
    final void anOwnerTokenThatNeverRegisteredIsRefused() {
        Instance instance = bench().instance();
        UUID stranger = UUID.randomUUID();
        Mark to = Instance.after(Mark.ORIGIN, 1);
        bench().assertRefused("its owner never registered", instance.batch(stranger, Mark.ORIGIN, to, Map.of("a", 1L)));
    }

    @Test
    final void anotherInstancesTokenIsRefused() {
        Instance instance = bench().instance();
        UUID neighbour = bench().instance().owner();
        Mark to = Instance.after(Mark.ORIGIN, 1);
        bench().assertRefused(
                        "its owner token is another instance's",
                        instance.batch(neighbour, Mark.ORIGIN, to, Map.of("a", 1L)));
    }

    @Test
    final void aForkIsRefused() {
        Instance instance = bench().instance();
        Mark to = Instance.after(Mark.ORIGIN, 2);
        bench().assertRefused(
                        "its digest is not that of the origin",
                        instance.batch(instance.owner(), new Mark(0, 1), to, Map.of("a", 1L)));
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark mark = instance.mark();
        for (long digest : new long[] {mark.digest() + 1, ~mark.digest(), mark.digest() ^ Long.MIN_VALUE}) {
            Mark fork = new Mark(mark.record(), digest);
            bench().assertRefused(
                            "its history has another digest",
                            instance.batch(instance.owner(), fork, to, Map.of("a", 1L)));
        }
    }

    @Test
    final void aBatchFromAHigherMarkIsRefused() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark mark = instance.mark();
        for (Mark ahead : List.of(new Mark(mark.record() + 1, mark.digest()), Instance.after(mark, 5))) {
            bench().assertRefused(
                            "the ledger has a lower mark",
                            instance.batch(instance.owner(), ahead, Instance.after(ahead, 1), Map.of("a", 1L)));
        }
    }

    @Test
    final void aBatchFromALowerMarkIsRefusedEvenIfItReachesFurther() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark lower = instance.mark();
        instance.apply(
                bench().sink(), instance.batch(instance.owner(), lower, Instance.after(lower, 3), Map.of("a", 1L)));
        Mark mark = instance.mark();
        for (Mark from : List.of(Mark.ORIGIN, lower, new Mark(lower.record(), mark.digest()))) {
            for (Mark to : List.of(Instance.after(from, 1), mark, Instance.after(mark, 10))) {
                bench().assertRefused(
                                "the ledger has a higher mark",
                                instance.batch(instance.owner(), from, to, Map.of("a", 1L)));
            }
        }
    }

    @Test
    final void anInstanceThatNeverRegisteredIsRefusedAndGetsNoLedgerEntry() {
        Instance stranger = new Instance();
        bench().assertRefused("its instance never registered", stranger.batch(Map.of("a", 1L)));
        assertThat(bench().sink().ledger(stranger.id())).isEmpty();
    }

    // Totals

    @Test
    final void anEmptyBatchMovesTheMarkAndOnlyOnce() {
        Instance instance = bench().instance();
        CounterBatch empty = instance.batch(Map.of());
        instance.apply(bench().sink(), empty);
        bench().assertLedger(instance, empty.to());
        bench().assertTotals(Map.of());
        bench().assertRefused("it had applied before", empty);
    }

    @Test
    final void totalsCanFallBelowZeroAndComeBack() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", -3L, "b", 5L));
        bench().assertTotals(Map.of("a", -3L, "b", 5L));
        instance.apply(bench().sink(), Map.of("a", 3L, "b", -7L));
        bench().assertTotals(Map.of("b", -2L));
        assertThat(bench().store().total("a")).isZero();
        assertThat(bench().store().total("b")).isEqualTo(-2);
        assertThat(bench().store().total("never counted")).isZero();
    }

    @Test
    final void theLargestAndTheSmallestDeltaAreExact() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("max", Long.MAX_VALUE, "min", Long.MIN_VALUE, "odd", (1L << 53) + 1));
        bench().assertTotals(Map.of("max", Long.MAX_VALUE, "min", Long.MIN_VALUE, "odd", (1L << 53) + 1));
        instance.apply(bench().sink(), Map.of("max", -Long.MAX_VALUE, "min", Long.MAX_VALUE, "odd", 1L));
        bench().assertTotals(Map.of("min", -1L, "odd", (1L << 53) + 2));
        instance.apply(bench().sink(), Map.of("max", Long.MIN_VALUE));
        bench().assertTotals(Map.of("max", Long.MIN_VALUE, "min", -1L, "odd", (1L << 53) + 2));
        assertThat(bench().store().quarantined()).isEmpty();
    }

    @Test
    final void twoInstancesAddUpInTheSameKeys() {
        Instance one = bench().instance();
        Instance other = bench().instance();
        CounterSink second = bench().openSink();
        one.apply(bench().sink(), Map.of("a", 1L, "b", 10L));
        other.apply(second, Map.of("b", 20L, "c", 300L));
        one.apply(second, Map.of("c", 100L));
        bench().assertTotals(Map.of("a", 1L, "b", 30L, "c", 400L));
        bench().assertLedger(one, one.mark());
        bench().assertLedger(other, other.mark());
    }

    @Test
    final void aBatchOfTenThousandKeysApplies() {
        Map<String, Long> deltas = new HashMap<>();
        for (long i = 1; i <= LARGE_BATCH_KEYS; i++) {
            deltas.put("key " + i, i);
        }
        Instance instance = bench().instance();
        instance.apply(bench().sink(), deltas);
        bench().assertTotals(deltas);
        instance.apply(bench().sink(), deltas);
        deltas.replaceAll((key, delta) -> 2 * delta);
        bench().assertTotals(deltas);
    }

    // Keys

    @Test
    final void oddKeysStaySeparate() {
        Map<String, Long> deltas = OddKeys.counted();
        Instance instance = bench().instance();
        instance.apply(bench().sink(), deltas);
        bench().assertTotals(deltas);
        instance.apply(bench().sink(), deltas);
        deltas.replaceAll((key, delta) -> 2 * delta);
        bench().assertTotals(deltas);
    }

    @Test
    final void everyOddKeyIsFoundByItsName() {
        Map<String, Long> deltas = OddKeys.counted();
        bench().instance().apply(bench().sink(), deltas);
        deltas.forEach((key, delta) -> assertThat(bench().store().total(key))
                .as("the total of <%s>", key)
                .isEqualTo(delta));
    }

    @Test
    final void aKeyInABatchOfItsOwnIsTheSameKey() {
        Instance instance = bench().instance();
        Map<String, Long> deltas = OddKeys.counted();
        instance.apply(bench().sink(), deltas);
        for (String key : List.of(" a", "'", "\\", "%", "caf\u00e9", "\ud83d\ude00", "\uffff", "k".repeat(1024))) {
            instance.apply(bench().sink(), Map.of(key, 1_000L));
            deltas.merge(key, 1_000L, Long::sum);
        }
        bench().assertTotals(deltas);
    }

    // Gaps

    @Test
    final void aGapMovesTheMarkAndIsWrittenDown() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Gap gap = new Gap(instance.id(), instance.owner(), instance.mark(), Instance.after(instance.mark(), 7), -5);

        assertThat(bench().sink().declareGap(gap).isApplied()).isTrue();

        instance.moveTo(gap.to());
        bench().assertLedger(instance, gap.to());
        bench().assertGaps(List.of(gap));
        bench().assertTotals(Map.of("a", 1L));
        instance.apply(bench().sink(), Map.of("a", 1L));
        bench().assertTotals(Map.of("a", 2L));
    }

    @Test
    final void aGapIsWrittenDownOnce() {
        Instance instance = bench().instance();
        Gap gap = instance.gap(Long.MIN_VALUE);
        assertThat(bench().sink().declareGap(gap).isApplied()).isTrue();
        assertThat(bench().sink().declareGap(gap).isApplied()).isFalse();
        bench().assertGaps(List.of(gap));
        Gap next = new Gap(instance.id(), instance.owner(), gap.to(), Instance.after(gap.to(), 1), Long.MAX_VALUE);
        assertThat(bench().sink().declareGap(next).isApplied()).isTrue();
        bench().assertGaps(List.of(gap, next));
    }

    @Test
    final void aGapIsRefusedUnlessOwnerNumberAndDigestAreExact() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark mark = instance.mark();
        Mark to = Instance.after(mark, 9);
        for (Gap wrong : List.of(
                new Gap(instance.id(), UUID.randomUUID(), mark, to, 1),
                new Gap(instance.id(), instance.owner(), new Mark(mark.record(), mark.digest() + 1), to, 1),
                new Gap(instance.id(), instance.owner(), new Mark(mark.record() + 1, mark.digest()), to, 1),
                new Gap(instance.id(), instance.owner(), Mark.ORIGIN, to, 1),
                new Gap(UUID.randomUUID(), instance.owner(), mark, to, 1))) {
            assertThat(bench().sink().declareGap(wrong).isApplied())
                    .as("applied %s", wrong)
                    .isFalse();
            bench().assertLedger(instance, mark);
            assertThat(bench().sink().ledger(wrong.instanceId()).isPresent())
                    .isEqualTo(wrong.instanceId().equals(instance.id()));
        }
        assertThat(bench().store().gaps()).isEmpty();
    }

    @Test
    final void aBatchFromBeforeTheGapIsRefused() {
        Instance instance = bench().instance();
        CounterBatch lost = instance.batch(Map.of("a", 1L));
        assertThat(bench().sink().declareGap(instance.gap(1)).isApplied()).isTrue();
        bench().assertRefused("a gap was declared over it", lost);
    }

    @Test
    final void nothingIsQuarantinedUnasked() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), OddKeys.counted());
        assertThat(bench().sink().quarantined(instance.id(), 0, Long.MAX_VALUE)).isEmpty();
        assertThat(bench().sink().quarantined(UUID.randomUUID(), 0, Long.MAX_VALUE))
                .isEmpty();
    }

    // Several at once

    @Test
    final void manyInstancesOnTheSameHotKeysLoseNothingAndDoNotDeadlock() {
        Concurrency.hotKeys(bench());
    }

    @Test
    final void aBatchSentTwiceAtOnceAppliesOnce() {
        Concurrency.duplicates(bench());
    }

    @Test
    final void aRegistrationThatRacesAWriteReturnsWhatTheLedgerKeeps() {
        Concurrency.registerAgainstWrite(bench());
    }

    @Test
    final void registrationsThatRaceLeaveOneOwner() {
        Concurrency.registerAgainstRegister(bench());
    }

    // Anything

    @Test
    final void anySequenceOfCallsDoesWhatTheReferenceModelDoes() {
        long seed = seed();
        System.out.println(getClass().getName() + ": random model test with seed " + seed);
        try {
            new RandomModel(bench(), capabilities(), seed).run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "with seed " + seed + " (repeat: -Deverycount.testkit.seed=" + seed + "): " + e.getMessage(), e);
        }
    }

    // What takes a capability

    @TestFactory
    final Stream<DynamicTest> whatTheDeclaredCapabilitiesProve() {
        Set<Capability> declared = capabilities();
        for (Capability capability : Capability.values()) {
            if (!declared.contains(capability)) {
                System.out.println(getClass().getName() + ": UNPROVEN, as Capability." + capability
                        + " is not declared: " + capability.promise());
            }
        }
        return Stream.of(Capability.values())
                .filter(declared::contains)
                .flatMap(capability -> CapabilityTests.of(capability).entrySet().stream()
                        .map(test -> DynamicTest.dynamicTest(
                                capability + ": " + test.getKey(), () -> onItsOwnBench(test.getValue()))));
    }

    private void onItsOwnBench(Consumer<Bench> test) {
        try (Bench own = new Bench(emptyStore(), patience())) {
            test.accept(own);
        }
    }
}
