// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A store whose sinks are right, except for one defect. */
final class BreakableStore implements StoreUnderTest {
    private static final long WRITE_TIMEOUT_MILLIS = 100;

    private record Row(UUID owner, Mark mark) {}

    private record Quarantine(UUID instanceId, long record, QuarantinedEntry entry) {}

    private static final class State {
        Map<UUID, Row> ledger = new HashMap<>();
        volatile Map<String, Long> totals = new HashMap<>();
        List<Quarantine> quarantine = new ArrayList<>();
        List<Gap> gaps = new ArrayList<>();

        State copy() {
            State copy = new State();
            copy.ledger.putAll(ledger);
            copy.totals.putAll(totals);
            copy.quarantine.addAll(quarantine);
            copy.gaps.addAll(gaps);
            return copy;
        }
    }

    private final Defect defect;
    private final UUID storeId = UUID.randomUUID();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile State state = new State();
    private boolean failsNext;
    private boolean losesNext;
    private volatile @Nullable Hold hold;

    BreakableStore(Defect defect) {
        this.defect = defect;
    }

    @Override
    public CounterSink openSink() {
        return new Sink();
    }

    @Override
    public Map<String, Long> totals() {
        return Map.copyOf(state.totals);
    }

    @Override
    public List<QuarantinedEntry> quarantined() {
        return state.quarantine.stream().map(Quarantine::entry).toList();
    }

