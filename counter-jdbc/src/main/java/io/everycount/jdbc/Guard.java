// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.Mark;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The parameters of statements that move a mark, in the order that {@link Sql} has them; each returns the next index. */
final class Guard {
    private Guard() {}

    /** Where the mark moves to, with the report, and what the ledger has to have. */
    static int bindMove(PreparedStatement statement, int index, CounterBatch batch) throws SQLException {
        int next = bindTo(statement, index, batch.to());
        next = bindReport(statement, next, batch.report());
        return bind(statement, next, batch.instanceId(), batch.ownerToken(), batch.from());
    }

    static int bindTo(PreparedStatement statement, int index, Mark to) throws SQLException {
        statement.setLong(index, to.record());
        statement.setLong(index + 1, to.digest());
        return index + 2;
    }

    static int bindReport(PreparedStatement statement, int index, @Nullable InstanceReport report) throws SQLException {
        statement.setObject(index, report == null ? null : report.accepted(), Types.BIGINT);
        statement.setObject(index + 1, report == null ? null : report.pending(), Types.BIGINT);
        statement.setObject(
                index + 2, report == null ? null : report.freshness().toMillis(), Types.BIGINT);
        return index + 3;
    }

    static int bind(PreparedStatement statement, int index, UUID instanceId, UUID ownerToken, Mark from)
            throws SQLException {
        statement.setObject(index, instanceId);
        statement.setObject(index + 1, ownerToken);
        statement.setLong(index + 2, from.record());
        statement.setLong(index + 3, from.digest());
        return index + 4;
    }

    static boolean held(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            return row.next() && row.getInt(1) == 1;
        }
    }
}
