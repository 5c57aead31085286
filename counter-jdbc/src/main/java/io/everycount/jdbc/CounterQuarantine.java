// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.FatalSinkException;
import io.everycount.sink.SinkException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.jdbi.v3.core.JdbiException;

/**
 * The deltas that totals refused. As long as a key has one, its further deltas join it here instead of
 * being tried; they are applied again after all of the key's deltas were released or discarded.
 * Resolved ones stay in the table, for the record. Thread-safe.
 *
 * <p>Every method throws a {@link SinkException} if the database could not be reached.
 */
public final class CounterQuarantine {
    private final Database database;
    private final Sql sql;

    CounterQuarantine(Database database, Sql sql) {
        this.database = database;
        this.sql = sql;
    }

    /**
     * The quarantine of a database that other processes write to, with the default timeouts.
     *
     * @param tablePrefix as in {@link JdbcCounterSink.Builder#tablePrefix}
     */
    public static CounterQuarantine of(DataSource dataSource, String tablePrefix) {
        Objects.requireNonNull(dataSource, "dataSource");
        Sql sql = new Sql(tablePrefix, Waits.DEFAULT, true);
        return new CounterQuarantine(new Database(dataSource, sql), sql);
    }

    /**
     * One page of what is held, oldest first.
     *
     * @param afterId the last id of the page before; 0 for the first page
     * @param limit how many at most
     */
    public List<HeldDelta> held(long afterId, int limit) {
        return Failures.translating(
                "could not read the quarantine",
                sql.prefix,
                () -> database.read(handle -> database.bounded(handle.createQuery(sql.held))
                        .bind("after", afterId)
                        .bind("limit", limit)
                        .map((row, context) -> new HeldDelta(
                                row.getLong(1),
                                new String(row.getBytes(2), StandardCharsets.UTF_8),
                                row.getLong(3),
                                row.getString(4),
                                row.getObject(5, UUID.class),
                                row.getLong(6),
                                row.getObject(7, OffsetDateTime.class).toInstant()))
                        .list()));
    }

    /**
     * Adds all held deltas of a key to its total, all or none, in one transaction.
     *
     * @return how many there were
     * @throws FatalSinkException if the total still refuses their sum; nothing has changed then
     */
    public int release(String key) {
        String doing = "could not release " + key;
        return Failures.translating(doing, sql.prefix, () -> {
            try {
                return database.read(handle -> database.bounded(handle.createQuery(sql.release))
                        .bind("bytes", key.getBytes(StandardCharsets.UTF_8))
                        .bind("key", key)
                        .mapTo(Integer.class)
                        .one());
            } catch (JdbiException e) {
                if (e.getCause() instanceof SQLException refusal && Failures.isPoison(refusal)) {
                    throw new FatalSinkException(
                            doing + ": " + refusal.getMessage() + ". Correct its total first, or discard the deltas",
                            e);
                }
                throw e;
            }
        });
    }

    /**
     * Gives up all held deltas of a key, for good; its total stays without them.
     *
     * @return how many there were
     */
    public int discard(String key) {
        return Failures.translating(
                "could not discard " + key,
                sql.prefix,
                () -> database.read(handle -> database.bounded(handle.createUpdate(sql.discard))
                        .bind("bytes", key.getBytes(StandardCharsets.UTF_8))
                        .execute()));
    }
}
