// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that take their time, against time limits that are short. */
class SlowClientTest {
    private static final String HELLO = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final Duration REQUEST = Duration.ofMillis(600);
    private static final Duration IDLE = Duration.ofMillis(1_200);

    private final TestRoutes routes = new TestRoutes();
    private final JettyFront front =
            new JettyFront(FrontSettings.defaults().withTimeouts(REQUEST, IDLE), routes, FrontListener.NONE);

    @BeforeEach
    void start() throws Exception {
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    /** How long until the server ends it, while bytes go on dripping in. */
    private static Duration dripUntilEnded(RawClient client, byte drip) throws Exception {
        long beganNanos = System.nanoTime();
        client.socket().setSoTimeout(20);
        while (!client.isEndedByServer()) {
            client.sendAsMuchAsTaken(new byte[] {drip}, 1);
            assertThat(System.nanoTime() - beganNanos).isLessThan(TimeUnit.SECONDS.toNanos(15));
        }
        return Duration.ofNanos(System.nanoTime() - beganNanos);
    }

    @Test
    void a_connection_that_says_nothing_is_closed() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.isEndedByServer()).isTrue();
        }
        Await.until("it is counted", () -> front.stats().slowHeads() == 1);
    }

    @Test
    void headers_that_drip_in_are_cut_though_bytes_keep_coming() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send("GET /hello HTTP/1.1\r\nHost: h\r\nX-A: ");
            assertThat(dripUntilEnded(client, (byte) 'a')).isGreaterThan(REQUEST.minusMillis(100));
        }
        Await.until("it is counted", () -> front.stats().slowHeads() == 1);
        assertThat(routes.routed).hasValue(0);
    }

    @Test
    void a_second_request_that_drips_in_is_cut_too() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send(HELLO).reply().status()).isEqualTo(200);
            client.send("GET /hello HTTP/1.1\r\nX-A: ");
            dripUntilEnded(client, (byte) 'a');
        }
        Await.until("it is counted", () -> front.stats().slowHeads() == 1);
    }

    @Test
    void a_slow_body_gets_408_and_the_connection_is_closed() throws Exception {
        for (String length : List.of("Content-Length: 100", "Transfer-Encoding: chunked")) {
            try (RawClient client = new RawClient(front.port())) {
                client.send("POST /echo HTTP/1.1\r\nHost: h\r\n" + length + "\r\n\r\n3\r\n");
                RawClient.Reply reply = client.reply();
                assertThat(reply.status()).isEqualTo(408);
                assertThat(reply.isLast()).isTrue();
                assertThat(reply.headers()).containsEntry("content-type", "application/problem+json");
                assertThat(client.isEndedByServer()).isTrue();
            }
        }
        Await.until("it is counted", () -> front.stats().slowBodies() == 2);
        assertThat(routes.handled).hasValue(0);
    }

    @Test
    void a_body_that_drips_in_gets_408_though_bytes_keep_coming() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
            client.socket().setSoTimeout(20);
            byte[] first = new byte[1];
            int read = 0;
            while (read == 0) {
                client.send("x");
                try {
                    read = client.read(first);
                } catch (SocketTimeoutException e) {
                    assertThat(routes.handled).hasValue(0);
                }
            }
            assertThat(first[0]).as("the beginning of a reply").isEqualTo((byte) 'H');
            assertThat(routes.handled).hasValue(0);
            dripUntilEnded(client, (byte) 'x');
        }
        Await.until("it is counted", () -> front.stats().slowBodies() == 1);
    }

    @Test
    void a_reader_that_does_not_read_is_cut() throws Exception {
        try (RawClient client = new RawClient(RawClient.connect(front.port(), 4_096))) {
            client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
            Await.until("it is cut", () -> front.stats().slowReaders() == 1);
            Await.until("it is gone", () -> front.stats().open() == 0);
        }
    }

    @Test
    void an_idle_connection_is_closed_after_the_idle_time() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send(HELLO).reply().status()).isEqualTo(200);
            long beganNanos = System.nanoTime();
            assertThat(client.isEndedByServer()).isTrue();
            assertThat(System.nanoTime() - beganNanos)
                    .isGreaterThan(IDLE.minusMillis(200).toNanos());
        }
        assertThat(front.stats().slowHeads()).isZero();
    }

    @Test
    void an_endpoint_may_take_longer_than_clients_may() throws Exception {
        try (RawClient client = new RawClient(front.port());
                RawClient measure = new RawClient(front.port())) {
            client.send("POST /parked HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
            measure.send(HELLO).reply();
            assertThat(measure.isEndedByServer()).as("longer than any limit").isTrue();
            routes.parked.get().reply(TestRoutes.HELLO);
            assertThat(client.reply().status()).isEqualTo(200);
            assertThat(client.send(HELLO).reply().status()).isEqualTo(200);
        }
    }

    @Test
    void normal_requests_are_served_among_a_thousand_slow_clients() throws Exception {
        List<RawClient> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 1_000; i++) {
                RawClient client = new RawClient(front.port());
                slow.add(client);
                client.send(
                        i % 2 == 0
                                ? "GET /hello HTTP/1.1\r\nX-A: "
                                : "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n");
            }
            long servedWhileSlow = 0;
            while (front.stats().open() > 0) {
                try (RawClient client = new RawClient(front.port())) {
                    assertThat(client.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                                    .reply()
                                    .status())
                            .isEqualTo(200);
                    servedWhileSlow++;
                }
                for (int i = 0; i < slow.size(); i += 100) {
                    slow.get(i).sendAsMuchAsTaken(new byte[] {'a'}, 1);
                }
            }
            assertThat(servedWhileSlow).isPositive();
            FrontStats stats = front.stats();
            assertThat(stats.slowHeads() + stats.slowBodies()).isEqualTo(1_000);
        } finally {
            for (RawClient client : slow) {
                client.close();
            }
        }
    }
}
