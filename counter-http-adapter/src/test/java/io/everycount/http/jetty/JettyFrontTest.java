// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of well-formed requests, as seen on the socket. */
class JettyFrontTest {
    private static final String HELLO = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

    private record Answered(String method, int status, int bodyBytes, int replyBytes, boolean isRouted) {}

    private final List<Answered> answered = new CopyOnWriteArrayList<>();
    private final TestRoutes routes = new TestRoutes();
    private final JettyFront front = new JettyFront(
            FrontSettings.defaults(), routes, (endpoint, method, status, nanos, bodyBytes, replyBytes) -> {
                assertThat(nanos).isPositive();
                answered.add(new Answered(method, status, bodyBytes, replyBytes, endpoint != null));
            });

    @BeforeEach
    void start() throws Exception {
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    private static String post(String path, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private static String chunks(String path, String... chunks) {
        StringBuilder request =
                new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (String chunk : chunks) {
            request.append(Integer.toHexString(chunk.length()))
                    .append("\r\n")
                    .append(chunk)
                    .append("\r\n");
        }
        return request.append("0\r\n\r\n").toString();
    }

    @Test
    void many_requests_go_over_one_connection() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            for (int i = 0; i < 100; i++) {
                assertThat(client.send(post("/echo", "body " + i)).reply().body())
                        .isEqualTo("body " + i);
            }
        }
        assertThat(front.stats().accepted()).isEqualTo(1);
    }

