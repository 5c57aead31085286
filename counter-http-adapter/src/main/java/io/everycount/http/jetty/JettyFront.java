// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Routes;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server: HTTP/1.1 (and 1.0), strictly parsed, over TCP or TLS. Started once, stopped once. Thread-safe.
 *
 * <p>Answers {@code HEAD} without a body whatever the endpoint replied; the routes see {@code HEAD}. Refuses what
 * is malformed, too large or too slow with a problem, or by closing. Requests are routed and handled on the
 * threads that read them. There is a {@code Date} in replies (RFC 9110 asks for it, and it is made once a second)
 * but no {@code Server}.
 */
public final class JettyFront {
    private static final Logger LOG = LoggerFactory.getLogger(JettyFront.class);
    private static final int SELECTORS_MAX = 4;
    private static final int WORKERS = 4;
    private static final int INPUT_BYTES = 32 << 10;
    private static final int UNWANTED_READS_MAX = 4;
    private static final long TLS_CHECK_MILLIS = 1_000;
    private static final long POLL_MILLIS = 2;
    /** So long after the last sign of life a connection counts as idle when the server stops. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    /** So long a request that has begun may take, at the stop, to get its headers in. */
    private static final long HEAD_GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final FrontCounters counters = new FrontCounters();
    private final FrontHandler handler;
    private final Server server;
    private final FrontConnector connector;
    private final Sweeper sweeper;
    private final @Nullable Tls tls;
    private final ScheduledExecutorService timer;

    /**
     * Nothing listens yet.
     *
     * @throws IllegalArgumentException if the TLS files do not fit
     */
    public JettyFront(FrontSettings settings, Routes routes, FrontListener listener) {
        handler = new FrontHandler(routes, listener, counters, settings);
        tls = settings.tls() == null ? null : new Tls(settings.tls());
        int selectors = Math.max(1, Math.min(SELECTORS_MAX, Runtime.getRuntime().availableProcessors() / 2));
        int threads = selectors + 1 + WORKERS;
        QueuedThreadPool pool = new QueuedThreadPool(threads, threads);
        pool.setName(settings.threadName());
        // As servers do: the process lives until it is stopped.
        pool.setDaemon(false);
        pool.setReservedThreads(0);
        server = new Server(pool);
        server.setStopTimeout(0);
        server.setHandler(handler);
        server.setErrorHandler(new ProblemPage(handler));
        HttpConnectionFactory http = new HttpConnectionFactory(configuration(settings));
        ConnectionFactory[] factories =
                tls == null ? new ConnectionFactory[] {http} : new ConnectionFactory[] {secured(tls, http), http};
        connector = new FrontConnector(server, counters, settings, selectors, new ArrayByteBufferPool(), factories);
        server.addConnector(connector);
        sweeper = new Sweeper(connector, counters, settings);
        timer = Executors.newScheduledThreadPool(tls == null ? 1 : 2, task -> {
            Thread thread = new Thread(task, settings.threadName() + "-timer");
            thread.setDaemon(true);
            return thread;
        });
    }

    private static SslConnectionFactory secured(Tls tls, HttpConnectionFactory http) {
        SslConnectionFactory secured = new SslConnectionFactory(tls.context(), http.getProtocol());
        // It would compare Host with the certificate: there is one site here, reached by whatever name.
        secured.setEnsureSecureRequestCustomizer(false);
        return secured;
    }

    private static HttpConfiguration configuration(FrontSettings settings) {
        HttpConfiguration http = new HttpConfiguration();
        http.setHttpCompliance(HttpCompliance.STRICT);
        // Paths are routed as sent, and never decoded into a file's name: what is ambiguous there is not so here.
        http.setUriCompliance(UriCompliance.DEFAULT.with(
                "everycount",
                UriCompliance.Violation.AMBIGUOUS_PATH_SEGMENT,
                UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
                UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                UriCompliance.Violation.AMBIGUOUS_PATH_PARAMETER,
                UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS));
        http.setSendServerVersion(false);
        http.setSendDateHeader(true);
        http.setRequestHeaderSize(settings.headerBytesMax());
        http.setInputBufferSize(INPUT_BYTES);
        http.setMaxUnconsumedRequestContentReads(UNWANTED_READS_MAX);
        return http;
    }

    /**
     * Listens.
     *
     * @throws IOException if the address cannot be had
     */
    public void start() throws IOException {
        try {
            server.start();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("the HTTP server did not start", e);
        }
        long nanos = sweeper.intervalNanos();
        timer.scheduleWithFixedDelay(sweeper, nanos, nanos, TimeUnit.NANOSECONDS);
        Tls files = tls;
        if (files != null) {
            timer.scheduleWithFixedDelay(files::check, TLS_CHECK_MILLIS, TLS_CHECK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Where it listens. */
    public int port() {
        return connector.getLocalPort();
    }

    /** What became of connections. */
    public FrontStats stats() {
        return counters.toStats(connector.openCount());
    }

    /** From here on each reply carries {@code Connection: close}; all that comes is still answered. */
    public void beginClosing() {
        handler.beginClosing();
    }

    /**
     * Answers what was asked, then closes. Accepts what has connected, and no more; a request that was sent before
     * the call is answered, and so is each whose headers are read while this waits. Idle connections are closed.
     * May be called without {@link #start} and again.
     *
     * @param timeout how long to wait for answers; then all connections are closed
     * @return whether every request whose headers were read was answered
     */
    public boolean stop(Duration timeout) throws InterruptedException {
        beginClosing();
        boolean isSettled = true;
        try {
            if (server.isRunning()) {
                long beganNanos = System.nanoTime();
                connector.endAccepting(timeout.toNanos());
                isSettled = settle(beganNanos, timeout.toNanos());
            }
        } finally {
            end();
        }
        return isSettled;
    }

    /** Whatever happens, nothing is left of it; an interruption is put off. */
    private void end() {
        boolean isInterrupted = Thread.interrupted();
        timer.shutdownNow();
        try {
            server.stop();
        } catch (InterruptedException e) {
            isInterrupted = true;
        } catch (Exception e) {
            LOG.warn("The HTTP server did not stop cleanly", e);
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean settle(long beganNanos, long timeoutNanos) throws InterruptedException {
        while (true) {
            long nowNanos = System.nanoTime();
            long leftNanos = timeoutNanos - (nowNanos - beganNanos);
            boolean isBusy = connector.isAcceptingSome();
            connector.awaitRound(Math.max(leftNanos, 0));
            boolean isAsked = false;
            for (EndPoint endPoint : connector.getConnectedEndPoints()) {
                FrontEndPoint socket = (FrontEndPoint) endPoint;
                Phase phase = FrontEndPoint.phase(socket.state());
                isAsked |= phase == Phase.BODY || phase == Phase.HANDLING || phase == Phase.REPLY;
                isBusy |= phase != Phase.CUT && !cutIfIdle(socket, nowNanos - beganNanos);
            }
            if (!isBusy || leftNanos <= 0) {
                return !isAsked;
            }
            // Connections tell nobody when they end; only a stop looks, and only for its timeout.
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Whether the connection is done with. */
    private static boolean cutIfIdle(FrontEndPoint socket, long stoppingNanos) {
        long seen = socket.state();
        boolean isQuiet = socket.forNanos(seen, System.nanoTime()) > QUIET_NANOS;
        boolean isIdle = switch (FrontEndPoint.phase(seen)) {
            case IDLE -> isQuiet;
            case HEAD -> isQuiet && !socket.hasSpoken() || stoppingNanos > HEAD_GRACE_NANOS;
            default -> false;
        };
        return isIdle && socket.cut(seen, false);
    }
}
