// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.auth.Gatekeeper;
import io.everycount.http.auth.Scope;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.ProblemException;
import io.everycount.http.exchange.Response;
import io.everycount.http.live.LiveView;
import java.nio.charset.StandardCharsets;

/** {@code GET /}, the live page, and {@code GET /events}, what it shows. */
final class PageEndpoint {
    /** Nothing from elsewhere, and nothing inline; the page posts its form to log out. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " img-src 'self'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'";

    private final Gatekeeper gatekeeper;
    private final LiveView live;
    private final Response page;
    private final Response login = Response.of(303).with("Location", "/login").with("Cache-Control", "no-store");

    /** @param hasLogin whether there is a session to end */
    PageEndpoint(Gatekeeper gatekeeper, LiveView live, boolean hasLogin) {
        this.gatekeeper = gatekeeper;
        this.live = live;
        String html = new String(Resource.bytes("page.html"), StandardCharsets.UTF_8);
        page = ForBrowsers.page(200, html.replace("{{logout}}", hasLogin ? "" : "hidden"), POLICY);
    }

    void page(Exchange exchange) {
        Query.of(exchange.query());
        try {
            gatekeeper.check(exchange, Scope.READ);
        } catch (ProblemException e) {
            if (e.problem().status() != 401) {
                throw e;
            }
            exchange.reply(login);
            return;
        }
        exchange.reply(page);
    }

    void events(Exchange exchange) {
        ForBrowsers.refuseOtherSites(exchange);
        MediaType.requireAccepted(exchange.header("Accept"), "text/event-stream");
        Query.of(exchange.query());
        live.open(exchange, gatekeeper.admission(exchange, Scope.READ));
    }
}
