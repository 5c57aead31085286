// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.DriverManager;
import java.sql.SQLException;

/** How sums of keys get into a table. */
enum Way {
    EVERYCOUNT("Everycount: one statement, with its ledger", true, null, ""),
    UPSERT("the same upsert without a ledger", true, StatementFlusher::upsert, ""),
    COPY_AND_MERGE("COPY to a temporary table, then merge", true, StatementFlusher::copyAndMerge, ""),
    REWRITTEN_BATCH("JDBC batch, reWriteBatchedInserts", true, StatementFlusher::batch, "reWriteBatchedInserts=true"),
    BATCH("JDBC batch", true, StatementFlusher::batch, ""),
    ONE_BY_ONE("one statement and commit for each increment", true, StatementFlusher::oneByOne, ""),
    COPY("COPY into the table: the limit, as it cannot add", false, StatementFlusher::copy, "");

    final String title;
    final boolean adds;
    private final StatementFlusher.Writing writing;
    private final String options;

    Way(String title, boolean adds, StatementFlusher.Writing writing, String options) {
        this.title = title;
        this.adds = adds;
        this.writing = writing;
        this.options = options;
    }

    /** How many of so many keys to write: what takes very long is measured with fewer. */
    int keys(int all) {
        return switch (this) {
            case ONE_BY_ONE -> Math.max(1, all / 200);
            case BATCH -> Math.max(1, all / 5);
            default -> all;
        };
    }

    /**
     * @param database with the sink's tables
     */
    Flusher open(TestDatabase database) throws SQLException {
        String user = database.server().user();
        String password = database.server().password();
        if (writing == null) {
            return new SinkFlusher(
                    JdbcCounterSink.builder(database.jdbcUrl(), user, password).build());
        }
        String url = database.jdbcUrl();
        String all = options.isEmpty() ? url : url + (url.contains("?") ? "&" : "?") + options;
        return new StatementFlusher(DriverManager.getConnection(all, user, password), writing);
    }
}
