// SPDX-License-Identifier: Apache-2.0
package io.everycount.model;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.FatalSinkException;
import io.everycount.sink.Gap;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.WriteResult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A store of totals that fails in every way a database can: before or after it applied something, late,
 * by its guard, by going back in time, by refusing entries. With a {@link Guard} other than STRICT it
 * is wrong on purpose, so that tests can show that they would notice.
 */
public final class ModelStore implements CounterSink {
    /** Calls that can fail. */
    public enum Op {
        REGISTER,
        LEDGER,
        WRITE,
        QUARANTINED,
        GAP,
        REPORT
    }

    /** How one call fails. */
    public enum Fault {
        NONE,
        /** An error, and nothing happened. */
        BEFORE,
        /** An error, and it happened all the same. */
        AFTER,
        /** An error, and it happens later: at the next read of the ledger at the latest, unless the store crashes. */
        LATE,
        /** The guard says no although it holds. */
        REFUSE,
        /** An error that a person must mend, and nothing happened. */
        FATAL
    }

    /** How writes are guarded. */
    public enum Guard {
        /** Owner, number and digest are equal: the only right one. */
        STRICT,
        /** "Not further than", as one might write it. */
        AT_MOST,
        /** The digest is not looked at, neither here nor by the writer. */
        NO_DIGEST,
        /** No guard, and the mark moves only if the reply arrives. */
        NONE,
        /** Half of a batch is a transaction of its own, in front of the one that has the guard and moves the mark. */
        SPLIT
    }

    private record SetAside(UUID instanceId, long record, QuarantinedEntry entry) {}

    private final String name;
    private final Guard guard;
    private final int undoMax;
    private UUID storeId = UUID.randomUUID();
    private final Map<String, Long> totals = new HashMap<>();
    private final Map<UUID, LedgerEntry> ledger = new HashMap<>();
    private final List<SetAside> quarantine = new ArrayList<>();
    private final List<Gap> gaps = new ArrayList<>();
    private final ArrayDeque<Runnable> undo = new ArrayDeque<>();
    private Supplier<WriteResult> late = () -> null;
    private BiFunction<Op, Object, Fault> faults = (op, argument) -> Fault.NONE;
    private Predicate<String> poison = key -> false;
    private Function<Mark, Mark> seenAs = Function.identity();
    private long writes;
    private final List<CounterBatch> attempts = new ArrayList<>();
    private final List<InstanceReport> reports = new ArrayList<>();
    private boolean recording;
    private String halfApplied;
    private Runnable beforeWrite = () -> {};

    public ModelStore(String name) {
        this(name, Guard.STRICT, 64);
    }

    /**
     * @param undoMax how many changes it can go back
     */
    public ModelStore(String name, Guard guard, int undoMax) {
        this.name = name;
        this.guard = guard;
        this.undoMax = undoMax;
    }

    /** Decides how each call fails; null means not at all. */
    public synchronized void faults(BiFunction<Op, Object, Fault> faults) {
        this.faults = faults;
    }

    /** The next calls of one kind fail like this, one after another; all others succeed. */
    public synchronized void script(Op op, Fault... next) {
        ArrayDeque<Fault> left = new ArrayDeque<>(List.of(next));
        faults = (called, argument) -> called == op && !left.isEmpty() ? left.removeFirst() : Fault.NONE;
    }

    public synchronized void poison(Predicate<String> poison) {
        this.poison = poison;
    }

    /** For {@link Guard#NO_DIGEST}: how the writer would see a mark if there were no digests. */
    public synchronized void seenAs(Function<Mark, Mark> seenAs) {
        this.seenAs = seenAs;
    }

    public synchronized void recordAttempts() {
        recording = true;
    }

    /** Run at the start of each write, outside the store's lock. */
    public void beforeWrite(Runnable action) {
        beforeWrite = action;
    }

    public synchronized List<CounterBatch> attempts() {
        return List.copyOf(attempts);
    }

    /** What idle instances said, batches apart. */
    public synchronized List<InstanceReport> reports() {
        return List.copyOf(reports);
    }

