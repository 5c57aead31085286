// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.benchmarks.Samples;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TargetTest {
    private static final Target JSON_TO_NETTY = new Target(LoadCase.JSON, "netty", LoadCase.JSON, 1.3);

    @Test
    void a_target_is_met_by_the_median_of_the_rounds() {
        Samples netty = new Samples(List.of(10.0, 10.0, 10.0));
        Samples adapter = new Samples(List.of(12.9, 99.0, 1.0));
        Samples ratio = JSON_TO_NETTY.ratio(results(adapter, netty)).orElseThrow();

        assertThat(JSON_TO_NETTY.isMet(ratio)).isTrue();

        Samples slower = new Samples(List.of(13.1, 99.0, 1.0));
        assertThat(JSON_TO_NETTY.isMet(
                        JSON_TO_NETTY.ratio(results(slower, netty)).orElseThrow()))
                .isFalse();
    }

    @Test
    void what_was_not_measured_is_not_judged() {
        assertThat(JSON_TO_NETTY.ratio(Map.of("netty", Map.of(LoadCase.JSON, new Samples(List.of(1.0))))))
                .isEmpty();
    }

    private static Map<String, Map<LoadCase, Samples>> results(Samples adapter, Samples netty) {
        return Map.of("adapter", Map.of(LoadCase.JSON, adapter), "netty", Map.of(LoadCase.JSON, netty));
    }
}
