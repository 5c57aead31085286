// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.RequestHead;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests in: with an API key, as {@code Authorization: Bearer id.secret}, or, for reading, with a
 * session's cookie; or everybody, where there are no keys. Thread-safe; never waits.
 *
 * <p>There is no limit to failed attempts: a secret of 256 bits cannot be tried out, an attempt costs one
 * hash, and a limit by address would lock out those who share it.
 */
public final class Gatekeeper {
    private static final String SCHEME = "Bearer ";
    private static final String CHALLENGE = "Bearer realm=\"everycount\"";

    private final @Nullable ApiKeys keys;
    private final @Nullable Sessions sessions;
    private final LongSupplier clock;

    private Gatekeeper(@Nullable ApiKeys keys, @Nullable Sessions sessions, LongSupplier clock) {
        this.keys = keys;
        this.sessions = sessions;
        this.clock = clock;
    }

    /** Lets everybody do everything. */
    public static Gatekeeper open() {
        return new Gatekeeper(null, null, System::nanoTime);
    }

    /**
     * Asks for keys.
     *
     * @param clock monotonic, in nanoseconds
     */
    public static Gatekeeper of(ApiKeys keys, Sessions sessions, LongSupplier clock) {
        return new Gatekeeper(keys, sessions, clock);
    }

    /**
     * Checks that a request may do what needs a scope.
     *
     * @throws io.everycount.http.exchange.ProblemException 401 without a valid key, 403 without the scope, 429
     *     beyond the key's rate
     */
    public void check(RequestHead head, Scope scope) {
        if (keys == null) {
            return;
        }
        String authorization = head.header("Authorization");
        if (authorization != null) {
            checkKey(keys, authorization, scope);
            return;
        }
        if (scope == Scope.READ && sessions != null) {
            ApiKey key = sessions.find(head.header("Cookie"), head.isSecure());
            if (key != null) {
                return;
            }
        }
        throw unauthorized(CHALLENGE, "There is no API key; send Authorization: Bearer id.secret.");
    }

    private void checkKey(ApiKeys known, String authorization, Scope scope) {
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            throw unauthorized(
                    CHALLENGE, "The authorization is not a bearer token; send Authorization: Bearer id.secret.");
        }
        int from = SCHEME.length();
        while (from < authorization.length() && authorization.charAt(from) == ' ') {
            from++;
        }
        ApiKeys.Verified verified = known.verify(authorization, from);
        if (verified == null) {
            throw unauthorized(
                    CHALLENGE + ", error=\"invalid_token\"",
                    "The API key is unknown, wrong, revoked or expired; it is an id, a dot and a secret.");
        }
        if (!verified.key().may(scope)) {
            throw Problem.of(
                            403,
                            "scope-missing",
                            "Not allowed",
                            "The key " + verified.key().id() + " has the scope "
                                    + verified.key().scopeText() + "; this needs " + scope.text() + ".")
                    .withHeader(
                            "WWW-Authenticate",
                            CHALLENGE + ", error=\"insufficient_scope\", scope=\"" + scope.text() + "\"")
                    .asException();
        }
        TokenBucket bucket = verified.bucket();
        if (bucket != null) {
            long waitNanos = bucket.tryTake(clock.getAsLong());
            if (waitNanos > 0) {
                throw Problem.of(
                                429,
                                "rate-exceeded",
                                "Too many requests",
                                "The key " + verified.key().id() + " may send " + bucket.perSecond()
                                        + " requests a second; nothing was counted.")
                        .with("counted", 0)
                        .withHeader("Retry-After", Long.toString(1 + waitNanos / 1_000_000_000L))
                        .asException();
            }
        }
    }

    private static RuntimeException unauthorized(String challenge, String detail) {
        return Problem.of(401, "unauthorized", "Not authenticated", detail)
                .withHeader("WWW-Authenticate", challenge)
                .asException();
    }
}
