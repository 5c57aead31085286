// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where to listen, and the limits. Immutable; each {@code with} method gives a changed copy.
 *
 * @param host the address to listen on; {@code 0.0.0.0} for all
 * @param port 0 to 65535; 0 for any free one
 * @param maxConnections how many are served; a few more get 503, the rest is closed at once
 * @param headerBytesMax of a request line with its headers, 1 KiB to 64 KiB; more is 431 (or 414)
 * @param uriBytesMax of a request's target, at most headerBytesMax; more is 414
 * @param bodyMemoryBytesMax what bodies may take together while they are read and handled; more is 503. Bodies of
 *     up to {@value BodyMemory#SMALL_BYTES} bytes that arrive together with their headers are not counted
 * @param requestTimeout from a request's first byte (or from the connection's beginning) until its headers are
 *     in; as long again for its body; as long again for the client to take the answer
 * @param idleTimeout how long a connection may be idle between requests
 * @param tls null for plain HTTP
 * @param threadName how the threads' names begin
 */
public record FrontSettings(
        String host,
        int port,
        int maxConnections,
        int headerBytesMax,
        int uriBytesMax,
        long bodyMemoryBytesMax,
        Duration requestTimeout,
        Duration idleTimeout,
        @Nullable TlsFiles tls,
        String threadName) {

    /** Checks them. */
    public FrontSettings {
        within("port", port, 0, 65_535);
        within("maxConnections", maxConnections, 1, 1_000_000);
        within("headerBytesMax", headerBytesMax, 1 << 10, 64 << 10);
        within("uriBytesMax", uriBytesMax, 16, headerBytesMax);
        within("bodyMemoryBytesMax", bodyMemoryBytesMax, 64 << 10, Long.MAX_VALUE);
        within("requestTimeout", requestTimeout, Duration.ofMillis(50), Duration.ofMinutes(10));
        within("idleTimeout", idleTimeout, Duration.ofMillis(50), Duration.ofDays(1));
        if (host.isBlank() || threadName.isBlank()) {
            throw new IllegalArgumentException("host and threadName must not be blank");
        }
    }

    /** Plain HTTP on a free port of the loopback interface; 10,000 connections; 10 s for a request, 60 s idle. */
    public static FrontSettings defaults() {
        return new FrontSettings(
                "127.0.0.1",
                0,
                10_000,
                8 << 10,
                4 << 10,
                64 << 20,
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                null,
                "everycount-http");
    }

    /** The same at another address. */
    public FrontSettings withAddress(String newHost, int newPort) {
        return new FrontSettings(
                newHost,
                newPort,
                maxConnections,
                headerBytesMax,
                uriBytesMax,
                bodyMemoryBytesMax,
                requestTimeout,
                idleTimeout,
                tls,
                threadName);
    }

    /** The same with another number of connections. */
    public FrontSettings withMaxConnections(int connections) {
        return new FrontSettings(
                host,
                port,
                connections,
                headerBytesMax,
                uriBytesMax,
                bodyMemoryBytesMax,
                requestTimeout,
                idleTimeout,
                tls,
                threadName);
    }

    /** The same with other sizes. */
    public FrontSettings withSizes(int headerBytes, int uriBytes, long bodyMemoryBytes) {
        return new FrontSettings(
                host,
                port,
                maxConnections,
                headerBytes,
                uriBytes,
                bodyMemoryBytes,
                requestTimeout,
                idleTimeout,
                tls,
                threadName);
    }

    /** The same with other time limits. */
    public FrontSettings withTimeouts(Duration request, Duration idle) {
        return new FrontSettings(
                host,
                port,
                maxConnections,
                headerBytesMax,
                uriBytesMax,
                bodyMemoryBytesMax,
                request,
                idle,
                tls,
                threadName);
    }

    /** The same with TLS. */
    public FrontSettings withTls(@Nullable TlsFiles files) {
        return new FrontSettings(
                host,
                port,
                maxConnections,
                headerBytesMax,
                uriBytesMax,
                bodyMemoryBytesMax,
                requestTimeout,
                idleTimeout,
                files,
                threadName);
    }

    /** The same with other names of threads. */
    public FrontSettings withThreadName(String name) {
        return new FrontSettings(
                host,
                port,
                maxConnections,
                headerBytesMax,
                uriBytesMax,
                bodyMemoryBytesMax,
                requestTimeout,
                idleTimeout,
                tls,
                name);
    }

    private static void within(String name, long given, long min, long max) {
        if (given < min || given > max) {
            throw new IllegalArgumentException(name + " is " + given + "; allowed: " + min + " to " + max);
        }
    }

    private static void within(String name, Duration given, Duration min, Duration max) {
        if (given.compareTo(min) < 0 || given.compareTo(max) > 0) {
            throw new IllegalArgumentException(name + " is " + given + "; allowed: " + min + " to " + max);
        }
    }
}
