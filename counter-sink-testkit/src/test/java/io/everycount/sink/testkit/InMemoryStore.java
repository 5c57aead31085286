// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.InMemorySink;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An {@link InMemorySink} behind a wire that fails, loses replies and stalls. It goes back in time by
 * repeating the calls up to then on a fresh one.
 */
final class InMemoryStore implements StoreUnderTest {
    private static final Duration WRITE_TIMEOUT = Duration.ofMillis(100);

    private final UUID storeId = UUID.randomUUID();
    private final ReentrantLock lock = new ReentrantLock();
    private List<Consumer<InMemorySink>> calls = new ArrayList<>();
    private InMemorySink sink = new InMemorySink();
    private boolean failsNext;
    private boolean losesNext;
    private volatile @Nullable Hold hold;

    @Override
    public CounterSink openSink() {
        return new Wire();
    }

    @Override
    public Map<String, Long> totals() {
        return sink.totals();
    }

    @Override
    public long total(String key) {
        return sink.total(key);
    }

    @Override
    public List<QuarantinedEntry> quarantined() {
        return sink.quarantined();
    }

    @Override
    public List<Gap> gaps() {
        return sink.gaps();
    }

    @Override
    public void failNextWrite() {
        failsNext = true;
    }

    @Override
    public void loseNextReply() {
        losesNext = true;
    }

    @Override
    public Stall stall(String key) {
        Hold placed = new Hold(key);
        hold = placed;
        return placed;
    }

    @Override
    public Runnable snapshot() {
        List<Consumer<InMemorySink>> before = List.copyOf(calls);
        return () -> {
            calls = new ArrayList<>(before);
            sink = new InMemorySink();
            calls.forEach(call -> call.accept(sink));
        };
    }

    private <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    private <T> T call(Function<InMemorySink, T> call) {
        return locked(() -> {
            calls.add(call::apply);
            return call.apply(sink);
        });
    }

    private LedgerEntry underOurId(LedgerEntry entry) {
        return new LedgerEntry(storeId, entry.ownerToken(), entry.mark());
    }

    private WriteResult write(CounterBatch batch) {
        return locked(() -> {
            Hold placed = hold;
            if (placed != null && List.of(batch.keys()).contains(placed.key)) {
                holdUp(placed);
            }
            if (failsNext) {
                failsNext = false;
                throw new RetriableSinkException("cut before the write", null);
            }
            WriteResult result = call(s -> s.write(batch));
            if (losesNext) {
                losesNext = false;
                throw new RetriableSinkException("cut after the write", null);
            }
            return result;
        });
    }

    /** Keeps the lock meanwhile, as a transaction keeps its row. */
    private static void holdUp(Hold hold) {
        hold.holding = true;
        try {
            if (!hold.closed.await(WRITE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new RetriableSinkException("no reply in " + WRITE_TIMEOUT, null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RetriableSinkException("interrupted", e);
        } finally {
            hold.holding = false;
        }
    }

    private static final class Hold implements Stall {
        final String key;
        final CountDownLatch closed = new CountDownLatch(1);
        volatile boolean holding;

        Hold(String key) {
            this.key = key;
        }

        @Override
        public boolean isHolding() {
            return holding;
        }

        @Override
        public void close() {
            closed.countDown();
        }
    }

    private final class Wire implements CounterSink {
        @Override
        public LedgerEntry register(Registration registration) {
            return underOurId(call(s -> s.register(registration)));
        }

        @Override
        public Optional<LedgerEntry> ledger(UUID instanceId) {
            return locked(() -> sink.ledger(instanceId).map(InMemoryStore.this::underOurId));
        }

        @Override
        public WriteResult write(CounterBatch batch) {
            return InMemoryStore.this.write(batch);
        }

        @Override
        public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
            return sink.quarantined(instanceId, afterRecord, upToRecord);
        }

        @Override
        public WriteResult declareGap(Gap gap) {
            return call(s -> s.declareGap(gap));
        }
    }
}
