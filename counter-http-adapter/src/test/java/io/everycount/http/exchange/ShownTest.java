// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShownTest {
    @Test
    void plain_text_is_shown_as_it_is() {
        assertThat(Shown.text("")).isEqualTo("\"\"");
        assertThat(Shown.text("page:/home ä 😀")).isEqualTo("\"page:/home ä 😀\"");
    }

    @Test
    void whatever_could_deceive_is_escaped() {
        assertThat(Shown.text("a\r\nERROR \u001b[31m\0\u007f\u0085"))
                .isEqualTo("\"a\\u000d\\u000aERROR \\u001b[31m\\u0000\\u007f\\u0085\"");
        assertThat(Shown.text("a\" b \\u000a")).isEqualTo("\"a\\\" b \\\\u000a\"");
        assertThat(Shown.text("\u202eexe\u200b\u2028\u00a0\ud800\ue000"))
                .isEqualTo("\"\\u202eexe\\u200b\\u2028\\u00a0\\ud800\\ue000\"");
    }

    @Test
    void at_most_64_characters_are_shown_and_none_is_halved() {
        assertThat(Shown.text("x".repeat(64))).isEqualTo("\"" + "x".repeat(64) + "\"");
        assertThat(Shown.text("x".repeat(65))).isEqualTo("\"" + "x".repeat(64) + "…\"");
        assertThat(Shown.text("😀".repeat(70))).isEqualTo("\"" + "😀".repeat(64) + "…\"");
    }
}
