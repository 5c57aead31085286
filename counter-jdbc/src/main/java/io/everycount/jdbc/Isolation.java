// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.QuarantinedEntry;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds the entries that the server refuses, inside the transaction that applies all others.
 *
 * <p>A part that fails is rolled back to its savepoint and tried again as two halves, down to single
 * entries. So whatever ends up refused was refused alone, while everything else is applied; entries that
 * fail only together (21000) are applied apart. Parts go from left to right and a rollback to a savepoint
 * frees the locks taken since, so rows are still locked in byte order. At most two statements for each
 * entry of the batch.
 */
final class Isolation {
    private final Database database;
    private final Sql sql;
    private final Connection connection;
    private final List<QuarantinedEntry> refused = new ArrayList<>();

    Isolation(Database database, Sql sql, Connection connection) {
        this.database = database;
        this.sql = sql;
        this.connection = connection;
    }

    /** The keys among these that have unresolved entries in quarantine. */
    Set<String> heldAmong(Entries entries) throws SQLException {
        Set<String> held = new HashSet<>();
        try (PreparedStatement statement = database.prepared(connection, sql.heldAmong)) {
            statement.setArray(1, Entries.array(connection, "bytea", bytes(entries.keys())));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    held.add(new String(rows.getBytes(1), StandardCharsets.UTF_8));
                }
            }
        }
        return held;
    }

    /** Applies what can be applied, except for held keys. */
    List<QuarantinedEntry> apply(Entries entries, Set<String> held) throws SQLException {
        List<String> keys = new ArrayList<>(entries.size());
        List<Long> deltas = new ArrayList<>(entries.size());
        for (int i = 0; i < entries.size(); i++) {
            String key = entries.keys()[i];
            Long delta = entries.deltas()[i];
            if (held.contains(key)) {
                refused.add(new QuarantinedEntry(
                        key, delta, "earlier deltas of this key are in quarantine: release or discard them"));
            } else {
                keys.add(key);
                deltas.add(delta);
            }
        }
        applyPart(new Entries(keys.toArray(String[]::new), deltas.toArray(Long[]::new)));
        return refused;
    }

    private void applyPart(Entries part) throws SQLException {
        if (part.size() == 0) {
            return;
        }
        Savepoint before = connection.setSavepoint();
        try (PreparedStatement statement = database.prepared(connection, sql.apply)) {
            part.bind(connection, statement, 1);
            statement.executeUpdate();
        } catch (SQLException e) {
            if (!Failures.isPoison(e)) {
                throw e;
            }
            connection.rollback(before);
            split(part, e);
            return;
        }
        connection.releaseSavepoint(before);
    }

    private void split(Entries part, SQLException failure) throws SQLException {
        if (part.size() == 1) {
            refused.add(new QuarantinedEntry(part.keys()[0], part.deltas()[0], Failures.brief(failure)));
        } else {
            int middle = part.size() / 2;
            applyPart(part.part(0, middle));
            applyPart(part.part(middle, part.size()));
        }
    }

    static byte[][] bytes(String[] keys) {
        byte[][] bytes = new byte[keys.length][];
        for (int i = 0; i < keys.length; i++) {
            bytes[i] = keys[i].getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }
}
