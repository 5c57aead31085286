// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.peers;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The HTTP server that comes with the JDK, with 64 threads. */
public final class JdkPeer {
    private static final int THREADS = 64;
    private static final int BACKLOG = 1_024;

    private JdkPeer() {}

    /** Takes the port. */
    public static void main(String[] args) throws IOException {
        // Headers and body are written one after the other: without this each answer waits for an ACK. And by
        // default only 200 connections are kept.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
        PeerCounts counts = new PeerCounts();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), BACKLOG);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", exchange -> answer(counts, exchange));
        server.start();
    }

    private static void answer(PeerCounts counts, HttpExchange exchange) throws IOException {
        byte @Nullable [] answer;
        try (exchange) {
            try {
                answer = counts.post(
                        exchange.getRequestURI().getPath(),
                        exchange.getRequestHeaders().getFirst("Content-Type"),
                        exchange.getRequestBody().readAllBytes());
            } catch (IOException | RuntimeException e) {
                exchange.sendResponseHeaders(400, -1);
                return;
            }
            if (answer == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            exchange.getResponseHeaders().set("Content-Type", PeerCounts.CONTENT_TYPE);
            exchange.getResponseHeaders().set(PeerCounts.LEVEL_HEADER, PeerCounts.LEVEL);
            exchange.sendResponseHeaders(202, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }
}
