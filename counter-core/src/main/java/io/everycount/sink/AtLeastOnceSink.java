// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The base of sinks that cannot move a mark together with their totals: a log, a message queue, a
 * statistics daemon. Marks live in this object; after a send whose outcome is unknown the same
 * records are sent again, so a record can take effect more than once.
 */
public abstract class AtLeastOnceSink implements CounterSink {
    private final UUID storeId = UUID.randomUUID();
    private final Map<UUID, LedgerEntry> entries = new ConcurrentHashMap<>();

    /** For subclasses. */
    protected AtLeastOnceSink() {}

    /**
     * Hands a batch on.
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
        return entries.merge(
                registration.instanceId(),
                new LedgerEntry(storeId, registration.ownerToken(), Mark.ORIGIN),
                (known, fresh) -> new LedgerEntry(storeId, fresh.ownerToken(), known.mark()));
    }

    @Override
    public final Optional<LedgerEntry> ledger(UUID instanceId) {
        return Optional.ofNullable(entries.get(instanceId));
    }

    @Override
    public final WriteResult write(CounterBatch batch) {
        LedgerEntry expected = new LedgerEntry(storeId, batch.ownerToken(), batch.from());
        if (!expected.equals(entries.get(batch.instanceId()))) {
            return WriteResult.refused();
        }
        send(batch);
        entries.put(batch.instanceId(), new LedgerEntry(storeId, batch.ownerToken(), batch.to()));
        return WriteResult.applied();
    }

    @Override
    public final List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return List.of();
    }

    @Override
    public final WriteResult declareGap(Gap gap) {
        LedgerEntry expected = new LedgerEntry(storeId, gap.ownerToken(), gap.from());
        LedgerEntry moved = new LedgerEntry(storeId, gap.ownerToken(), gap.to());
        return entries.replace(gap.instanceId(), expected, moved) ? WriteResult.applied() : WriteResult.refused();
    }
}
