// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** More connections than may be. */
class ConnectionCapTest {
    private static final String HELLO = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final int MAX = 10;
    private static final int SURPLUS = 8;

    private final TestRoutes routes = new TestRoutes();
    private final JettyFront front =
            new JettyFront(FrontSettings.defaults().withMaxConnections(MAX), routes, FrontListener.NONE);
    private final List<RawClient> clients = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        for (RawClient client : clients) {
            client.close();
        }
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    private RawClient connect() throws Exception {
        RawClient client = new RawClient(front.port());
        clients.add(client);
        return client;
    }

    @Test
    void surplus_connections_are_told_so_the_rest_is_closed_and_the_others_are_served() throws Exception {
        for (int i = 0; i < MAX; i++) {
            assertThat(connect().send(HELLO).reply().status()).isEqualTo(200);
        }
        List<RawClient> silent = new ArrayList<>();
        for (int i = 0; i < SURPLUS; i++) {
            silent.add(connect());
        }
        Await.until("they are accepted", () -> front.stats().open() == MAX + SURPLUS);
        for (int i = 0; i < 100; i++) {
            assertThat(connect().isEndedByServer()).isTrue();
        }
        for (RawClient client : silent) {
            RawClient.Reply reply = client.send(HELLO).reply();
            assertThat(reply.status()).isEqualTo(503);
            assertThat(reply.isLast()).isTrue();
            assertThat(reply.headers()).containsEntry("retry-after", "1");
            assertThat(client.isEndedByServer()).isTrue();
        }
        assertThat(clients.get(0).send(HELLO).reply().status()).isEqualTo(200);
        assertThat(front.stats().refused()).isEqualTo(100 + SURPLUS);
    }

    @Test
    void surplus_connections_that_say_nothing_are_gone_soon_and_places_become_free() throws Exception {
        for (int i = 0; i < MAX; i++) {
            connect().send(HELLO).reply();
        }
        RawClient silent = connect();
        Await.until("it is accepted", () -> front.stats().open() == MAX + 1);
        long beganNanos = System.nanoTime();
        assertThat(silent.isEndedByServer()).isTrue();
        assertThat(System.nanoTime() - beganNanos)
                .isLessThan(Duration.ofSeconds(5).toNanos());
        clients.get(0).close();
        Await.until("a place is free", () -> front.stats().open() == MAX - 1);
        assertThat(connect().send(HELLO).reply().status()).isEqualTo(200);
    }
}
