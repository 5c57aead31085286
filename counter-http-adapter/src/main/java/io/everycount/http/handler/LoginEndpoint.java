// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.auth.Sessions;
import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.ProblemException;
import io.everycount.http.exchange.Response;
import java.nio.charset.StandardCharsets;

/** {@code GET} and {@code POST /login}, {@code POST /logout}: a form that takes an API key, for browsers. */
final class LoginEndpoint {
    private static final int FORM_BYTES_MAX = 1_024;
    private static final String POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'";

    private final Sessions sessions;
    private final String form = new String(Resource.bytes("login.html"), StandardCharsets.UTF_8);

    LoginEndpoint(Sessions sessions) {
        this.sessions = sessions;
    }

    void form(Exchange exchange) {
        exchange.reply(page(200, ""));
    }

    private Response page(int status, String message) {
        return ForBrowsers.page(status, form.replace("{{message}}", message), POLICY);
    }

    Endpoint login() {
        return new Endpoint() {
            @Override
            public int bodyBytesMax() {
                return FORM_BYTES_MAX;
            }

            @Override
            public void handle(Exchange exchange) {
                exchange.reply(loggedIn(exchange));
            }
        };
    }

    private Response loggedIn(Exchange exchange) {
        if (!MediaType.ofBody(exchange.header("Content-Type"), MediaType.FORM).equals(MediaType.FORM)) {
            throw MediaType.unsupported("The login form was not sent as a form", MediaType.FORM);
        }
        String body = new String(exchange.body(), 0, exchange.bodyLength(), StandardCharsets.ISO_8859_1);
        String cookie;
        try {
            cookie = sessions.login(Query.of(body, "key").text("key").strip(), exchange.isSecure());
        } catch (ProblemException e) {
            // Its problem would quote what was sent, which may be a key.
            return page(400, "That was not the form.");
        }
        return cookie == null
                ? page(401, "This key is unknown, revoked or expired, or does not have the scope read.")
                : Response.of(303).with("Location", "/").with("Set-Cookie", cookie);
    }

    void logout(Exchange exchange) {
        exchange.reply(Response.of(303)
                .with("Location", "/login")
                .with("Set-Cookie", sessions.logout(exchange.header("Cookie"), exchange.isSecure())));
    }
}
