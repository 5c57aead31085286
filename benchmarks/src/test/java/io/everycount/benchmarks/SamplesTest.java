// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SamplesTest {
    @Test
    void the_median_is_in_the_middle_or_between_the_two_there() {
        assertThat(new Samples(List.of(9.0, 1.0, 2.0)).median()).isEqualTo(2.0);
        assertThat(new Samples(List.of(9.0, 1.0, 2.0, 4.0)).median()).isEqualTo(3.0);
        assertThat(new Samples(List.of(5.0)).median()).isEqualTo(5.0);
    }

    @Test
    void a_ratio_is_taken_round_by_round() {
        Samples ratio = new Samples(List.of(10.0, 200.0, 30.0)).over(new Samples(List.of(10.0, 100.0, 10.0)));

        assertThat(ratio.values()).containsExactly(1.0, 2.0, 3.0);
        assertThat(ratio.least()).isEqualTo(1.0);
        assertThat(ratio.most()).isEqualTo(3.0);
    }

    @Test
    void nothing_and_unequal_rounds_are_refused() {
        assertThatThrownBy(() -> new Samples(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Samples(List.of(1.0)).over(new Samples(List.of(1.0, 2.0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("1 samples over 2");
    }
}
