// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.CounterBatch;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;

/** Keys and deltas of a batch, or of a part of it, in byte order. */
record Entries(String[] keys, Long[] deltas) {
    static Entries of(CounterBatch batch) {
        return new Entries(batch.keys(), Arrays.stream(batch.deltas()).boxed().toArray(Long[]::new));
    }

    int size() {
        return keys.length;
    }

    Entries part(int from, int to) {
        return new Entries(Arrays.copyOfRange(keys, from, to), Arrays.copyOfRange(deltas, from, to));
    }

    /** Sets the two array parameters that begin at {@code index}. */
    void bind(Connection connection, PreparedStatement statement, int index) throws SQLException {
        statement.setArray(index, array(connection, "text", keys));
        statement.setArray(index + 1, array(connection, "bigint", deltas));
    }

    static Array array(Connection connection, String type, Object[] elements) throws SQLException {
        return connection.createArrayOf(type, elements);
    }
}
