// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The base of sinks that cannot move a mark together with their totals: a log, a message queue, a
 * statistics daemon. Marks live in this object; after a send whose outcome is unknown the same
 * records are sent again, so a record can take effect more than once.
 */
public abstract class AtLeastOnceSink implements CounterSink {
    /**
     * One instance's ledger entry. The lock is held while a batch is being sent, so that a reader waits
     * for it and a new owner's entry is not overwritten by a former owner's write.
     */
    private static final class Row {
        final ReentrantLock lock = new ReentrantLock();

        @Nullable
        LedgerEntry entry;
    }

    private final UUID storeId = UUID.randomUUID();
    private final Map<UUID, Row> rows = new ConcurrentHashMap<>();

    /** For subclasses. */
    protected AtLeastOnceSink() {}

    /**
     * Hands a batch on, in bounded time. Called for one batch of an instance at a time; batches of
     * different instances may overlap.
     *
     * @throws SinkException if it may not have arrived; it is sent again
     */
    protected abstract void send(CounterBatch batch);

    @Override
    public final Delivery delivery() {
        return Delivery.AT_LEAST_ONCE;
    }

    @Override
    public final LedgerEntry register(Registration registration) {
        Row row = rows.computeIfAbsent(registration.instanceId(), id -> new Row());
        row.lock.lock();
        try {
            Mark mark = row.entry == null ? Mark.ORIGIN : row.entry.mark();
            LedgerEntry entry = new LedgerEntry(storeId, registration.ownerToken(), mark);
            row.entry = entry;
            return entry;
        } finally {
            row.lock.unlock();
        }
    }

    @Override
    public final Optional<LedgerEntry> ledger(UUID instanceId) {
        Row row = rows.get(instanceId);
        if (row == null) {
            return Optional.empty();
        }
        row.lock.lock();
        try {
            return Optional.ofNullable(row.entry);
        } finally {
            row.lock.unlock();
        }
    }

    @Override
    public final WriteResult write(CounterBatch batch) {
        return move(batch.instanceId(), batch.ownerToken(), batch.from(), batch.to(), () -> send(batch));
    }

    @Override
    public final List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return List.of();
    }

    @Override
    public final WriteResult declareGap(Gap gap) {
        return move(gap.instanceId(), gap.ownerToken(), gap.from(), gap.to(), () -> {});
    }

    private WriteResult move(UUID instanceId, UUID ownerToken, Mark from, Mark to, Runnable send) {
        Row row = rows.get(instanceId);
        if (row == null) {
            return WriteResult.refused();
        }
        row.lock.lock();
        try {
            if (!new LedgerEntry(storeId, ownerToken, from).equals(row.entry)) {
                return WriteResult.refused();
            }
            send.run();
            row.entry = new LedgerEntry(storeId, ownerToken, to);
            return WriteResult.applied();
        } finally {
            row.lock.unlock();
        }
    }
}
