// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.WriteResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** One test's store, the sinks open on it, and the assertions that all tests share. */
final class Bench implements AutoCloseable {
    private final StoreUnderTest store;
    private final Duration patience;
    private final CounterSink sink;
    // Two openings may give the same object; it is closed once.
    private final Set<CounterSink> sinks = Collections.newSetFromMap(new IdentityHashMap<>());
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "counter-sink-testkit");
        thread.setDaemon(true);
        return thread;
    });

    Bench(StoreUnderTest store, Duration patience) {
        this.store = store;
        this.patience = patience;
        this.sink = openSink();
    }

    StoreUnderTest store() {
        return store;
    }

    CounterSink sink() {
        return sink;
    }

    CounterSink openSink() {
        CounterSink opened = store.openSink();
        sinks.add(opened);
        return opened;
    }

    void closeSink(CounterSink opened) {
        if (opened != sink && sinks.remove(opened)) {
            opened.close();
        }
    }

    /** A new instance, registered. */
    Instance instance() {
        Instance instance = new Instance();
        instance.register(sink);
        return instance;
    }

    /** Asserts a total for each of these keys, and 0 for all others. */
    void assertTotals(Map<String, Long> expected) {
        assertThat(withoutZeros(store.totals())).as("all totals").isEqualTo(withoutZeros(expected));
    }

    private static Map<String, Long> withoutZeros(Map<String, Long> totals) {
        Map<String, Long> counted = new HashMap<>(totals);
        counted.values().removeIf(total -> total == 0);
        return counted;
    }

    void assertLedger(Instance instance, Mark mark) {
        LedgerEntry entry = sink.ledger(instance.id())
                .orElseThrow(() -> new AssertionError("no ledger entry for a registered instance"));
        assertThat(entry.mark()).as("the ledger's mark").isEqualTo(mark);
        assertThat(entry.ownerToken()).as("the ledger's owner").isEqualTo(instance.owner());
    }

    void assertGaps(Collection<Gap> expected) {
        assertThat(store.gaps())
                .as("the gaps written down")
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields("ownerToken")
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    /** Asserts keys and deltas; a reason there must be, but every store has its own. */
    static void assertEntries(String what, List<QuarantinedEntry> actual, Collection<PoisonEntry> expected) {
        assertThat(actual)
                .as(what)
                .extracting(entry -> Map.entry(entry.key(), entry.delta()))
                .containsExactlyInAnyOrderElementsOf(expected.stream()
                        .map(poison -> Map.entry(poison.key(), poison.delta()))
                        .toList());
        assertThat(actual)
                .as("reasons in " + what)
                .allSatisfy(entry -> assertThat(entry.reason()).isNotBlank());
    }

    /** Asserts that a batch is refused and that nothing of it shows. */
    void assertRefused(String why, CounterBatch batch) {
        Map<String, Long> totals = store.totals();
        List<QuarantinedEntry> quarantined = store.quarantined();
        var entry = sink.ledger(batch.instanceId());
        WriteResult result = sink.write(batch);
        assertThat(result.isApplied()).as("applied although %s", why).isFalse();
        assertThat(result.quarantined()).as("quarantined although refused").isEmpty();
        assertThat(sink.ledger(batch.instanceId()))
                .as("the ledger entry after a batch was refused because %s", why)
                .isEqualTo(entry);
        assertTotals(totals);
        assertThat(store.quarantined())
                .as("the quarantine after a batch was refused because %s", why)
                .containsExactlyInAnyOrderElementsOf(quarantined);
    }

    <T> Future<T> start(Callable<T> call) {
        return threads.submit(call);
    }

    /** Runs the calls at the same moment, and returns their results once all have ended. */
    <T> List<T> together(List<? extends Callable<? extends T>> calls) {
        CyclicBarrier barrier = new CyclicBarrier(calls.size());
        List<Future<T>> futures = new ArrayList<>();
        for (Callable<? extends T> call : calls) {
            futures.add(start(() -> {
                barrier.await();
                return call.call();
            }));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            results.add(get(future));
        }
        return results;
    }

    /** The call's result; what it threw; or a failure if it is not bounded in time. */
    <T> T get(Future<T> future) {
        try {
            return future.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError(
                    "a call did not end within " + patience + " (see CounterSinkContract.patience)", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException thrown) {
                throw thrown;
            }
            throw new AssertionError("a concurrent call failed", e.getCause());
        }
    }

    void await(String what, BooleanSupplier condition) {
        long startNanos = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - startNanos > patience.toNanos()) {
                throw new AssertionError("waited " + patience + " in vain until " + what);
            }
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        sinks.forEach(CounterSink::close);
        store.close();
    }
}
