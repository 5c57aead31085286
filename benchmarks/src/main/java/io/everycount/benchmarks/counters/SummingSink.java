// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.WriteResult;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Keeps the ledger of one instance, and of all deltas no more than their sum, as other drains do here. */
final class SummingSink implements CounterSink {
    private final UUID storeId = UUID.randomUUID();
    private LedgerEntry ledger = new LedgerEntry(storeId, storeId, Mark.ORIGIN);
    private long sum;

    @Override
    public synchronized LedgerEntry register(Registration registration) {
        ledger = new LedgerEntry(storeId, registration.ownerToken(), ledger.mark());
        return ledger;
    }

    @Override
    public synchronized Optional<LedgerEntry> ledger(UUID instanceId) {
        return Optional.of(ledger);
    }

    @Override
    public synchronized WriteResult write(CounterBatch batch) {
        if (!ledger.equals(new LedgerEntry(storeId, batch.ownerToken(), batch.from()))) {
            return WriteResult.refused();
        }
        for (int i = 0; i < batch.size(); i++) {
            sum += batch.delta(i);
        }
        ledger = new LedgerEntry(storeId, batch.ownerToken(), batch.to());
        return WriteResult.applied();
    }

    @Override
    public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return List.of();
    }

    @Override
    public WriteResult declareGap(Gap gap) {
        throw new IllegalStateException("a sink that never goes back in time has no gap: " + gap);
    }

    synchronized long take() {
        long taken = sum;
        sum = 0;
        return taken;
    }
}
