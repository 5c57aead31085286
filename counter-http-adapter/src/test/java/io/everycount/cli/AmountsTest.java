// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AmountsTest {
    @ParameterizedTest
    @CsvSource({
        "500ms, PT0.5S",
        "1s, PT1S",
        "2m, PT2M",
        "1.5h, PT1H30M",
        "1d, PT24H",
        "10us, PT0.00001S",
        "0, PT0S",
        "PT1.5S, PT1.5S",
        "' 1 s ', PT1S",
        "1min, PT1M"
    })
    void times_are_read(String text, Duration expected) {
        assertThat(Amounts.duration(text)).isEqualTo(expected);
        assertThat(Amounts.duration(Amounts.text(expected))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "s", "1 week", "-1s", "1e3s", "PT", "999999999999999d", "1.5.5s", "1M"})
    void other_times_are_refused(String text) {
        assertThatThrownBy(() -> Amounts.duration(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "4096, 4096",
        "64KiB, 65536",
        "8MiB, 8388608",
        "1GiB, 1073741824",
        "1TiB, 1099511627776",
        "8m, 8388608",
        "1kb, 1000",
        "1.5KiB, 1536",
        "0, 0",
        "7B, 7"
    })
    void sizes_are_read(String text, long expected) {
        assertThat(Amounts.bytes(text)).isEqualTo(expected);
        assertThat(Amounts.bytes(Amounts.text(expected))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "KiB", "-1", "1.5", "1XiB", "999999999999999TiB"})
    void other_sizes_are_refused(String text) {
        assertThatThrownBy(() -> Amounts.bytes(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:8080, 127.0.0.1, 8080",
        ":8080, '', 8080",
        "[::1]:8080, ::1, 8080",
        "localhost:0, localhost, 0",
        "*:80, '', 80"
    })
    void addresses_are_read(String text, String host, int port) {
        assertThat(Address.parse(text)).isEqualTo(new Address(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8080", "::1:8080", "[::1]", "h:", "h:x", "h:65536", "h:-1", "http://h:80", "[h]:80"})
    void other_addresses_are_refused(String text) {
        assertThatThrownBy(() -> Address.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void only_this_machines_own_addresses_are_loopback() {
        assertThat(Address.parse("127.0.0.1:1").isLoopback()).isTrue();
        assertThat(Address.parse("127.9.9.9:1").isLoopback()).isTrue();
        assertThat(Address.parse("[::1]:1").isLoopback()).isTrue();
        assertThat(Address.parse(":1").isLoopback()).isFalse();
        assertThat(Address.parse("0.0.0.0:1").isLoopback()).isFalse();
        assertThat(Address.parse("[::]:1").isLoopback()).isFalse();
        assertThat(Address.parse("10.0.0.1:1").isLoopback()).isFalse();
    }

    @Test
    void rates_are_read() {
        assertThat(Amounts.perSecond("5000/s")).isEqualTo(5000);
        assertThat(Amounts.perSecond("0.5")).isEqualTo(0.5);
        assertThatThrownBy(() -> Amounts.perSecond("-1/s")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Amounts.perSecond("5000/m")).isInstanceOf(IllegalArgumentException.class);
    }
}
