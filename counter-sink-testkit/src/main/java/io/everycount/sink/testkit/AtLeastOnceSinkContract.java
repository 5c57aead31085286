// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.sink.AtLeastOnceSink;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.CounterSink.Delivery;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.SinkException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 * What every sink that promises {@link Delivery#AT_LEAST_ONCE} has to pass, {@link AtLeastOnceSink}'s
 * subclasses above all: nothing is lost, and nothing is sent again without a reason.
 *
 * <p>Of the capabilities, {@link Capability#FAILURE} and {@link Capability#LOST_REPLY} apply here.
 */
public abstract class AtLeastOnceSinkContract {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Set<Capability> APPLICABLE = Set.of(Capability.FAILURE, Capability.LOST_REPLY);

    private @Nullable Bench bench;

    /** For subclasses. */
    protected AtLeastOnceSinkContract() {}

    /** Makes a receiver that has received nothing. Called once for each test. */
    protected abstract ReceiverUnderTest newReceiver();

    /** What {@link #newReceiver}'s receivers can be made to do; nothing if not overridden. */
    protected Set<Capability> capabilities() {
        return Set.of();
    }

    /** How long one call may take before the kit calls it unbounded; 30 seconds if not overridden. */
    protected Duration patience() {
        return PATIENCE;
    }

    private Bench bench() {
        if (bench == null) {
            bench = new Bench(new Store(newReceiver()), patience());
        }
        return bench;
    }

    @AfterEach
    final void closeTheReceiver() {
        if (bench != null) {
            bench.close();
            bench = null;
        }
    }

    @Test
    final void itPromisesAtLeastOnceAndHasAName() {
        assertThat(bench().sink().delivery()).isEqualTo(Delivery.AT_LEAST_ONCE);
        assertThat(bench().sink().name()).isNotBlank();
    }

    @Test
    final void aNewInstanceStartsAtTheOrigin() {
        Instance instance = new Instance();
        assertThat(bench().sink().ledger(instance.id())).isEmpty();
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
        UUID storeId = bench().sink().ledger(instance.id()).orElseThrow().storeId();
        CounterBatch late = instance.batch(Map.of("a", 1L));
        LedgerEntry entry = instance.register(bench().sink());
        assertThat(entry).isEqualTo(new LedgerEntry(storeId, instance.owner(), mark));
        bench().assertRefused("its owner token is of a former registration", late);
    }

    @Test
    final void aBatchArrivesWholeAndMovesTheMark() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L, "b", -2L, "c", Long.MAX_VALUE, "d", Long.MIN_VALUE));
        bench().assertTotals(Map.of("a", 1L, "b", -2L, "c", Long.MAX_VALUE, "d", Long.MIN_VALUE));
        bench().assertLedger(instance, instance.mark());
    }

    @Test
    final void aConfirmedBatchIsNotSentAgain() {
        Instance instance = bench().instance();
        CounterBatch batch = instance.batch(Map.of("a", 1L));
        instance.apply(bench().sink(), batch);
        bench().assertRefused("it was confirmed before", batch);
    }

    @Test
    final void aForkAndAnyOtherMarkAreRefused() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of("a", 1L));
        Mark mark = instance.mark();
        for (Mark from : List.of(
                Mark.ORIGIN, new Mark(mark.record(), mark.digest() + 1), new Mark(mark.record() + 1, mark.digest()))) {
            bench().assertRefused(
                            "its mark is not the ledger's",
                            instance.batch(instance.owner(), from, Instance.after(mark, 5), Map.of("a", 1L)));
        }
        bench().assertRefused("its instance never registered", new Instance().batch(Map.of("a", 1L)));
    }

    @Test
    final void anEmptyBatchMovesTheMark() {
        Instance instance = bench().instance();
        instance.apply(bench().sink(), Map.of());
        bench().assertLedger(instance, instance.mark());
        bench().assertTotals(Map.of());
    }

    @Test
    final void oddKeysArriveAsTheyAre() {
        bench().instance().apply(bench().sink(), OddKeys.counted());
        bench().assertTotals(OddKeys.counted());
    }

    @Test
    final void aGapMovesTheMarkUnderTheGuard() {
        Instance instance = bench().instance();
        Gap gap = instance.gap(3);
        assertThat(bench().sink().declareGap(gap).isApplied()).isTrue();
        assertThat(bench().sink().declareGap(gap).isApplied()).isFalse();
        bench().assertLedger(instance, gap.to());
        instance.moveTo(gap.to());
        instance.apply(bench().sink(), Map.of("a", 1L));
        bench().assertTotals(Map.of("a", 1L));
    }

    @Test
    final void nothingIsQuarantined() {
        Instance instance = bench().instance();
        assertThat(instance.apply(bench().sink(), Map.of("a", 1L)).quarantined())
                .isEmpty();
        assertThat(bench().sink().quarantined(instance.id(), 0, Long.MAX_VALUE)).isEmpty();
    }

    @Test
    final void manyInstancesAtOnceLoseNothing() {
        Concurrency.hotKeys(bench());
    }

    @TestFactory
    final Stream<DynamicTest> whatTheDeclaredCapabilitiesProve() {
        Set<Capability> declared = capabilities();
        assertThat(APPLICABLE).as("capabilities that apply here").containsAll(declared);
        Map<String, Consumer<Bench>> tests = new LinkedHashMap<>();
        if (declared.contains(Capability.FAILURE)) {
            tests.put("FAILURE: a write that fails leaves the mark, and arrives when sent again", bench -> {
                Instance instance = bench.instance();
                CounterBatch batch = instance.batch(Map.of("a", 1L, "b", 2L));
                bench.store().failNextWrite();
                assertThatThrownBy(() -> bench.sink().write(batch)).isInstanceOf(SinkException.class);
                bench.assertLedger(instance, batch.from());
                instance.apply(bench.sink(), batch);
                assertThat(bench.store().total("a")).isGreaterThanOrEqualTo(1);
                assertThat(bench.store().total("b")).isGreaterThanOrEqualTo(2);
            });
        }
        if (declared.contains(Capability.LOST_REPLY)) {
            tests.put("LOST_REPLY: a write without a confirmation leaves the mark and can be sent again", bench -> {
                Instance instance = bench.instance();
                CounterBatch batch = instance.batch(Map.of("a", 1L));
                bench.store().loseNextReply();
                assertThatThrownBy(() -> bench.sink().write(batch)).isInstanceOf(RetriableSinkException.class);
                bench.assertLedger(instance, batch.from());
                instance.apply(bench.sink(), batch);
                assertThat(bench.store().total("a")).isBetween(1L, 2L);
            });
        }
        for (Capability capability : List.of(Capability.FAILURE, Capability.LOST_REPLY)) {
            if (!declared.contains(capability)) {
                System.out.println(getClass().getName() + ": UNPROVEN, as Capability." + capability
                        + " is not declared: that a write which is not confirmed arrives all the same");
            }
        }
        return tests.entrySet().stream()
                .map(test -> DynamicTest.dynamicTest(test.getKey(), () -> {
                    try (Bench own = new Bench(new Store(newReceiver()), patience())) {
                        test.getValue().accept(own);
                    }
                }));
    }

    /** The marks live in the sink object, so there is one. */
    private static final class Store implements StoreUnderTest {
        private final ReceiverUnderTest receiver;
        private final CounterSink sink;

        Store(ReceiverUnderTest receiver) {
            this.receiver = receiver;
            this.sink = receiver.openSink();
        }

        @Override
        public CounterSink openSink() {
            return sink;
        }

        @Override
        public Map<String, Long> totals() {
            return receiver.received();
        }

        @Override
        public List<QuarantinedEntry> quarantined() {
            return List.of();
        }

        @Override
        public List<Gap> gaps() {
            return List.of();
        }

        @Override
        public void failNextWrite() {
            receiver.failNextWrite();
        }

        @Override
        public void loseNextReply() {
            receiver.loseNextReply();
        }

        @Override
        public void close() {
            receiver.close();
        }
    }
}
