// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PeerTest {
    private static final String[] KEYS =
            IntStream.range(0, 64).mapToObj(n -> "key-" + n).toArray(String[]::new);

    @ParameterizedTest
    @EnumSource
    void a_single_thread_gets_back_what_it_added(Peer peer) {
        try (Counting counting = peer.open(0)) {
            assertThat(counting.drain()).isZero();
            for (int i = 0; i < 1_000; i++) {
                counting.add(KEYS[i % KEYS.length]);
            }
            assertThat(counting.drain()).isEqualTo(1_000);
            assertThat(counting.drain()).isZero();

            counting.add(KEYS[0]);
            byte[] utf8 = "/key-63/".getBytes(StandardCharsets.UTF_8);
            counting.add(utf8, 1, 6);
            assertThat(counting.drain()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EVERYCOUNT", "EVERYCOUNT_CELLS", "EVERYCOUNT_HANDLE"})
    void everycount_loses_nothing_while_it_is_drained(Peer peer) throws InterruptedException {
        LossTest.Outcome outcome = LossTest.run(peer, KEYS, 4, 200_000);

        assertThat(outcome.made()).isGreaterThanOrEqualTo(800_000);
        assertThat(outcome.drained()).isEqualTo(outcome.made());
        assertThat(outcome.drains()).isGreaterThanOrEqualTo(20);
        assertThat(outcome.isExact()).isTrue();
        assertThat(outcome.lostPerMillion()).isZero();
    }

    @Test
    void the_loss_test_sees_a_drain_that_loses() throws InterruptedException {
        LossTest.Outcome outcome = LossTest.run(Peer.COPY_THEN_CLEAR, KEYS, 4, 200_000);

        assertThat(outcome.isExact()).isFalse();
        assertThat(outcome.lostPerMillion()).isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void each_library_has_its_version(Peer peer) {
        assertThat(peer.library()).doesNotContain("null", "$").matches("JDK|[a-z-]+ [0-9].*");
    }
}