    /** Undoes the last changes, as a failover to a replica that lags does. Returns how many. */
    public synchronized int rewind(int changes) {
        late = () -> null;
        int done = 0;
        while (done < changes && !undo.isEmpty()) {
            undo.removeLast().run();
            done++;
        }
        return done;
    }

    /** Another database answers from now on. */
    public synchronized void becomeAnotherStore() {
        storeId = UUID.randomUUID();
        ledger.clear();
        totals.clear();
        quarantine.clear();
        gaps.clear();
        undo.clear();
        late = () -> null;
    }

    public synchronized UUID storeId() {
        return storeId;
    }

    public synchronized void storeId(UUID id) {
        storeId = id;
    }

    public synchronized void putLedger(UUID instanceId, UUID owner, Mark mark) {
        ledger.put(instanceId, new LedgerEntry(storeId, owner, mark));
    }

    public synchronized void dropLedger() {
        ledger.clear();
    }

    public synchronized Map<String, Long> totals() {
        return new HashMap<>(totals);
    }

    public synchronized long total(String key) {
        return totals.getOrDefault(key, 0L);
    }

    public synchronized Map<String, Long> quarantineSums() {
        Map<String, Long> sums = new HashMap<>();
        quarantine.forEach(q -> sums.merge(q.entry.key(), q.entry.delta(), Long::sum));
        return sums;
    }

    public synchronized List<Gap> gaps() {
        return List.copyOf(gaps);
    }

    public synchronized Mark mark(UUID instanceId) {
        LedgerEntry entry = ledger.get(instanceId);
        return entry == null ? Mark.ORIGIN : entry.mark();
    }

    /** Batches applied so far, those undone since included. */
    public synchronized long writes() {
        return writes;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public synchronized LedgerEntry register(Registration registration) {
        late.get();
        late = () -> null;
        return call(Op.REGISTER, registration, () -> {
            UUID id = registration.instanceId();
            LedgerEntry before = ledger.get(id);
            Mark mark = before == null ? Mark.ORIGIN : before.mark();
            ledger.put(id, new LedgerEntry(storeId, registration.ownerToken(), mark));
            remember(() -> restore(id, before));
            return new LedgerEntry(storeId, registration.ownerToken(), seen(mark));
        });
    }

    @Override
    public synchronized Optional<LedgerEntry> ledger(UUID instanceId) {
        late.get();
        late = () -> null;
        return call(
                Op.LEDGER,
                instanceId,
                () -> Optional.ofNullable(ledger.get(instanceId))
                        .map(e -> new LedgerEntry(e.storeId(), e.ownerToken(), seen(e.mark()))));
    }

    private Mark seen(Mark mark) {
        return guard == Guard.NO_DIGEST ? seenAs.apply(mark) : mark;
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        beforeWrite.run();
        synchronized (this) {
            if (recording) {
                attempts.add(batch);
            }
            if (guard == Guard.SPLIT) {
                applyHalf(batch);
            }
            return change(Op.WRITE, batch, () -> apply(batch));
        }
    }

    private void applyHalf(CounterBatch batch) {
        LedgerEntry entry = ledger.get(batch.instanceId());
        if (entry != null && entry.mark().equals(batch.from()) && batch.size() > 1) {
            totals.merge(batch.key(0), batch.delta(0), Long::sum);
            halfApplied = batch.key(0);
        }
    }

    private WriteResult change(Op op, Object argument, Supplier<WriteResult> change) {
        Fault fault = faults.apply(op, argument);
        switch (fault) {
            case NONE -> {
                return change.get();
            }
            case REFUSE -> {
                return WriteResult.refused();
            }
            case AFTER -> unseen(change);
            case LATE -> late = () -> unseen(change);
            case FATAL -> throw new FatalSinkException("a person must mend " + name, null);
            case BEFORE -> {}
        }
        throw new RetriableSinkException(op + " failed: " + fault, null);
    }

    /** A change whose reply is lost; without a ledger, nobody will know of it. */
    private WriteResult unseen(Supplier<WriteResult> change) {
        Map<UUID, LedgerEntry> before = Map.copyOf(ledger);
        WriteResult result = change.get();
        if (guard == Guard.NONE) {
            ledger.clear();
            ledger.putAll(before);
        }
        return result;
    }

    private <T> T call(Op op, Object argument, Supplier<T> call) {
        Fault fault = faults.apply(op, argument);
        if (fault == Fault.NONE || fault == Fault.REFUSE) {
            return call.get();
        }
        if (fault == Fault.AFTER || fault == Fault.LATE) {
            call.get();
        }
        if (fault == Fault.FATAL) {
            throw new FatalSinkException("a person must mend " + name, null);
        }
        throw new RetriableSinkException(op + " failed: " + fault, null);
    }

    private WriteResult apply(CounterBatch batch) {
        UUID id = batch.instanceId();
        LedgerEntry before = ledger.get(id);
        if (!move(id, batch.ownerToken(), batch.from(), batch.to())) {
            return WriteResult.refused();
        }
        writes++;
        List<QuarantinedEntry> refused = new ArrayList<>();
        List<Integer> added = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            String key = batch.key(i);
            if (key.equals(halfApplied)) {
                halfApplied = null;
                continue;
            }
            long total = totals.getOrDefault(key, 0L);
            long after = total + batch.delta(i);
            if (poison.test(key) || ((total ^ after) & (batch.delta(i) ^ after)) < 0) {
                refused.add(new QuarantinedEntry(key, batch.delta(i), "refused"));
            } else {
                totals.put(key, after);
                added.add(i);
            }
        }
        refused.forEach(e -> quarantine.add(new SetAside(id, batch.to().record(), e)));
        int setAside = refused.size();
        remember(() -> {
            restore(id, before);
            added.forEach(i -> totals.merge(batch.key(i), -batch.delta(i), Long::sum));
            for (int i = 0; i < setAside; i++) {
                quarantine.remove(quarantine.size() - 1);
            }
        });
        return WriteResult.applied(refused);
    }

