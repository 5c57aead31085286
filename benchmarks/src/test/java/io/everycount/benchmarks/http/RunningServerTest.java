// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RunningServerTest {
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    @ParameterizedTest
    @ValueSource(strings = {"adapter", "netty", "jetty", "jdk"})
    void a_server_is_started_answers_everything_uses_time_and_ends(String name) throws Exception {
        Contender contender = Contender.all().stream()
                .filter(one -> one.name().equals(name))
                .findAny()
                .orElseThrow();
        int port;
        try (RunningServer server = RunningServer.start(contender, JAVA, Processors.any())) {
            port = server.port;
            assertThat(server.awaitFirstAnswer()).isPositive();
            for (LoadCase load : LoadCase.values()) {
                try (Load clients = Load.open(port, load)) {
                    clients.run(load.connections);
                }
            }
            assertThat(server.cpu()).isPositive();
        }
        assertThatThrownBy(() -> Load.open(port, LoadCase.FORM)).isInstanceOf(IOException.class);
    }

    @Test
    void a_server_that_ends_at_once_is_told_with_what_it_said() throws Exception {
        Contender broken = new Contender("broken", List.of("{java}", "-cp", "nowhere", "Nothing", "{port}"));

        try (RunningServer server = RunningServer.start(broken, JAVA, Processors.any())) {
            assertThatThrownBy(server::awaitFirstAnswer)
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("broken has ended; it said:\n")
                    .hasMessageContaining("Nothing");
        }
    }

    @Test
    void memory_is_read_from_the_status_of_the_process() {
        assertThat(RunningServer.residentBytes("Name:\tjava\nVmHWM:\t  999 kB\nVmRSS:\t   86016 kB\nRssAnon:\t 7 kB\n"))
                .hasValue(86_016L * 1_024);
        assertThat(RunningServer.residentBytes("Name:\tkthreadd\n")).isEmpty();
    }
}
