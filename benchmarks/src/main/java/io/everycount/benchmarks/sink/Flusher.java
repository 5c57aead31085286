// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import java.sql.SQLException;

/** Adds deltas to totals, by one connection. For one thread. */
interface Flusher extends AutoCloseable {
    /**
     * Durable when it returns.
     *
     * @param keys distinct, in byte order
     */
    void flush(String[] keys, long[] deltas) throws SQLException;

    @Override
    void close() throws SQLException;
}
