// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LoadTest {
    private static final int SPOILT = 300;

    private final AtomicInteger requests = new AtomicInteger();
    private int spoiltStatus = 202;
    private boolean spoiltCloses;
    private HttpServer server;

    @BeforeEach
    void start() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.createContext("/", exchange -> {
            boolean spoilt = requests.incrementAndGet() == SPOILT;
            exchange.getRequestBody().readAllBytes();
            if (spoilt && spoiltCloses) {
                exchange.getResponseHeaders().set("Connection", "close");
            }
            exchange.sendResponseHeaders(spoilt ? spoiltStatus : 202, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void every_request_is_sent_once_and_answered() throws Exception {
        try (Load load = open()) {
            load.run(500);
            assertThat(requests).hasValue(500);
            load.run(123);
            assertThat(requests).hasValue(623);
        }
    }

    @Test
    void one_error_among_many_answers_is_an_error() throws Exception {
        spoiltStatus = 503;
        try (Load load = open()) {
            assertThatThrownBy(() -> load.run(500))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("answered: HTTP/1.1 503");
        }
    }

    @Test
    void a_closed_connection_is_an_error() throws Exception {
        spoiltCloses = true;
        try (Load load = open()) {
            assertThatThrownBy(() -> load.run(5_000)).isInstanceOf(IOException.class);
        }
    }

    private Load open() throws Exception {
        return Load.open(server.getAddress().getPort(), LoadCase.FORM);
    }
}
