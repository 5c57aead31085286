// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests as raw bytes, good, odd and bad, and what becomes of them. */
class MalformedRequestTest {
    private static final String OK = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final TestRoutes ROUTES = new TestRoutes();
    private static JettyFront front;

    @BeforeAll
    static void start() throws Exception {
        front = new JettyFront(FrontSettings.defaults(), ROUTES, FrontListener.NONE);
        front.start();
    }

    @AfterAll
    static void stop() throws Exception {
        front.stop(java.time.Duration.ofSeconds(5));
        ROUTES.close();
    }

    private static Arguments kept(String name, int status, String request) {
        return Arguments.of(name, status, false, request);
    }

    private static Arguments closed(String name, int status, String request) {
        return Arguments.of(name, status, true, request);
    }

    private static String get(String headers) {
        return "GET /hello HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
    }

    private static String post(String headers, String body) {
        return "POST /echo HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
    }

    private static String chunked(String body) {
        return post("Transfer-Encoding: chunked\r\n", body);
    }

    static Stream<Arguments> requests() {
        return Stream.of(
                kept("a plain GET", 200, OK),
                kept("empty lines before the request line", 200, "\r\n" + OK),
                kept("a header in another case", 200, "GET /hello HTTP/1.1\r\nhOST: h\r\n\r\n"),
                kept("an unknown path", 404, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept("an unknown method", 404, "BREW /hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept("a method in lower case is another method", 404, "get /hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept("OPTIONS *", 404, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept("TRACE", 404, "TRACE /hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept("absolute-form", 200, "GET http://h/hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept("Content-Length: 0", 200, post("Content-Length: 0\r\n", "")),
                kept("chunked", 200, chunked("3\r\nabc\r\n0\r\n\r\n")),
                kept("chunked with an extension and a trailer", 200, chunked("3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")),
                kept("a chunk size with leading zeros", 200, chunked("0003\r\nabc\r\n0\r\n\r\n")),
                kept(
                        "an unwanted small body",
                        404,
                        "POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
                kept(
                        "a body that is too large by a little",
                        413,
                        "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 17\r\n\r\n" + "x".repeat(17)),
                kept(
                        "a body where there must be none",
                        413,
                        "POST /nobody HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"),
                kept("an encoded body", 415, post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc")),
                kept(
                        "an encoding that is none",
                        200,
                        post("Content-Encoding: identity\r\nContent-Length: 3\r\n", "abc")),
                kept("a URI above the limit", 414, "GET /" + "a".repeat(4100) + " HTTP/1.1\r\nHost: h\r\n\r\n"),
                kept(
                        "Upgrade to h2c is passed over",
                        200,
                        get(
                                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")),
                closed("asked to close", 200, get("Connection: close\r\n")),
                closed("HTTP/1.0", 200, "GET /hello HTTP/1.0\r\n\r\n"),
                closed(
                        "both lengths",
                        400,
                        post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")),
                closed(
                        "both lengths, the other way round",
                        400,
                        post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "3\r\nabc\r\n0\r\n\r\n")),
                closed("two different lengths", 400, post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")),
                closed("the same length twice", 400, post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")),
                closed("a list of lengths", 400, post("Content-Length: 3, 3\r\n", "abc")),
                closed("a negative length", 400, post("Content-Length: -1\r\n", "")),
                closed("a signed length", 400, post("Content-Length: +3\r\n", "abc")),
                closed("a length that is no number", 400, post("Content-Length: abc\r\n", "abc")),
                closed("a length in hexadecimal", 400, post("Content-Length: 0x3\r\n", "abc")),
                closed("a length beyond 64 bits", 400, post("Content-Length: 99999999999999999999\r\n", "")),
                closed("an empty length", 400, post("Content-Length: \r\n", "")),
                closed("bare LF after the request line", 400, "GET /hello HTTP/1.1\nHost: h\r\n\r\n"),
                closed("bare LF after a header", 400, "GET /hello HTTP/1.1\r\nHost: h\n\r\n"),
                closed("bare LF at the end of headers", 400, "GET /hello HTTP/1.1\r\nHost: h\r\n\n"),
                closed("bare CR in a header", 400, get("X-A: a\rb\r\n")),
                closed("a folded header", 400, get("X-A: a\r\n b\r\n")),
                closed("space before the colon", 400, get("X-A : a\r\n")),
                closed("tab before the colon", 400, get("X-A\t: a\r\n")),
                closed("space before the first header", 400, "GET /hello HTTP/1.1\r\n Host: h\r\n\r\n"),
                closed("a header without a colon", 400, get("X-A\r\n")),
                closed("a header without a name", 400, get(": a\r\n")),
                closed("NUL in a header's value", 400, get("X-A: a\0b\r\n")),
                closed("NUL in a header's name", 400, get("X\0A: b\r\n")),
                closed("NUL in the target", 400, "GET /he\0llo HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("a control character in the method", 400, "G\1T /hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("no Host", 400, "GET /hello HTTP/1.1\r\n\r\n"),
                closed("two Hosts", 400, get("Host: i\r\n")),
                closed("a Host with a path", 400, "GET /hello HTTP/1.1\r\nHost: h/x\r\n\r\n"),
                closed("a Host with user information", 400, "GET /hello HTTP/1.1\r\nHost: a@h\r\n\r\n"),
                closed("an empty Host", 400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"),
                closed("absolute-form with another authority", 400, "GET http://i/hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("user information in the target", 400, "GET http://a@h/hello HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("a fragment in the target", 400, "GET /hello#x HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("bad percent encoding", 400, "GET /hello%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("no target, so that the version is taken for it", 505, "GET HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("HTTP/0.9", 505, "GET /hello\r\n"),
                closed("HTTP/1.2", 505, "GET /hello HTTP/1.2\r\nHost: h\r\n\r\n"),
                closed("HTTP/3.0", 505, "GET /hello HTTP/3.0\r\nHost: h\r\n\r\n"),
                kept(
                        "a version in lower case, which the parser lets pass",
                        200,
                        "GET /hello http/1.1\r\nHost: h\r\n\r\n"),
                closed("no version at all", 505, "GET /hello HTTP\r\nHost: h\r\n\r\n"),
                closed("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                closed("a TLS hello", 400, "\26\3\1\2\0\1\0\1\374\3\3\r\n\r\n"),
                closed("a header above the limit", 431, get("X-A: " + "a".repeat(9000) + "\r\n")),
                closed("very many headers", 431, get("X-A: a\r\n".repeat(2000))),
                closed(
                        "a target above all headers' limit",
                        414,
                        "GET /" + "a".repeat(9000) + " HTTP/1.1\r\nHost: h\r\n\r\n"),
                closed("an unknown expectation", 417, get("Expect: 200-ok\r\n")),
                closed("an unknown transfer coding", 400, post("Transfer-Encoding: gzip\r\n", "abc")),
                closed("chunked after another coding", 501, post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
                closed("chunked twice", 400, post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")),
                closed("chunked that is not last", 400, post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")),
                closed(
                        "chunked in HTTP/1.0, to be kept alive",
                        400,
                        "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                closed(
                        "chunked in HTTP/1.0",
                        400,
                        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
                closed("a chunk size that is no number", 400, chunked("x\r\nabc\r\n0\r\n\r\n")),
                closed("a negative chunk size", 400, chunked("-3\r\nabc\r\n0\r\n\r\n")),
                closed("a chunk size with 0x", 400, chunked("0x3\r\nabc\r\n0\r\n\r\n")),
                closed("a chunk size beyond all measure", 400, chunked("fffffffffffffffff\r\nabc\r\n0\r\n\r\n")),
                closed("a chunk that is longer than it says", 400, chunked("3\r\nabcd\r\n0\r\n\r\n")),
                closed("a chunk size with bare LF", 400, chunked("3\nabc\r\n0\r\n\r\n")),
                closed("a chunk that ends with bare LF", 400, chunked("3\r\nabc\n0\r\n\r\n")));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("requests")
    void is_answered_and_the_connection_is_kept_or_closed(String name, int status, boolean isLast, String request)
            throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            RawClient.Reply reply = client.send(request).reply();
            assertThat(reply.status()).as("%s", reply).isEqualTo(status);
            if (status >= 400) {
                assertThat(reply.headers()).containsEntry("content-type", "application/problem+json");
                assertThat(reply.body())
                        .startsWith("{\"type\":\"urn:everycount:problem:")
                        .contains("\"status\":" + status)
                        .doesNotContain("Exception", "org.eclipse");
            }
            assertThat(reply.headers()).doesNotContainKey("server").containsKey("date");
            if (isLast) {
                if (!request.contains("HTTP/1.0")) {
                    assertThat(reply.isLast()).as("%s", reply).isTrue();
                }
                assertThat(client.isEndedByServer()).isTrue();
            } else {
                assertThat(reply.isLast()).as("%s", reply).isFalse();
                assertThat(client.send(OK).reply().body()).isEqualTo("hello");
            }
        }
    }

    @AfterEach
    void the_next_connection_is_served() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            assertThat(client.send(OK).reply().status()).isEqualTo(200);
        }
    }
}
