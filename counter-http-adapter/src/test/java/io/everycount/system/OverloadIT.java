// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More keys than there may be. */
class OverloadIT {
    private static final int INCREMENTS = 20_000;

    @TempDir
    Path directory;

    @Test
    void what_was_turned_away_is_not_counted_and_the_rest_is_exact() throws Exception {
        Path record = directory.resolve("run.tsv");
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(database.jdbcUrl(), "--max-keys", "500", "--drain-time", "0s");
                Command load = Adapter.load(
                        adapter.url(),
                        record,
                        "--increments",
                        Integer.toString(INCREMENTS),
                        "--keys",
                        "5000",
                        "--distribution",
                        "uniform")) {
            assertThat(load.status()).as(load.toString()).isEqualTo(1);
            adapter.command().terminate();
            assertThat(adapter.command().status())
                    .as(adapter.command().toString())
                    .isZero();
            long acknowledged = Records.sum(Records.acknowledged(record));
            assertThat(acknowledged).isBetween(1L, INCREMENTS - 1L);
            assertThat(Records.unknown(record)).isEmpty();
            assertThat(Records.stored(database, "")).isEqualTo(Records.acknowledged(record));
            System.out.printf(
                    "ten times the keys there may be: %,d of %,d increments turned away, the rest exact%n",
                    INCREMENTS - acknowledged, INCREMENTS);
        }
    }
}
