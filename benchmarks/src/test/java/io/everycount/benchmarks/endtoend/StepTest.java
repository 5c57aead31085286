// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class StepTest {
    private static final String OUTPUT = """
                          increments  requests
            acknowledged       2,140       214
            rejected          17,860     1,786
            unknown                3         1
            sent              20,003     2,001
            a second         2,308/s     231/s

            answer                  requests
            202                          214
            503 A limit is reached     1,786

            latency     p50     p90     p99   p99.9     max
                     6.30 s  6.75 s  6.98 s  7.11 s  7.20 s
            in 8.67 s
            """;

    @Test
    void reads_what_the_load_program_prints() {
        Step step = Step.of(10_000, OUTPUT, 0.5, true);
        assertThat(step).isEqualTo(new Step(10_000, 2_140, 17_860, 3, 2_308, "6.98 s", "503", 0.5, true));
        assertThat(step.isSaturated()).isTrue();
    }

    @Test
    void output_of_another_kind_is_no_step() {
        assertThatThrownBy(() -> Step.of(1, "no adapter there", 0, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no adapter there");
    }
}
