// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.RequestHead;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets requests in: with an API key, as {@code Authorization: Bearer id.secret}, or, for reading, with a
 * session's cookie; or everybody, where there are no keys. A session's requests count against its key's rate.
 * Thread-safe; never waits.
 *
 * <p>There is no limit to failed attempts: a secret of 256 bits cannot be tried out, an attempt costs one
 * hash, and a limit by address would lock out those who share it.
 */
public final class Gatekeeper {
    private static final String SCHEME = "Bearer ";
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final String CHALLENGE = "Bearer realm=\"everycount\"";

    private final @Nullable ApiKeys keys;
    private final @Nullable Sessions sessions;
    private final LongSupplier clock;
    private final Refusals refusals;

    private Gatekeeper(@Nullable ApiKeys keys, @Nullable Sessions sessions, LongSupplier clock) {
        this.keys = keys;
        this.sessions = sessions;
        this.clock = clock;
        this.refusals = new Refusals(clock.getAsLong());
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
            checkKey(keys, authorization, head, scope);
            return;
        }
        if (scope == Scope.READ && sessions != null) {
            ApiKeys.Known known = sessions.find(head.header("Cookie"), head.isSecure());
            if (known != null) {
                checkRate(known);
                return;
            }
        }
        throw unauthorized(CHALLENGE, "There is no API key; send Authorization: Bearer id.secret.");
    }

    /**
     * Whether who sent a request that was let in may go on: for an answer that takes long, asked every so often. Counts
     * against no rate; with a session, it is a use of it.
     */
    public BooleanSupplier admission(RequestHead head, Scope scope) {
        ApiKeys known = keys;
        if (known == null) {
            return () -> true;
        }
        String authorization = head.header("Authorization");
        if (authorization != null) {
            int from = credentialStart(authorization);
            return () -> {
                ApiKeys.Known caller = known.verify(authorization, from);
                return caller != null && caller.key().may(scope);
            };
        }
        String cookie = head.header("Cookie");
        boolean secure = head.isSecure();
        return () -> scope == Scope.READ && sessions != null && sessions.find(cookie, secure) != null;
    }

    private static int credentialStart(String authorization) {
        int from = SCHEME.length();
        while (from < authorization.length() && authorization.charAt(from) == ' ') {
            from++;
        }
        return from;
    }

    private void checkKey(ApiKeys known, String authorization, RequestHead head, Scope scope) {
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            throw unauthorized(
                    CHALLENGE, "The authorization is not a bearer token; send Authorization: Bearer id.secret.");
        }
        int from = credentialStart(authorization);
        ApiKeys.Known caller = known.verify(authorization, from);
        if (caller == null) {
            int start = from;
            refusals.tell(head.remoteAddress(), () -> known.whyNot(authorization, start), clock.getAsLong());
            throw unauthorized(
                    CHALLENGE + ", error=\"invalid_token\"",
                    "The API key is unknown, wrong, revoked or expired; it is an id, a dot and a secret.");
        }
        if (!caller.key().may(scope)) {
            throw Problem.of(
                            403,
                            "scope-missing",
                            "Not allowed",
                            "The key " + caller.key().id() + " has the scope "
                                    + caller.key().scopeText() + "; this needs " + scope.text() + ".")
                    .withHeader(
                            "WWW-Authenticate",
                            CHALLENGE + ", error=\"insufficient_scope\", scope=\"" + scope.text() + "\"")
                    .asException();
        }
        checkRate(caller);
    }

    private void checkRate(ApiKeys.Known caller) {
        TokenBucket bucket = caller.bucket();
        if (bucket == null) {
            return;
        }
        long waitNanos = bucket.tryTake(clock.getAsLong());
        if (waitNanos > 0) {
            long waitSeconds = (waitNanos + SECOND_NANOS - 1) / SECOND_NANOS;
            throw Problem.of(
                            429,
                            "rate-exceeded",
                            "Too many requests",
                            "The key " + caller.key().id() + " may send " + bucket.perSecond()
                                    + " requests a second; nothing was counted.")
                    .with("counted", 0)
                    .withHeader("Retry-After", Long.toString(waitSeconds))
                    .asException();
        }
    }

    private static RuntimeException unauthorized(String challenge, String detail) {
        return Problem.of(401, "unauthorized", "Not authenticated", detail)
                .withHeader("WWW-Authenticate", challenge)
                .asException();
    }
}
