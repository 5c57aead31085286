// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sessions of browsers that have logged in with an API key. A session grants reading, whatever else its key
 * is good for, so that no page can make a browser write. It ends with its life, after an hour without use, by
 * logging out, with its key, and with the process. Of the token in the cookie only a hash is kept.
 * Thread-safe.
 */
public final class Sessions {
    private static final String COOKIE = "everycount_session";
    /** Browsers take a cookie of this name only over TLS, for this host alone and all of its paths. */
    private static final String COOKIE_OVER_TLS = "__Host-" + COOKIE;

    private static final Duration IDLE_MAX = Duration.ofHours(1);
    private static final int SESSIONS_MAX = 1_000;
    private static final int TOKEN_BYTES = 32;

    private final ApiKeys keys;
    private final Clock clock;
    private final Duration life;
    private final SecureRandom random = new SecureRandom();

    /** By hash of the token; the oldest first. */
    private final Map<String, Session> sessions = new LinkedHashMap<>();

    private record Session(ApiKey key, Instant ends, Instant used) {}

    /** @param life how long a session lasts at most */
    public Sessions(ApiKeys keys, Clock clock, Duration life) {
        this.keys = keys;
        this.clock = clock;
        this.life = life;
    }

    /**
     * Logs in.
     *
     * @param credential an id, a dot and a secret
     * @return the value for {@code Set-Cookie}; null if the credential is wrong or does not allow reading
     */
    public @Nullable String login(String credential, boolean secure) {
        ApiKeys.Verified verified = keys.verify(credential, 0);
        if (verified == null || !verified.key().may(Scope.READ)) {
            return null;
        }
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        Instant now = clock.instant();
        synchronized (sessions) {
            if (sessions.size() >= SESSIONS_MAX) {
                sessions.remove(sessions.keySet().iterator().next());
            }
            sessions.put(hash(token), new Session(verified.key(), now.plus(life), now));
        }
        return cookie(token, secure, life.toSeconds());
    }

    /**
     * Logs out.
     *
     * @param cookies the header; null if there is none
     * @return the value for {@code Set-Cookie}, which makes the browser forget its cookie
     */
    public String logout(@Nullable String cookies, boolean secure) {
        String token = token(cookies, secure);
        if (token != null) {
            synchronized (sessions) {
                sessions.remove(hash(token));
            }
        }
        return cookie("", secure, 0);
    }

    /**
     * Whose session this is.
     *
     * @param cookies the header; null if there is none
     * @return null if it is none, or has ended
     */
    @Nullable
    ApiKey find(@Nullable String cookies, boolean secure) {
        String token = token(cookies, secure);
        if (token == null) {
            return null;
        }
        String hash = hash(token);
        Instant now = clock.instant();
        synchronized (sessions) {
            Session session = sessions.get(hash);
            if (session == null) {
                return null;
            }
            if (!now.isBefore(session.ends)
                    || !now.isBefore(session.used.plus(IDLE_MAX))
                    || !keys.isLive(session.key)) {
                sessions.remove(hash);
                return null;
            }
            sessions.replace(hash, new Session(session.key, session.ends, now));
            return session.key;
        }
    }

    private static String hash(String token) {
        return HexFormat.of().formatHex(Secrets.sha256(token));
    }

    private static String cookie(String token, boolean secure, long seconds) {
        return (secure ? COOKIE_OVER_TLS : COOKIE) + "=" + token + "; Path=/; Max-Age=" + seconds
                + "; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
    }

    private static @Nullable String token(@Nullable String cookies, boolean secure) {
        if (cookies == null) {
            return null;
        }
        String name = (secure ? COOKIE_OVER_TLS : COOKIE) + "=";
        for (String cookie : cookies.split(";", -1)) {
            String stripped = cookie.strip();
            if (stripped.startsWith(name)) {
                return stripped.substring(name.length());
            }
        }
        return null;
    }
}
