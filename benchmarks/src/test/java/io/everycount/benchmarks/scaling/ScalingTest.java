// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScalingTest {
    private final Model model = new Model(100_000, 200, 1);

    @Test
    void below_what_the_database_takes_every_interval_writes_every_key() {
        assertThat(model.keysPerSecond(4, 10_000)).isEqualTo(40_000);
        assertThat(model.secondsBetweenFlushes(4, 10_000)).isEqualTo(1);
        assertThat(model.wal(4, 10_000)).isEqualTo(8e6);
    }

    @Test
    void above_it_flushes_are_further_apart() {
        assertThat(model.keysPerSecond(5, 100_000)).isEqualTo(100_000);
        assertThat(model.secondsBetweenFlushes(5, 100_000)).isEqualTo(5);
    }

    @Test
    void a_run_counts_right_and_says_what_was_written() throws Exception {
        Run run = Run.of(PostgresServer.shared(), 2, 50, Duration.ofMillis(20), Duration.ofMillis(400));
        assertThat(run.keysPerSecond()).isPositive();
        assertThat(run.walPerKey()).isPositive();
        assertThat(run.made()).isPositive();
    }
}
