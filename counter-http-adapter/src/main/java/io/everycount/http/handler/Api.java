// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.CounterCache;
import io.everycount.http.auth.Gatekeeper;
import io.everycount.http.auth.Scope;
import io.everycount.http.auth.Sessions;
import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.RequestHead;
import io.everycount.http.exchange.Routes;
import io.everycount.http.live.FlushTimes;
import io.everycount.http.live.LiveView;
import io.everycount.http.metrics.Metrics;
import io.everycount.jdbc.CounterTotals;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Every endpoint in its place. Thread-safe. */
public final class Api implements AutoCloseable {
    private final Router open = new Router();
    private final Router management = new Router();
    private final Health health;
    private final Reads reads;
    private final Acknowledgement acknowledgement;
    private final LiveView live;

    /**
     * What the endpoints work with.
     *
     * @param cache counts
     * @param totals null if there is no database to read
     * @param sessions null if there are no keys to log in with
     * @param flushTimes what the cache's listener heard
     * @param name of this instance
     * @param ackWaitMax how long a caller may wait for the sink
     * @param bodyBytesMax of many increments in one request
     * @param incrementsMax in one request
     * @param ownManagement whether health and metrics are on a port of their own, and there alone
     */
    public record Parts(
            CounterCache cache,
            @Nullable CounterTotals totals,
            Gatekeeper gatekeeper,
            @Nullable Sessions sessions,
            Metrics metrics,
            FlushTimes flushTimes,
            String name,
            Duration ackWaitMax,
            int bodyBytesMax,
            int incrementsMax,
            boolean ownManagement) {}

    /** Starts nothing yet, but for threads that come when they are needed. */
    public Api(Parts parts) {
        health = new Health(parts.cache());
        reads = new Reads(parts.name());
        Consumer<RequestHead> anyone = head -> {};
        Consumer<RequestHead> writer = gate(parts.gatekeeper(), Scope.WRITE);
        Consumer<RequestHead> reader = gate(parts.gatekeeper(), Scope.READ);
        acknowledgement = new Acknowledgement(parts.cache(), parts.ackWaitMax());
        open.add(
                "POST",
                "/increment",
                writer,
                new IncrementEndpoint(
                        parts.cache(), acknowledgement, parts.metrics().traffic()));
        open.add(
                "POST",
                "/increments",
                writer,
                new IncrementsEndpoint(
                        parts.cache(),
                        acknowledgement,
                        parts.metrics().traffic(),
                        parts.bodyBytesMax(),
                        parts.incrementsMax()));
        CounterTotals totals = parts.totals();
        if (totals != null) {
            Ledger ledger = new Ledger(parts.cache(), totals);
            open.add("GET", CounterEndpoint.PATH, reader, new Bodiless(new CounterEndpoint(ledger, reads)::answer));
            open.add("GET", "/counters", reader, new Bodiless(new CountersEndpoint(totals, reads)::answer));
        }
        open.add("GET", "/stats", reader, new Bodiless(new StatsEndpoint(parts.cache(), parts.name())::answer));
        open.add(
                "GET", "/openapi.yaml", anyone, new Bodiless(new Resource("openapi.yaml", "application/yaml")::answer));
        Sessions sessions = parts.sessions();
        if (sessions != null) {
            LoginEndpoint login = new LoginEndpoint(sessions);
            open.add("GET", "/login", anyone, new Bodiless(login::form));
            open.add("GET", "/login.css", anyone, asset("login.css", "text/css"));
            open.add("POST", "/login", anyone, login.login());
            open.add("POST", "/logout", anyone, new Bodiless(login::logout));
        }
        live = new LiveView(parts.name(), parts.cache()::stats, parts.flushTimes(), totals, reads);
        PageEndpoint page = new PageEndpoint(parts.gatekeeper(), live, sessions != null);
        open.add("GET", "/", anyone, new Bodiless(page::page));
        open.add("GET", "/events", reader, new Bodiless(page::events));
        open.add("GET", "/page.css", anyone, asset("page.css", "text/css"));
        open.add("GET", "/page.js", anyone, asset("page.js", "text/javascript"));
        open.add("GET", "/uplot.css", anyone, asset("uPlot.min.css", "text/css"));
        open.add("GET", "/uplot.js", anyone, asset("uPlot.iife.min.js", "text/javascript"));
        open.add("GET", "/icon.svg", anyone, asset("icon.svg", "image/svg+xml"));
        Router operations = parts.ownManagement() ? management : open;
        operations.add("GET", "/health/live", anyone, new Bodiless(health::live));
        operations.add("GET", "/health/ready", anyone, new Bodiless(health::ready));
        operations.add(
                "GET",
                "/metrics",
                parts.ownManagement() ? anyone : reader,
                new Bodiless(new MetricsEndpoint(parts.metrics())::answer));
    }

    private static Endpoint asset(String name, String contentType) {
        return new Bodiless(new Resource(name, contentType)::answer);
    }

    private static Consumer<RequestHead> gate(Gatekeeper gatekeeper, Scope scope) {
        return head -> gatekeeper.check(head, scope);
    }

    /** What the public port serves. */
    public Routes routes() {
        return open;
    }

    /** What the management port serves, if there is one. */
    public Routes managementRoutes() {
        return management;
    }

    /** Every method and path of both ports, as {@code GET /stats}. */
    public Set<String> all() {
        Set<String> all = open.routes();
        all.addAll(management.routes());
        return all;
    }

    /** From here on {@code GET /health/ready} answers 503, and nobody looks at the page any more. */
    public void drain() {
        health.drain();
        live.close();
    }

    /** Answers who waits for the sink, with what is known; from here on nobody waits any more. */
    public void endWaiting() {
        acknowledgement.end();
    }

    /** Ends the threads, once what they are doing is done. */
    @Override
    public void close() {
        live.close();
        reads.close();
    }
}