    @Override
    public synchronized List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return call(
                Op.QUARANTINED,
                instanceId,
                () -> quarantine.stream()
                        .filter(q ->
                                q.instanceId.equals(instanceId) && q.record > afterRecord && q.record <= upToRecord)
                        .map(SetAside::entry)
                        .toList());
    }

    @Override
    public synchronized WriteResult declareGap(Gap gap) {
        return change(Op.GAP, gap, () -> {
            LedgerEntry before = ledger.get(gap.instanceId());
            if (!move(gap.instanceId(), gap.ownerToken(), gap.from(), gap.to())) {
                return WriteResult.refused();
            }
            gaps.add(gap);
            remember(() -> {
                restore(gap.instanceId(), before);
                gaps.remove(gaps.size() - 1);
            });
            return WriteResult.applied();
        });
    }

    @Override
    public synchronized void report(UUID instanceId, UUID ownerToken, InstanceReport report) {
        call(Op.REPORT, instanceId, () -> reports.add(report));
    }

    private boolean move(UUID id, UUID owner, Mark from, Mark to) {
        LedgerEntry entry = ledger.get(id);
        boolean holds = switch (guard) {
            case STRICT ->
                entry != null
                        && entry.ownerToken().equals(owner)
                        && entry.mark().equals(from);
            case AT_MOST ->
                entry != null
                        && entry.ownerToken().equals(owner)
                        && entry.mark().record() <= from.record();
            case NO_DIGEST ->
                entry != null
                        && entry.ownerToken().equals(owner)
                        && entry.mark().record() == from.record();
            case NONE -> true;
            case SPLIT ->
                entry != null
                        && entry.ownerToken().equals(owner)
                        && entry.mark().equals(from);
        };
        if (holds) {
            ledger.put(id, new LedgerEntry(storeId, owner, to));
        }
        return holds;
    }

    private void restore(UUID id, LedgerEntry entry) {
        if (entry == null) {
            ledger.remove(id);
        } else {
            ledger.put(id, entry);
        }
    }

    private void remember(Runnable change) {
        undo.addLast(change);
        if (undo.size() > undoMax) {
            undo.removeFirst();
        }
    }
}
