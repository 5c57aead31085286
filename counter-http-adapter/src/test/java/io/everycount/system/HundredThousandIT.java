// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the adapter is for: many single requests, few statements. */
@Tag(PostgresServer.OWN_SERVER)
class HundredThousandIT {
    private static final int INCREMENTS = 100_000;
    private static final int STATEMENTS_A_SECOND_MAX = 3;

    @TempDir
    Path directory;

    @Test
    void a_hundred_thousand_requests_are_counted_exactly_in_a_few_statements_a_second() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase()) {
            database.logStatements();
            Path record = directory.resolve("run.tsv");
            long[] nanos = new long[1];
            List<String> statements = database.statementsOf(() -> nanos[0] = serveAndLoad(database.jdbcUrl(), record));
            long upserts = statements.stream()
                    .filter(sql -> sql.contains("INSERT INTO everycount_counter"))
                    .count();
            double seconds = nanos[0] / 1e9;
            try (Command verify = Adapter.verify(database.jdbcUrl(), record)) {
                assertThat(verify.status()).as(verify.toString()).isZero();
                assertThat(verify.output()).contains("EXACT: stored = acknowledged = 100,000 ");
            }
            assertThat(Records.unknown(record)).isEmpty();
            assertThat(Records.sum(Records.acknowledged(record))).isEqualTo(INCREMENTS);
            assertThat(Records.stored(database, "")).isEqualTo(Records.acknowledged(record));
            System.out.printf(
                    "100,000 single POSTs: 0 errors, exact, %.1f s (%,.0f a second), %d flush statements%n",
                    seconds, INCREMENTS / seconds, upserts);
            assertThat(upserts)
                    .as("statements that write totals, in %.1f s", seconds)
                    .isBetween(1L, 2 + (long) (seconds * STATEMENTS_A_SECOND_MAX));
        }
    }

    /** How long the requests took; their totals are written when this returns. */
    private static long serveAndLoad(String databaseUrl, Path record) {
        try (Adapter adapter = Adapter.start(List.of("-Xmx256m"), databaseUrl, "--drain-time", "0s")) {
            long beganNanos = System.nanoTime();
            try (Command load = Adapter.load(
                    adapter.url(), record, "--increments", Integer.toString(INCREMENTS), "--connections", "64")) {
                assertThat(load.status()).as(load.toString()).isZero();
            }
            long nanos = System.nanoTime() - beganNanos;
            assertThat(adapter.get("/metrics").body())
                    .as("the jar knows its version")
                    .containsPattern("everycount_build_info\\{version=\"[0-9][^\"]*\"} 1");
            adapter.command().terminate();
            assertThat(adapter.command().status())
                    .as(adapter.command().toString())
                    .isZero();
            assertThat(adapter.command().lastLine()).endsWith("Everything accepted is persisted: 100,000");
            return nanos;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
