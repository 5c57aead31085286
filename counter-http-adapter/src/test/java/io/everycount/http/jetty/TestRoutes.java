// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.RequestHead;
import io.everycount.http.exchange.Response;
import io.everycount.http.exchange.Routes;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Endpoints that do what a test needs of them. */
final class TestRoutes implements Routes, AutoCloseable {
    static final int ECHO_BYTES_MAX = 1 << 20;
    static final Response HELLO = Response.of(200, "text/plain", "hello").with("X-Kind", "constant");
    static final Response BIG = Response.of(200, "application/octet-stream", new byte[64 << 20]);

    private record Answer(int bodyBytesMax, Consumer<Exchange> how) implements Endpoint {
        @Override
        public void handle(Exchange exchange) {
            how.accept(exchange);
        }
    }

    private final Map<String, Endpoint> endpoints = new ConcurrentHashMap<>();
    private final ExecutorService elsewhere = Executors.newSingleThreadExecutor();
    final AtomicInteger routed = new AtomicInteger();
    final AtomicInteger handled = new AtomicInteger();
    final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    final AtomicReference<@Nullable Exchange> parked = new AtomicReference<>();

    TestRoutes() {
        put("GET /hello", 0, exchange -> exchange.reply(HELLO));
        put("HEAD /hello", 0, exchange -> exchange.reply(HELLO));
        put("GET /big", 0, exchange -> exchange.reply(BIG));
        put("POST /echo", ECHO_BYTES_MAX, exchange -> exchange.reply(echo(exchange)));
        put("POST /small", 16, exchange -> exchange.reply(echo(exchange)));
        put("POST /nobody", 0, exchange -> exchange.reply(Response.of(204)));
        put("POST /later", ECHO_BYTES_MAX, exchange -> elsewhere.execute(() -> exchange.reply(echo(exchange))));
        put("POST /parked", ECHO_BYTES_MAX, parked::set);
        put("GET /throws", 0, exchange -> {
            throw new IllegalStateException("secret detail");
        });
        put("GET /problem", 0, exchange -> {
            throw Problem.of(422, "test", "A test", "as asked")
                    .withHeader("X-Problem", "yes")
                    .asException();
        });
        put("GET /twice", 0, exchange -> {
            exchange.reply(HELLO);
            try {
                exchange.reply(HELLO);
            } catch (IllegalStateException e) {
                thrown.set(e);
            }
        });
        put(
                "GET /head",
                0,
                exchange -> exchange.reply(Response.of(
                        200,
                        "text/plain",
                        exchange.path() + " " + exchange.query() + " " + exchange.header("x-test") + " "
                                + exchange.remoteAddress() + " " + exchange.isSecure())));
        put("GET /broken-reply", 0, exchange -> exchange.reply(Response.of(200).with("X-Long", "x".repeat(40_000))));
        put("GET /split-header", 0, exchange -> exchange.reply(HELLO.with("X-Bad", "a\r\nX-Injected: b")));
    }

    void put(String methodAndPath, int bodyBytesMax, Consumer<Exchange> how) {
        endpoints.put(methodAndPath, new Answer(bodyBytesMax, exchange -> {
            handled.incrementAndGet();
            how.accept(exchange);
        }));
    }

    private static Response echo(Exchange exchange) {
        return Response.of(200, "text/plain", Arrays.copyOf(exchange.body(), exchange.bodyLength()));
    }

    @Override
    public Endpoint route(RequestHead head) {
        routed.incrementAndGet();
        if (head.path().equals("/routing-fails")) {
            throw new IllegalStateException("secret detail");
        }
        String path = head.path().startsWith("/head") ? "/head" : head.path();
        Endpoint endpoint = endpoints.get(head.method() + " " + path);
        if (endpoint == null) {
            throw Problem.of(404, "not-found", "Not found", "nothing here").asException();
        }
        return endpoint;
    }

    @Override
    public void close() {
        elsewhere.shutdownNow();
    }
}
