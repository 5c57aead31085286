// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import io.everycount.CounterCache;
import io.everycount.jdbc.CounterTotals;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Describes a {@link CounterServer}. A value that is out of bounds is refused with the bounds, never
 * replaced. Not thread-safe.
 */
public final class CounterServerBuilder {
    final CounterCache cache;

    @Nullable
    CounterTotals totals;

    @Nullable
    CounterMetrics metrics;

    String name = "everycount";
    String host = "127.0.0.1";
    int port = 8080;

    @Nullable
    String managementHost;

    int managementPort;
    boolean anonymousAllowed;

    @Nullable
    Path keysFile;

    int requestsPerSecond;
    Duration sessionLife = Duration.ofHours(8);

    @Nullable
    Path tlsCertificate;

    @Nullable
    Path tlsKey;

    int bodyBytesMax = 8 << 20;
    int incrementsMax = 100_000;
    int connectionsMax = 10_000;
    Duration requestTimeout = Duration.ofSeconds(10);
    Duration idleTimeout = Duration.ofSeconds(60);
    Duration ackTimeout = Duration.ofSeconds(5);

    CounterServerBuilder(CounterCache cache) {
        this.cache = Objects.requireNonNull(cache, "cache");
    }

    /** Where totals are read; without it there is no {@code /counters}. */
    public CounterServerBuilder totals(CounterTotals totals) {
        this.totals = Objects.requireNonNull(totals, "totals");
        return this;
    }

    /** What the cache's listener has collected; without it {@code /metrics} has nothing about single flushes. */
    public CounterServerBuilder metrics(CounterMetrics metrics) {
        this.metrics = Objects.requireNonNull(metrics, "metrics");
        return this;
    }

    /**
     * What this instance is called in {@code /stats} and threads; default "everycount".
     *
     * @param name 1 to 60 characters
     */
    public CounterServerBuilder name(String name) {
        inRange("the length of the name", name.length(), 1, 60);
        this.name = name;
        return this;
    }

    /**
     * Where requests are taken; default 127.0.0.1 and 8080.
     *
     * @param host an address or name of this machine; 0.0.0.0 for all of its addresses
     * @param port from 0, for any that is free, to 65535
     */
    public CounterServerBuilder listen(String host, int port) {
        this.host = Objects.requireNonNull(host, "host");
        this.port = (int) inRange("the port", port, 0, 65_535);
        return this;
    }

    /**
     * Where health and metrics are answered, and nowhere else then; without keys, so give it an address that
     * only operators reach. Default: where requests are taken.
     */
    public CounterServerBuilder managementListen(String host, int port) {
        managementHost = Objects.requireNonNull(host, "host");
        managementPort = (int) inRange("the management port", port, 0, 65_535);
        return this;
    }

    /**
     * Asks for the API keys of a file, which is watched; default is none, and then everybody who reaches the
     * server may do everything.
     */
    public CounterServerBuilder apiKeys(Path file) {
        keysFile = Objects.requireNonNull(file, "file");
        return this;
    }

    /** Says that listening beyond this machine without API keys is meant. */
    public CounterServerBuilder allowAnonymous() {
        anonymousAllowed = true;
        return this;
    }

    /**
     * How many requests each API key may send, unless its line in the file says otherwise; default as many
     * as it likes.
     *
     * @param requestsPerSecond from 1 to 9,999,999; 0 for no limit
     */
    public CounterServerBuilder rateLimit(int requestsPerSecond) {
        this.requestsPerSecond = (int) inRange("the rate", requestsPerSecond, 0, 9_999_999);
        return this;
    }

    /**
     * How long a browser stays logged in at most; default 8 hours.
     *
     * @param life from 1 minute to 30 days
     */
    public CounterServerBuilder sessionLife(Duration life) {
        sessionLife = inRange("the life of sessions", life, Duration.ofMinutes(1), Duration.ofDays(30));
        return this;
    }

    /**
     * Serves HTTPS instead of HTTP. The files are read again when they change.
     *
     * @param certificate PEM, the server's own certificate first
     * @param key PEM, PKCS #8, not encrypted
     */
    public CounterServerBuilder tls(Path certificate, Path key) {
        tlsCertificate = Objects.requireNonNull(certificate, "certificate");
        tlsKey = Objects.requireNonNull(key, "key");
        return this;
    }

    /**
     * How much one request may bring; default 8 MiB and 100,000 increments.
     *
     * @param bodyBytes from 1 KiB to 1 GiB
     * @param increments from 1 to 10,000,000
     */
    public CounterServerBuilder requestLimits(int bodyBytes, int increments) {
        bodyBytesMax = (int) inRange("the length of a body", bodyBytes, 1 << 10, 1 << 30);
        incrementsMax = (int) inRange("the increments of a request", increments, 1, 10_000_000);
        return this;
    }

    /**
     * How many connections are served at once; default 10,000.
     *
     * @param connections from 1 to 1,000,000
     */
    public CounterServerBuilder maxConnections(int connections) {
        connectionsMax = (int) inRange("the number of connections", connections, 1, 1_000_000);
        return this;
    }

    /**
     * How long clients may take; default 10 seconds and 60 seconds.
     *
     * @param request for the headers of a request, as long again for its body, and as long again to take the
     *     answer; from 50 milliseconds to 10 minutes
     * @param idle between two requests on one connection; from 50 milliseconds to 1 day
     */
    public CounterServerBuilder timeouts(Duration request, Duration idle) {
        requestTimeout = inRange("the time for a request", request, Duration.ofMillis(50), Duration.ofMinutes(10));
        idleTimeout = inRange("the time between requests", idle, Duration.ofMillis(50), Duration.ofDays(1));
        return this;
    }

    /**
     * How long a request waits for the sink's acknowledgement before it is answered without; default 5
     * seconds.
     *
     * @param timeout from 1 millisecond to 10 minutes
     */
    public CounterServerBuilder ackTimeout(Duration timeout) {
        ackTimeout = inRange("the time for an acknowledgement", timeout, Duration.ofMillis(1), Duration.ofMinutes(10));
        return this;
    }

    /**
     * Starts the server.
     *
     * @throws IOException if an address cannot be listened to
     * @throws IllegalArgumentException if the cache's limit policy blocks; if it would listen beyond this machine without API keys, and
     *     {@link #allowAnonymous} was not said; or if the key file or the TLS files cannot be used
     */
    public CounterServer start() throws IOException {
        if (keysFile == null && !anonymousAllowed && !isLoopback(host)) {
            throw new IllegalArgumentException("listening on " + host
                    + " without API keys would let everybody count and read. Give it a key file, listen on 127.0.0.1,"
                    + " or say that it is meant (allow anonymous)");
        }
        if (!cache.limitPolicy().blockTimeout().isZero()) {
            throw new IllegalArgumentException("the cache makes callers wait at a limit (" + cache.limitPolicy()
                    + "), and the server's few threads must not: let it reject, or count under an overflow key");
        }
        return new CounterServer(this);
    }

    private static boolean isLoopback(String host) {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("there is no address for the host " + host, e);
        }
    }

    private static long inRange(String what, long given, long min, long max) {
        if (given < min || given > max) {
            throw new IllegalArgumentException(what + " is " + given + "; " + min + " to " + max + " is allowed");
        }
        return given;
    }

    private static Duration inRange(String what, Duration given, Duration min, Duration max) {
        if (given.compareTo(min) < 0 || given.compareTo(max) > 0) {
            throw new IllegalArgumentException(what + " is " + given + "; " + min + " to " + max + " is allowed");
        }
        return given;
    }
}
