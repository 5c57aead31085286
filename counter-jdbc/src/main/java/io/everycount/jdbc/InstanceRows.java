// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.InstanceReport;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** Reads what {@link Sql#instances} returns: the moment, and an instance unless there is none. */
final class InstanceRows {
    private final List<Instance> entries = new ArrayList<>();
    private Instant readAt = Instant.EPOCH;
    private long total;

    private InstanceRows() {}

    static Instances read(Database database, Handle handle, String statement, int limit) {
        InstanceRows rows = new InstanceRows();
        try (Query query = database.bounded(handle.createQuery(statement)).bind("limit", limit)) {
            query.map((row, context) -> rows.add(row)).list();
        }
        return new Instances(rows.entries, rows.total, rows.readAt);
    }

    private boolean add(ResultSet row) throws SQLException {
        readAt = row.getObject(1, OffsetDateTime.class).toInstant();
        Instant registeredAt = instant(row, 5);
        Instant seenAt = instant(row, 7);
        if (registeredAt == null || seenAt == null) {
            return false;
        }
        entries.add(new Instance(
                row.getObject(2, UUID.class),
                row.getString(3),
                row.getString(4),
                registeredAt,
                instant(row, 6),
                seenAt,
                row.getLong(8),
                report(row)));
        total = row.getLong(12);
        return true;
    }

    private static @Nullable InstanceReport report(ResultSet row) throws SQLException {
        Long accepted = row.getObject(9, Long.class);
        Long pending = row.getObject(10, Long.class);
        Long freshnessMillis = row.getObject(11, Long.class);
        return accepted == null || pending == null || freshnessMillis == null
                ? null
                : new InstanceReport(accepted, pending, Duration.ofMillis(Math.max(0, freshnessMillis)));
    }

    private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
