// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import io.everycount.CounterCache;
import io.everycount.http.auth.ApiKeys;
import io.everycount.http.auth.Gatekeeper;
import io.everycount.http.auth.KeyFileException;
import io.everycount.http.auth.Sessions;
import io.everycount.http.exchange.Routes;
import io.everycount.http.handler.Api;
import io.everycount.http.jetty.FrontSettings;
import io.everycount.http.jetty.FrontStats;
import io.everycount.http.jetty.JettyFront;
import io.everycount.http.jetty.TlsFiles;
import io.everycount.http.live.FlushTimes;
import io.everycount.http.metrics.Metrics;
import io.everycount.http.metrics.Traffic;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Takes increments over HTTP into a counter cache, which stays the caller's: close it after this has
 * stopped, since requests may wait for it.
 *
 * <pre>{@code
 * CounterServer server = CounterServer.builder(counters).listen("127.0.0.1", 8080).start();
 * …
 * server.stop(Duration.ofSeconds(5), Duration.ofSeconds(30));
 * counters.close();
 * }</pre>
 *
 * <p>Keeps the process running until it is stopped. The addresses, bodies and answers are described by {@code GET /openapi.yaml}. Thread-safe.
 */
public final class CounterServer implements AutoCloseable {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration MANAGEMENT_TIMEOUT = Duration.ofSeconds(1);
    private static final int HEADER_BYTES_MAX = 8 << 10;
    private static final int URI_BYTES_MAX = 4 << 10;
    private static final long BODY_MEMORY_MIN_BYTES = 64 << 20;

    private final @Nullable ApiKeys keys;
    private final Api api;
    private final JettyFront front;
    private final @Nullable JettyFront management;

    CounterServer(CounterServerBuilder description) throws IOException {
        CounterMetrics heard = description.metrics == null ? new CounterMetrics() : description.metrics;
        Metrics metrics = heard.metrics();
        FlushTimes flushTimes = heard.flushTimes();
        keys = description.keysFile == null ? null : openKeys(description);
        try {
            Sessions sessions = keys == null ? null : new Sessions(keys, Clock.systemUTC(), description.sessionLife);
            Gatekeeper gatekeeper = keys == null || sessions == null
                    ? Gatekeeper.open()
                    : Gatekeeper.of(keys, sessions, System::nanoTime);
            api = new Api(new Api.Parts(
                    description.cache,
                    description.totals,
                    gatekeeper,
                    sessions,
                    metrics,
                    flushTimes,
                    description.name,
                    description.ackTimeout,
                    description.bodyBytesMax,
                    description.incrementsMax,
                    description.managementHost != null));
            front = started(description, description.host, description.port, api.routes(), metrics, true);
            metrics.traffic().connections(() -> connections(front.stats()));
            management = description.managementHost == null ? null : startManagement(description, metrics);
            // Last: a start that failed can be tried again with the same metrics.
            metrics.observe(description.cache::stats);
        } catch (IOException | RuntimeException e) {
            if (keys != null) {
                keys.close();
            }
            throw e;
        }
    }

    /**
     * Starts to describe a server.
     *
     * @param cache what requests are counted in
     */
    public static CounterServerBuilder builder(CounterCache cache) {
        return new CounterServerBuilder(cache);
    }

    private static ApiKeys openKeys(CounterServerBuilder description) {
        try {
            return ApiKeys.open(
                    Objects.requireNonNull(description.keysFile), Clock.systemUTC(), description.requestsPerSecond);
        } catch (KeyFileException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static Traffic.Connections connections(FrontStats stats) {
        return new Traffic.Connections(
                stats.open(),
                stats.accepted(),
                stats.refused(),
                stats.slowHeads() + stats.slowBodies() + stats.slowReaders());
    }

    private JettyFront startManagement(CounterServerBuilder description, Metrics metrics) throws IOException {
        try {
            return started(
                    description,
                    Objects.requireNonNull(description.managementHost),
                    description.managementPort,
                    api.managementRoutes(),
                    metrics,
                    false);
        } catch (IOException | RuntimeException e) {
            stopAtOnce();
            throw e;
        }
    }

    private void stopAtOnce() {
        try {
            front.stop(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static JettyFront started(
            CounterServerBuilder description, String host, int port, Routes routes, Metrics metrics, boolean withTls)
            throws IOException {
        TlsFiles tls = withTls && description.tlsCertificate != null && description.tlsKey != null
                ? new TlsFiles(description.tlsCertificate, description.tlsKey)
                : null;
        FrontSettings settings = new FrontSettings(
                host,
                port,
                description.connectionsMax,
                HEADER_BYTES_MAX,
                URI_BYTES_MAX,
                Math.max(BODY_MEMORY_MIN_BYTES, 4L * description.bodyBytesMax),
                description.requestTimeout,
                description.idleTimeout,
                tls,
                description.name + (withTls ? "-http" : "-management"));
        JettyFront front = new JettyFront(
                settings,
                routes,
                (endpoint, method, status, nanos, bodyBytes, replyBytes) ->
                        metrics.traffic().answered(method, status, nanos));
        front.start();
        return front;
    }

    /** The port on which requests are taken. */
    public int port() {
        return front.port();
    }

    /** The port on which health and metrics are answered: a port of their own, or the one of requests. */
    public int managementPort() {
        return management == null ? front.port() : management.port();
    }

    /**
     * Stops in the order that loses no request behind a load balancer: {@code /health/ready} answers 503 and
     * every answer closes its connection, for a while in which requests are still taken; then those who wait
     * for the sink are answered with what is known, no connection is accepted, requests whose headers were read
     * are answered, and the rest is closed.
     *
     * @param drain how long the while is: long enough for a balancer to look twice; zero for none
     * @param timeout how long requests under way may take after that
     * @return whether every request whose headers were read was answered
     * @throws InterruptedException if interrupted; the server is stopped even then
     */
    public boolean stop(Duration drain, Duration timeout) throws InterruptedException {
        api.drain();
        front.beginClosing();
        boolean answered = false;
        try {
            // The time itself is what balancers need; there is nothing to await.
            Thread.sleep(drain.toMillis());
        } finally {
            api.endWaiting();
            try {
                answered = front.stop(timeout);
            } finally {
                end();
            }
        }
        return answered;
    }

    private void end() throws InterruptedException {
        try {
            if (management != null) {
                management.stop(MANAGEMENT_TIMEOUT);
            }
        } finally {
            api.close();
            if (keys != null) {
                keys.close();
            }
        }
    }

    /** Stops without a while for load balancers, with 30 seconds for requests under way. */
    @Override
    public void close() {
        try {
            stop(Duration.ZERO, CLOSE_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
