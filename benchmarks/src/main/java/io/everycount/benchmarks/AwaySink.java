// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A store that cannot be reached. */
final class AwaySink implements CounterSink {
    private static RetriableSinkException away() {
        return new RetriableSinkException("the store is away", null);
    }

    @Override
    public LedgerEntry register(Registration registration) {
        throw away();
    }

    @Override
    public Optional<LedgerEntry> ledger(UUID instanceId) {
        throw away();
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        throw away();
    }

    @Override
    public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        throw away();
    }

    @Override
    public WriteResult declareGap(Gap gap) {
        throw away();
    }
}
