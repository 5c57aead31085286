// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Totals in a map: for tests of host applications, and for services whose totals may die with the
 * process. Exactly once; several instances can share one. An entry whose total would overflow goes to
 * quarantine, as it does in Postgres.
 *
 * <p>Thread-safe.
 */
public final class InMemorySink implements CounterSink {
    private final UUID storeId = UUID.randomUUID();
    private final Map<String, Long> totals = new HashMap<>();
    private final Map<UUID, LedgerEntry> ledger = new HashMap<>();
    private final List<Quarantine> quarantine = new ArrayList<>();
    private final List<Gap> gaps = new ArrayList<>();

    private record Quarantine(UUID instanceId, long record, QuarantinedEntry entry) {}

    /** An empty sink. */
    public InMemorySink() {}

    @Override
    public synchronized LedgerEntry register(Registration registration) {
        return ledger.merge(
                registration.instanceId(),
                new LedgerEntry(storeId, registration.ownerToken(), Mark.ORIGIN),
                (known, fresh) -> new LedgerEntry(storeId, fresh.ownerToken(), known.mark()));
    }

    @Override
    public synchronized Optional<LedgerEntry> ledger(UUID instanceId) {
        return Optional.ofNullable(ledger.get(instanceId));
    }

    @Override
    public synchronized WriteResult write(CounterBatch batch) {
        if (!move(batch.instanceId(), batch.ownerToken(), batch.from(), batch.to())) {
            return WriteResult.refused();
        }
        List<QuarantinedEntry> refused = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            String key = batch.key(i);
            long before = totals.getOrDefault(key, 0L);
            long after = before + batch.delta(i);
            if (((before ^ after) & (batch.delta(i) ^ after)) < 0) {
                refused.add(new QuarantinedEntry(key, batch.delta(i), "the total " + before + " would overflow"));
            } else {
                totals.put(key, after);
            }
        }
        refused.forEach(e ->
                quarantine.add(new Quarantine(batch.instanceId(), batch.to().record(), e)));
        return WriteResult.applied(refused);
    }

    @Override
    public synchronized List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return quarantine.stream()
                .filter(q -> q.instanceId.equals(instanceId) && q.record > afterRecord && q.record <= upToRecord)
                .map(Quarantine::entry)
                .toList();
    }

    @Override
    public synchronized WriteResult declareGap(Gap gap) {
        if (!move(gap.instanceId(), gap.ownerToken(), gap.from(), gap.to())) {
            return WriteResult.refused();
        }
        gaps.add(gap);
        return WriteResult.applied();
    }

    /** A copy of all totals. */
    public synchronized Map<String, Long> totals() {
        return Map.copyOf(totals);
    }

    /** A key's total; 0 for a key never counted. */
    public synchronized long total(String key) {
        return totals.getOrDefault(key, 0L);
    }

    /** Everything set aside so far. */
    public synchronized List<QuarantinedEntry> quarantined() {
        return quarantine.stream().map(Quarantine::entry).toList();
    }

    /** Every gap declared so far. */
    public synchronized List<Gap> gaps() {
        return List.copyOf(gaps);
    }

    private boolean move(UUID instanceId, UUID ownerToken, Mark from, Mark to) {
        LedgerEntry expected = new LedgerEntry(storeId, ownerToken, from);
        return ledger.replace(instanceId, expected, new LedgerEntry(storeId, ownerToken, to));
    }
}