    @Test
    void pipelined_requests_are_answered_in_order() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 200; i++) {
                all.append(post(i % 3 == 0 ? "/later" : "/echo", "body " + i)).append(HELLO);
            }
            client.send(all.toString());
            for (int i = 0; i < 200; i++) {
                assertThat(client.reply().body()).isEqualTo("body " + i);
                assertThat(client.reply().body()).isEqualTo("hello");
            }
        }
    }

    @Test
    void a_request_may_come_byte_by_byte() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            for (String request : List.of(post("/echo", "abc"), chunks("/echo", "a", "bc"))) {
                for (byte b : request.getBytes(StandardCharsets.US_ASCII)) {
                    client.send(new byte[] {b});
                }
                assertThat(client.reply().body()).isEqualTo("abc");
            }
        }
    }

    @Test
    void bodies_of_all_sizes_arrive_whole() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            for (int length : new int[] {0, 1, 2_047, 2_048, 2_049, 8_192, 32_700, 40_000, 300_000, 1 << 20}) {
                String body = "abcdefg".repeat(length / 7 + 1).substring(0, length);
                assertThat(client.send(post("/echo", body)).reply().body()).isEqualTo(body);
                assertThat(client.send(post("/later", body)).reply().body()).isEqualTo(body);
                if (length > 0) {
                    int half = length / 2;
                    String[] parts = half == 0
                            ? new String[] {body}
                            : new String[] {body.substring(0, half), body.substring(half)};
                    assertThat(client.send(chunks("/echo", parts)).reply().body())
                            .isEqualTo(body);
                }
            }
        }
    }

    @Test
    void a_body_may_be_as_long_as_allowed_and_no_longer() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send(post("/small", "x".repeat(16))).reply().status())
                    .isEqualTo(200);
            assertThat(client.send(chunks("/small", "x".repeat(16))).reply().status())
                    .isEqualTo(200);
            assertThat(client.send(post("/small", "x".repeat(17))).reply().status())
                    .isEqualTo(413);
            assertThat(client.send(chunks("/small", "x".repeat(10), "x".repeat(7)))
                            .reply()
                            .status())
                    .isEqualTo(413);
            assertThat(client.send(HELLO).reply().status()).isEqualTo(200);
        }
    }

    @Test
    void the_endpoint_sees_the_request_as_it_was_sent() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            RawClient.Reply reply = client.send(
                            "GET /head/a%2Fb%20c//;x=1/..%2e?q=%41&r HTTP/1.1\r\nHost: h\r\nX-Test: one\r\nX-TEST: two\r\n\r\n")
                    .reply();
            assertThat(reply.body()).isEqualTo("/head/a%2Fb%20c//;x=1/..%2e q=%41&r one, two 127.0.0.1 false");
            assertThat(client.send("GET /head HTTP/1.1\r\nHost: h\r\n\r\n")
                            .reply()
                            .body())
                    .isEqualTo("/head null null 127.0.0.1 false");
            assertThat(client.send("GET https://h/head HTTP/1.1\r\nHost: h\r\n\r\n")
                            .reply()
                            .body())
                    .as("what a client says of TLS is not believed")
                    .endsWith("false");
        }
    }

    @Test
    void head_is_answered_without_a_body() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            RawClient.Reply reply =
                    client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n").reply(false);
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.headers()).containsEntry("content-length", "5").containsEntry("x-kind", "constant");
            assertThat(client.send(HELLO).reply().body()).isEqualTo("hello");
        }
    }

    @Test
    void an_endpoint_may_answer_later_from_another_thread() throws Exception {
        try (RawClient client = new RawClient(front.port());
                RawClient other = new RawClient(front.port())) {
            client.send(post("/parked", "abc"));
            Await.until("the request is parked", () -> routes.parked.get() != null);
            assertThat(other.send(HELLO).reply().body()).isEqualTo("hello");
            Exchange parked = Objects.requireNonNull(routes.parked.get());
            parked.reply(Response.of(
                    200, "text/plain", new String(parked.body(), 0, parked.bodyLength(), StandardCharsets.US_ASCII)));
            assertThat(client.reply().body()).isEqualTo("abc");
            assertThat(client.send(HELLO).reply().body()).isEqualTo("hello");
        }
    }

    @Test
    void a_late_second_reply_does_not_become_the_reply_to_the_next_request() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send(post("/parked", "abc"));
            Await.until("the request is parked", () -> routes.parked.get() != null);
            Exchange first = Objects.requireNonNull(routes.parked.getAndSet(null));
            first.reply(TestRoutes.HELLO);
            client.reply();
            client.send(post("/parked", "def"));
            Await.until("the second is parked", () -> routes.parked.get() != null);
            assertThatThrownBy(() -> first.reply(Response.of(500)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("second reply");
            Objects.requireNonNull(routes.parked.get()).reply(TestRoutes.HELLO);
            assertThat(client.reply().status()).isEqualTo(200);
        }
    }

    @Test
    void a_second_reply_is_refused_loudly() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send("GET /twice HTTP/1.1\r\nHost: h\r\n\r\n")
                            .reply()
                            .body())
                    .isEqualTo("hello");
            Await.until("the second reply is refused", () -> routes.thrown.get() != null);
            assertThat(routes.thrown.get()).hasMessageContaining("a second reply, 200");
            assertThat(client.send(HELLO).reply().body()).isEqualTo("hello");
        }
    }

    @Test
    void what_endpoints_and_routes_throw_is_answered_without_details() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            for (String path : List.of("/throws", "/routing-fails")) {
                RawClient.Reply reply = client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n")
                        .reply();
                assertThat(reply.status()).isEqualTo(500);
                assertThat(reply.body()).contains("\"status\":500").doesNotContain("secret");
            }
            RawClient.Reply problem =
                    client.send("GET /problem HTTP/1.1\r\nHost: h\r\n\r\n").reply();
            assertThat(problem.status()).isEqualTo(422);
            assertThat(problem.headers())
                    .containsEntry("x-problem", "yes")
                    .containsEntry("content-type", "application/problem+json");
            assertThat(client.send(HELLO).reply().body()).isEqualTo("hello");
        }
    }

    @Test
    void a_reply_that_cannot_be_written_is_a_500() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            RawClient.Reply reply =
                    client.send("GET /broken-reply HTTP/1.1\r\nHost: h\r\n\r\n").reply();
            assertThat(reply.status()).isEqualTo(500);
            assertThat(reply.body()).contains("urn:everycount:problem:internal");
            assertThat(client.isEndedByServer()).isTrue();
        }
    }

    @Test
    void a_line_break_in_a_header_does_not_split_the_reply() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            for (int i = 0; i < 4; i++) {
                RawClient.Reply reply = client.send("GET /split-header HTTP/1.1\r\nHost: h\r\n\r\n")
                        .reply();
                assertThat(reply.headers()).doesNotContainKey("x-injected");
                assertThat(reply.body()).isEqualTo("hello");
            }
        }
    }

    @Test
    void a_constant_reply_is_the_same_every_time() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            RawClient.Reply first = client.send(HELLO).reply();
            for (int i = 0; i < 10; i++) {
                RawClient.Reply again = client.send(HELLO).reply();
                assertThat(again.headers().keySet()).isEqualTo(first.headers().keySet());
                assertThat(again.headers()).containsEntry("x-kind", "constant");
            }
        }
    }

    @Test
    void the_body_is_asked_for_only_after_routing_has_said_yes() throws Exception {
        String headers = " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send("POST /echo" + headers).reply().status()).isEqualTo(100);
            assertThat(client.send("abc").reply().body()).isEqualTo("abc");
            assertThat(client.send("POST /nothing" + headers).reply().status()).isEqualTo(404);
            assertThat(client.isEndedByServer()).isTrue();
        }
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send("POST /echo" + headers + "abc").reply().body())
                    .as("a client that does not wait for it")
                    .isEqualTo("abc");
            assertThat(client.send("POST /nobody" + headers).reply().status()).isEqualTo(413);
            assertThat(client.isEndedByServer()).isTrue();
        }
    }

    @Test
    void a_client_that_closes_its_side_still_gets_its_reply() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send(post("/later", "abc"))
                            .shutdownOutput()
                            .reply()
                            .body())
                    .isEqualTo("abc");
            assertThat(client.isEndedByServer()).isTrue();
        }
    }

    @Test
    void a_client_that_goes_away_in_the_middle_leaves_nothing_behind() throws Exception {
        for (String part : List.of(
                "GET /he",
                "GET /hello HTTP/1.1\r\nHost",
                post("/echo", "abcdef").substring(0, 54))) {
            try (RawClient client = new RawClient(front.port())) {
                client.send(part);
            }
        }
        Await.until("all connections are gone", () -> front.stats().open() == 0);
        assertThat(routes.handled).hasValue(0);
    }

    @Test
    void the_listener_is_told_of_every_answer() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send(post("/echo", "abc")).reply();
            client.send("POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
                    .reply();
            client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n").reply(false);
            client.send("BROKEN\r\n\r\n").reply();
        }
        Await.until("it was told", () -> answered.size() == 4);
        assertThat(answered.get(0)).isEqualTo(new Answered("POST", 200, 3, 3, true));
        assertThat(answered.get(1)).matches(a -> a.status == 404 && !a.isRouted && a.replyBytes > 0);
        assertThat(answered.get(2)).isEqualTo(new Answered("HEAD", 200, 0, 0, true));
        assertThat(answered.get(3)).matches(a -> a.status == 400 && !a.isRouted);
        assertThat(front.stats().malformed()).isEqualTo(1);
    }

    @Test
    void settings_that_make_no_sense_are_refused() {
        FrontSettings settings = FrontSettings.defaults();
        assertThatThrownBy(() -> settings.withAddress("h", 70_000)).hasMessage("port is 70000; allowed: 0 to 65535");
        assertThatThrownBy(() -> settings.withMaxConnections(0)).hasMessageContaining("maxConnections is 0");
        assertThatThrownBy(() -> settings.withSizes(4_096, 8_192, 1 << 20)).hasMessageContaining("uriBytesMax is 8192");
        assertThatThrownBy(() -> settings.withTimeouts(Duration.ZERO, Duration.ofSeconds(1)))
                .hasMessageContaining("requestTimeout is PT0S");
    }
}
