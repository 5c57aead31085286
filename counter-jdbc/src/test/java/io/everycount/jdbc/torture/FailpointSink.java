// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.WriteResult;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/** A sink at which the process ends, without another instruction, when it comes by a point for the nth time. */
final class FailpointSink implements CounterSink {
    /** Where a process can be made to end. */
    enum Point {
        BEFORE_REGISTER,
        AFTER_REGISTER,
        BEFORE_WRITE,
        AFTER_WRITE,
        BEFORE_LEDGER,
        AFTER_LEDGER
    }

    /** The exit status of a process that ended here. */
    static final int HALTED = 77;

    private final CounterSink sink;
    private final Point point;
    private final AtomicInteger left;

    /**
     * @param at a point and how often to come by, as in {@code AFTER_WRITE:3}; empty for never
     */
    FailpointSink(CounterSink sink, String at) {
        this.sink = sink;
        String[] parts = at.split(":");
        point = at.isEmpty() ? null : Point.valueOf(parts[0]);
        left = new AtomicInteger(at.isEmpty() ? 0 : Integer.parseInt(parts[1]));
    }

    private void pass(Point here) {
        if (here == point && left.decrementAndGet() == 0) {
            Runtime.getRuntime().halt(HALTED);
        }
    }

    @Override
    public Delivery delivery() {
        return sink.delivery();
    }

    @Override
    public String name() {
        return sink.name();
    }

    @Override
    public LedgerEntry register(Registration registration) {
        pass(Point.BEFORE_REGISTER);
        LedgerEntry entry = sink.register(registration);
        pass(Point.AFTER_REGISTER);
        return entry;
    }

    @Override
    public Optional<LedgerEntry> ledger(UUID instanceId) {
        pass(Point.BEFORE_LEDGER);
        Optional<LedgerEntry> entry = sink.ledger(instanceId);
        pass(Point.AFTER_LEDGER);
        return entry;
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        pass(Point.BEFORE_WRITE);
        WriteResult result = sink.write(batch);
        pass(Point.AFTER_WRITE);
        return result;
    }

    @Override
    public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return sink.quarantined(instanceId, afterRecord, upToRecord);
    }

    @Override
    public WriteResult declareGap(Gap gap) {
        return sink.declareGap(gap);
    }

    @Override
    public void close() {
        sink.close();
    }
}
