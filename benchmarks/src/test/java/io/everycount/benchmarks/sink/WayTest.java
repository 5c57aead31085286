// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import org.junit.jupiter.api.Test;

class WayTest {
    /** Each way checks itself that the table has the sums of two passes. */
    @Test
    void every_way_counts_right() throws Exception {
        for (Way way : Way.values()) {
            Measurement measured = Measurement.of(PostgresServer.shared(), way, 1_000, 300);
            assertThat(measured.newKeys()).as(way.name()).isPositive();
            assertThat(Double.isNaN(measured.existingKeys())).as(way.name()).isEqualTo(!way.adds);
        }
    }

    @Test
    void ours_is_one_statement() throws Exception {
        assertThat(Measurement.statements(PostgresServer.shared(), Way.EVERYCOUNT, 100))
                .isEqualTo(1);
        assertThat(Measurement.statements(PostgresServer.shared(), Way.BATCH, 100))
                .isGreaterThan(100);
    }
}
