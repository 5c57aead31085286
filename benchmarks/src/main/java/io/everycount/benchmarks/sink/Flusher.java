// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;

/** Adds deltas to totals, by one connection. For one thread. */
interface Flusher extends AutoCloseable {
    /**
     * What to add, in the forms that one way or the other takes.
     *
     * @param keys distinct, in byte order
     * @param utf8 the same
     */
    record Sums(String[] keys, byte[][] utf8, long[] deltas) {
        static Sums of(String[] keys, long[] deltas) {
            byte[][] utf8 = new byte[keys.length][];
            for (int i = 0; i < keys.length; i++) {
                utf8[i] = keys[i].getBytes(StandardCharsets.UTF_8);
            }
            return new Sums(keys, utf8, deltas);
        }
    }

    /** Durable when it returns. */
    void flush(Sums sums) throws SQLException;

    @Override
    void close() throws SQLException;
}
