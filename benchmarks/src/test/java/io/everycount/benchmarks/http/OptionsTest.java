// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptionsTest {
    @Test
    void every_option_is_taken() {
        Options options = new Options(
                "--rounds",
                "3",
                "--forks",
                "2",
                "--requests",
                "5000",
                "--starts",
                "0",
                "--cases",
                "json,text",
                "--server",
                "mine={java} -jar x.jar  --port {port}",
                "--servers",
                "mine,netty",
                "--jdk",
                "/a",
                "--jdk",
                "/b",
                "o.json");

        assertThat(options.rounds).isEqualTo(3);
        assertThat(options.forks).isEqualTo(2);
        assertThat(options.requests).isEqualTo(5_000);
        assertThat(options.starts).isZero();
        assertThat(options.cases).containsExactly(LoadCase.JSON, LoadCase.TEXT);
        assertThat(options.contenders).extracting(Contender::name).containsExactly("mine", "netty");
        assertThat(options.contenders.get(0).command(Path.of("/j"), 81))
                .isEqualTo(List.of("/j", "-jar", "x.jar", "--port", "81"));
        assertThat(options.homes).containsExactly(Path.of("/a"), Path.of("/b"));
        assertThat(options.out).isEqualTo(Path.of("o.json"));
    }

    @Test
    void another_command_for_a_known_server_replaces_its_own() {
        Options options = new Options("--server", "netty=x {port}");

        assertThat(options.contenders).hasSameSizeAs(Contender.all());
        assertThat(options.contenders).contains(new Contender("netty", List.of("x", "{port}")));
    }

    @ParameterizedTest
    @CsvSource({
        "--rounds, -1, at least 0",
        "--rounds, x, takes a number",
        "--servers, 'netty,nobody', nobody is not a server",
        "--server, x=y, '{port}'",
        "--turns, 3, not an option"
    })
    void what_there_is_not_is_refused(String option, String value, String message) {
        assertThatThrownBy(() -> new Options(option, value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