    @Override
    public List<Gap> gaps() {
        return List.copyOf(state.gaps);
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
        State before = state.copy();
        return () -> {
            Map<UUID, Row> ledger = state.ledger;
            state = before.copy();
            if (defect == Defect.LEDGER_KEPT_APART_FROM_TOTALS) {
                state.ledger = ledger;
            }
        };
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

    private final class Sink implements CounterSink {
        private final UUID sinkId = UUID.randomUUID();

        @Override
        public LedgerEntry register(Registration registration) {
            lock.lock();
            try {
                Row known = state.ledger.get(registration.instanceId());
                Mark mark = known == null || defect == Defect.REGISTER_RESETS_THE_MARK ? Mark.ORIGIN : known.mark();
                UUID owner = known != null && defect == Defect.REGISTER_KEEPS_THE_FORMER_OWNER
                        ? known.owner()
                        : registration.ownerToken();
                state.ledger.put(registration.instanceId(), new Row(owner, mark));
                return entry(new Row(registration.ownerToken(), mark));
            } finally {
                lock.unlock();
            }
        }

        @Override
        public Optional<LedgerEntry> ledger(UUID instanceId) {
            lock.lock();
            try {
                return Optional.ofNullable(state.ledger.get(instanceId)).map(this::entry);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void report(UUID instanceId, UUID ownerToken, InstanceReport report) {
            if (defect == Defect.REPORT_MOVES_THE_MARK) {
                state.ledger.put(instanceId, new Row(ownerToken, new Mark(report.accepted(), report.pending())));
            }
        }

        private LedgerEntry entry(Row row) {
            UUID id = defect == Defect.STORE_ID_OF_THE_SINK ? sinkId : storeId;
            return new LedgerEntry(id, row.owner(), row.mark());
        }

        @Override
        public WriteResult write(CounterBatch batch) {
            WriteResult result;
            try {
                result = transaction(batch);
            } catch (RetriableSinkException e) {
                if (defect != Defect.RETRIES_BY_ITSELF) {
                    throw e;
                }
                return transaction(batch);
            }
            if (losesNext) {
                losesNext = false;
                if (defect == Defect.RETRIES_BY_ITSELF) {
                    return transaction(batch);
                }
                if (defect == Defect.LOST_REPLY_IS_AN_UNTYPED_ERROR) {
                    throw new IllegalStateException("connection reset");
                }
                throw new RetriableSinkException("connection reset", null);
            }
            return result;
        }

        private WriteResult transaction(CounterBatch batch) {
            Map<String, Long> readEarly = state.totals;
            Thread.yield();
            lock.lock();
            State before = state;
            try {
                if (defect == Defect.APPLIES_BEFORE_THE_GUARD) {
                    add(batch, new ArrayList<>());
                }
                if (!guard(batch.instanceId(), batch.ownerToken(), batch.from(), batch.to())) {
                    return defect == Defect.REFUSED_IS_REPORTED_AS_APPLIED
                            ? WriteResult.applied()
                            : WriteResult.refused();
                }
                state = before.copy();
                if (defect == Defect.TOTALS_READ_AND_WRITTEN_BACK) {
                    state.totals = readEarly;
                }
                List<QuarantinedEntry> refused = new ArrayList<>();
                holdUp(batch);
                if (defect != Defect.APPLIES_BEFORE_THE_GUARD) {
                    add(batch, refused);
                }
                if (failsNext) {
                    failsNext = false;
                    if (defect == Defect.TOTALS_ARE_COMMITTED_BEFORE_THE_LEDGER) {
                        before = state;
                    }
                    throw new RetriableSinkException("connection reset", null);
                }
                if (defect != Defect.QUARANTINE_IS_NOT_STORED) {
                    for (QuarantinedEntry entry : refused) {
                        state.quarantine.add(
                                new Quarantine(batch.instanceId(), batch.to().record(), entry));
                    }
                }
                if (batch.size() > 0 || defect != Defect.EMPTY_BATCH_LEAVES_THE_MARK) {
                    state.ledger.put(batch.instanceId(), new Row(batch.ownerToken(), batch.to()));
                }
                before = state;
                return WriteResult.applied(refused);
            } finally {
                state = before;
                lock.unlock();
            }
        }

        private boolean guard(UUID instanceId, UUID owner, Mark from, Mark to) {
            Row row = state.ledger.get(instanceId);
            if (row == null) {
                return defect == Defect.UNREGISTERED_IS_WELCOME;
            }
            boolean ownerHolds =
                    defect == Defect.NO_OWNER_IN_THE_GUARD || row.owner().equals(owner);
            if (defect == Defect.GUARD_IS_LESS_THAN) {
                return ownerHolds && row.mark().record() < to.record();
            }
            if (defect == Defect.GUARD_IS_AT_LEAST) {
                return ownerHolds && row.mark().record() >= from.record();
            }
            if (defect == Defect.NO_DIGEST_IN_THE_GUARD) {
                return ownerHolds && row.mark().record() == from.record();
            }
            return ownerHolds && row.mark().equals(from);
        }

        private void add(CounterBatch batch, List<QuarantinedEntry> refused) {
            Map<String, Long> read = new HashMap<>(state.totals);
            for (int i = 0; i < batch.size(); i++) {
                String key = stored(batch.key(i));
                long delta = batch.delta(i);
                long total = read.getOrDefault(key, 0L);
                try {
                    read.put(key, Math.addExact(total, delta));
                } catch (ArithmeticException e) {
                    switch (defect) {
                        case OVERFLOW_WRAPS -> read.put(key, total + delta);
                        case OVERFLOW_SATURATES -> read.put(key, Long.MAX_VALUE);
                        case QUARANTINE_LOSES_THE_REST -> {
                            refused.add(new QuarantinedEntry(batch.key(i), delta, "out of range"));
                            state.totals = read;
                            return;
                        }
                        default -> refused.add(new QuarantinedEntry(batch.key(i), delta, "out of range"));
                    }
                }
            }
            state.totals = read;
        }

        private String stored(String key) {
            return switch (defect) {
                case KEYS_FOLD_CASE -> key.toLowerCase(Locale.ROOT);
                case KEYS_ARE_TRIMMED -> key.trim();
                case KEYS_ARE_NORMALISED -> Normalizer.normalize(key, Normalizer.Form.NFC);
                case KEYS_ARE_CUT_AT_255 -> key.substring(0, Math.min(255, key.length()));
                default -> key;
            };
        }

        private void holdUp(CounterBatch batch) {
            Hold placed = hold;
            if (placed == null || !List.of(batch.keys()).contains(placed.key)) {
                return;
            }
            placed.holding = true;
            boolean unlocks = defect == Defect.LEDGER_DOES_NOT_WAIT;
            if (unlocks) {
                lock.unlock();
            }
            try {
                if (defect == Defect.WRITE_IS_UNBOUNDED) {
                    placed.closed.await();
                } else if (!placed.closed.await(WRITE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new RetriableSinkException("timeout", null);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RetriableSinkException("interrupted", e);
            } finally {
                placed.holding = false;
                if (unlocks) {
                    lock.lock();
                }
            }
        }

        @Override
        public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
            lock.lock();
            try {
                long after = defect == Defect.QUARANTINE_RANGE_BEGINS_EARLY ? afterRecord - 1 : afterRecord;
                long upTo = defect == Defect.QUARANTINE_RANGE_ENDS_EARLY ? upToRecord - 1 : upToRecord;
                return state.quarantine.stream()
                        .filter(q -> defect == Defect.QUARANTINE_OF_ALL_INSTANCES
                                || Objects.equals(q.instanceId(), instanceId))
                        .filter(q -> q.record() > after && q.record() <= upTo)
                        .map(Quarantine::entry)
                        .toList();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public WriteResult declareGap(Gap gap) {
            lock.lock();
            try {
                boolean holds = guard(gap.instanceId(), gap.ownerToken(), gap.from(), gap.to());
                if (!holds && defect != Defect.GAP_WITHOUT_A_GUARD) {
                    return WriteResult.refused();
                }
                state.ledger.put(gap.instanceId(), new Row(gap.ownerToken(), gap.to()));
                if (defect != Defect.GAP_IS_NOT_WRITTEN_DOWN) {
                    state.gaps.add(gap);
                }
                return WriteResult.applied();
            } finally {
                lock.unlock();
            }
        }
    }
}
