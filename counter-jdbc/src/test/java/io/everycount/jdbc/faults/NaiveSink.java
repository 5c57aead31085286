// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import io.everycount.jdbc.CounterSchema;
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
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/**
 * What one would write first, and what our tests must find wanting: a write that fails is simply tried
 * again, and what the database has is remembered rather than read.
 */
final class NaiveSink implements CounterSink {
    /** What keeps a batch from being applied twice. */
    enum Guard {
        /** Nothing. */
        NONE,
        /** It applies if it is later than what was applied last, instead of exactly the next. */
        LESS_THAN
    }

    private static final String UPSERT = " INSERT INTO everycount_counter AS c (key, value, updated_at)"
            + " SELECT e.key, e.delta, now() FROM unnest(?::text[], ?::bigint[]) AS e (key, delta)"
            + " %s ON CONFLICT (key) DO UPDATE SET value = c.value + excluded.value";
    private static final String MOVE = "WITH guard AS (INSERT INTO everycount_instance AS l"
            + " (instance_id, owner, last_record, last_digest, description, registered_at)"
            + " VALUES (?, gen_random_uuid(), ?, 0, '', now()) ON CONFLICT (instance_id) DO UPDATE"
            + " SET last_record = excluded.last_record WHERE l.last_record < excluded.last_record RETURNING 1)";

    private final DataSource dataSource;
    private final Guard guard;
    private final UUID storeId = UUID.randomUUID();
    private volatile LedgerEntry remembered;
    private volatile int failures;
    private volatile boolean closed;

    NaiveSink(DataSource dataSource, Guard guard) {
        CounterSchema.of(dataSource, "everycount_").apply();
        this.dataSource = dataSource;
        this.guard = guard;
    }

    int failures() {
        return failures;
    }

    @Override
    public LedgerEntry register(Registration registration) {
        remembered = new LedgerEntry(storeId, registration.ownerToken(), Mark.ORIGIN);
        return remembered;
    }

    @Override
    public Optional<LedgerEntry> ledger(UUID instanceId) {
        return Optional.of(remembered);
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        while (!closed) {
            try (Connection connection = dataSource.getConnection()) {
                apply(connection, batch);
                remembered = new LedgerEntry(storeId, batch.ownerToken(), batch.to());
                return WriteResult.applied();
            } catch (SQLException e) {
                failures++;
                LockSupport.parkNanos(5_000_000);
            }
        }
        throw new IllegalStateException("closed");
    }

    private void apply(Connection connection, CounterBatch batch) throws SQLException {
        String sql = guard == Guard.NONE
                ? UPSERT.formatted("")
                : MOVE + UPSERT.formatted("WHERE EXISTS (SELECT FROM guard)");
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            int next = 1;
            if (guard == Guard.LESS_THAN) {
                statement.setObject(next++, batch.instanceId());
                statement.setLong(next++, batch.to().record());
            }
            Long[] deltas = new Long[batch.size()];
            for (int i = 0; i < deltas.length; i++) {
                deltas[i] = batch.delta(i);
            }
            statement.setArray(next++, connection.createArrayOf("text", batch.keys()));
            statement.setArray(next, connection.createArrayOf("bigint", deltas));
            statement.executeUpdate();
        }
    }

    @Override
    public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return List.of();
    }

    @Override
    public WriteResult declareGap(Gap gap) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        closed = true;
    }
}
