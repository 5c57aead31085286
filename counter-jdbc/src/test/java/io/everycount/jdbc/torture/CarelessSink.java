// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.WriteResult;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/**
 * A sink that must be found wanting: it tries again by itself what failed, remembers what it wrote rather than looking,
 * and its guard is wrong. All else it leaves to one that is right, so that processes can come and go.
 */
final class CarelessSink implements CounterSink {
    /** What keeps a batch from being applied twice. */
    enum Guard {
        /** Nothing: totals first, then the mark. */
        NONE,
        /** The mark is lower than the batch's end. */
        AT_MOST
    }

    private static final String UPSERT = " INSERT INTO everycount_counter AS c (key, value, updated_at)"
            + " SELECT e.key, e.delta, now() FROM unnest(?::text[], ?::bigint[]) AS e (key, delta)"
            + " %s ON CONFLICT (key) DO UPDATE SET value = c.value + excluded.value";
    private static final String MOVE =
            "UPDATE everycount_instance SET last_record = ?, last_digest = ? WHERE instance_id = ? AND last_record < ?";
    private static final String GUARDED =
            "WITH moved AS (" + MOVE + " RETURNING 1)" + UPSERT.formatted("WHERE EXISTS (SELECT FROM moved)");

    private final CounterSink sink;
    private final DataSource dataSource;
    private final Guard guard;
    private final Map<UUID, LedgerEntry> remembered = new HashMap<>();

    CarelessSink(CounterSink sink, DataSource dataSource, Guard guard) {
        this.sink = sink;
        this.dataSource = dataSource;
        this.guard = guard;
    }

    @Override
    public synchronized LedgerEntry register(Registration registration) {
        LedgerEntry entry = sink.register(registration);
        remembered.put(registration.instanceId(), entry);
        return entry;
    }

    @Override
    public synchronized Optional<LedgerEntry> ledger(UUID instanceId) {
        return Optional.ofNullable(remembered.get(instanceId));
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        while (true) {
            try (Connection connection = dataSource.getConnection()) {
                if (guard == Guard.NONE) {
                    try (PreparedStatement upsert = connection.prepareStatement(UPSERT.formatted(""))) {
                        entries(upsert, 1, batch);
                    }
                    try (PreparedStatement move = connection.prepareStatement(MOVE)) {
                        mark(move, batch);
                        move.executeUpdate();
                    }
                } else {
                    try (PreparedStatement both = connection.prepareStatement(GUARDED)) {
                        mark(both, batch);
                        entries(both, 5, batch);
                    }
                }
                remember(batch);
                return WriteResult.applied();
            } catch (SQLException e) {
                // As long as it takes; there is not much else to do for a sink that does not know.
                LockSupport.parkNanos(5_000_000);
            }
        }
    }

    private synchronized void remember(CounterBatch batch) {
        UUID storeId = remembered.get(batch.instanceId()).storeId();
        remembered.put(batch.instanceId(), new LedgerEntry(storeId, batch.ownerToken(), batch.to()));
    }

    private static void mark(PreparedStatement statement, CounterBatch batch) throws SQLException {
        Mark to = batch.to();
        statement.setLong(1, to.record());
        statement.setLong(2, to.digest());
        statement.setObject(3, batch.instanceId());
        statement.setLong(4, to.record());
    }

    private static void entries(PreparedStatement statement, int from, CounterBatch batch) throws SQLException {
        Long[] deltas = new Long[batch.size()];
        for (int i = 0; i < deltas.length; i++) {
            deltas[i] = batch.delta(i);
        }
        statement.setArray(from, statement.getConnection().createArrayOf("text", batch.keys()));
        statement.setArray(from + 1, statement.getConnection().createArrayOf("bigint", deltas));
        statement.executeUpdate();
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
