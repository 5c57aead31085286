// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KeyChoiceTest {
    private static final int DRAWS = 100_000;

    @Test
    void shares_are_what_they_are_called() {
        for (double share : shares(KeyChoice.Distribution.UNIFORM, 10)) {
            assertThat(share).isCloseTo(0.1, within(0.01));
        }
        // The harmonic number of 3 is 11/6.
        double[] zipf = shares(KeyChoice.Distribution.ZIPF, 3);
        assertThat(zipf[0]).isCloseTo(6 / 11.0, within(0.01));
        assertThat(zipf[1]).isCloseTo(3 / 11.0, within(0.01));
        assertThat(zipf[2]).isCloseTo(2 / 11.0, within(0.01));
        double[] hot = shares(KeyChoice.Distribution.HOT, 11);
        assertThat(hot[0]).isCloseTo(0.9, within(0.01));
        assertThat(hot[10]).isCloseTo(0.01, within(0.003));
    }

    @ParameterizedTest
    @EnumSource(KeyChoice.Distribution.class)
    void a_single_key_is_always_chosen(KeyChoice.Distribution distribution) {
        assertThat(shares(distribution, 1)).containsExactly(1.0);
    }

    private static double[] shares(KeyChoice.Distribution distribution, int keys) {
        KeyChoice choice = new KeyChoice(distribution, keys, 7);
        double[] shares = new double[keys];
        LongStream.range(0, DRAWS).forEach(n -> shares[choice.key(n)] += 1.0 / DRAWS);
        for (int i = 0; i < keys; i++) {
            shares[i] = Math.round(shares[i] * 1e9) / 1e9;
        }
        return shares;
    }
}
