// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TextTest {
    @Test
    void aKeyCannotMoveTheCursor() {
        assertThat(Text.printable("/a\033[2J\r\u202e", 20)).isEqualTo("/a\uFFFD[2J\uFFFD\uFFFD");
    }

    @Test
    void aWideKeyEndsInAnEllipsis() {
        assertThat(Text.printable("abcdef", 6)).isEqualTo("abcdef");
        assertThat(Text.printable("abcdefg", 6)).isEqualTo("abcde…");
        assertThat(Text.printable("😀😀😀", 2)).isEqualTo("😀…");
    }

    @Test
    void numbersHaveAboutThreeDigits() {
        assertThat(Text.compact(0)).isEqualTo("0");
        assertThat(Text.compact(9_999)).isEqualTo("9,999");
        assertThat(Text.compact(10_000)).isEqualTo("10.0k");
        assertThat(Text.compact(999_400)).isEqualTo("999k");
        assertThat(Text.compact(999_600)).isEqualTo("1.00M");
        assertThat(Text.bytes(950)).isEqualTo("950 B");
        assertThat(Text.bytes(642_000_000)).isEqualTo("642 MB");
    }

    @Test
    void timesHaveTheUnitThatSuits() {
        assertThat(Text.time(Duration.ofNanos(123_400))).isEqualTo("123 µs");
        assertThat(Text.time(Duration.ofMillis(12))).isEqualTo("12.0 ms");
        assertThat(Text.time(Duration.ofMillis(4_560))).isEqualTo("4.56 s");
        assertThat(Text.time(Duration.ofSeconds(200))).isEqualTo("3 min 20 s");
    }

    @Test
    void columnsOfATableAreAligned() {
        assertThat(new Text.Table("  ", "lr").row("a", "1").row("bbb", "1,000").toString())
                .isEqualTo("  a        1\n  bbb  1,000\n");
    }
}
