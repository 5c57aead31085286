// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sessions of browsers that have logged in with an API key. A session grants reading, whatever else its key
 * is good for, so that no page can make a browser write. It ends with its life, after an hour without use, by
 * logging out, with its key or that key's scope, and with the process. Of the token in the cookie only a hash
 * is kept, and sessions are found by it, so the time that it takes tells nothing about tokens. There are at
 * most 1,000, and 20 of one id; beyond, those that have ended go, then the oldest. Thread-safe.
 */
public final class Sessions {
    private static final String COOKIE = "everycount_session";
    /** Browsers take a cookie of this name only over TLS, for this host alone and all of its paths. */
    private static final String COOKIE_OVER_TLS = "__Host-" + COOKIE;

    private static final Duration IDLE_MAX = Duration.ofHours(1);
    private static final int SESSIONS_MAX = 1_000;
    /** So that one key cannot end the sessions of others. */
    private static final int SESSIONS_PER_ID_MAX = 20;

    private final ApiKeys keys;
    private final Clock clock;
    private final Duration life;

    /** By hash of the token; the oldest first. */
    private final Map<String, Session> sessions = new LinkedHashMap<>();

    private record Session(ApiKey key, Instant ends, Instant used) {
        boolean isOver(Instant now) {
            return !now.isBefore(ends) || !now.isBefore(used.plus(IDLE_MAX));
        }
    }

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
        ApiKeys.Known known = keys.verify(credential, 0);
        if (known == null || !known.key().may(Scope.READ)) {
            return null;
        }
        String token = Secrets.next();
        Instant now = clock.instant();
        synchronized (sessions) {
            makeRoom(known.key().id(), now);
            sessions.put(hash(token), new Session(known.key(), now.plus(life), now));
        }
        return cookie(token, secure, life.toSeconds());
    }

    private void makeRoom(String id, Instant now) {
        sessions.values().removeIf(session -> session.isOver(now));
        String oldestOfId = null;
        int ofId = 0;
        for (Map.Entry<String, Session> entry : sessions.entrySet()) {
            if (entry.getValue().key.id().equals(id)) {
                oldestOfId = oldestOfId == null ? entry.getKey() : oldestOfId;
                ofId++;
            }
        }
        if (oldestOfId != null && ofId >= SESSIONS_PER_ID_MAX) {
            sessions.remove(oldestOfId);
        }
        if (sessions.size() >= SESSIONS_MAX) {
            Iterator<Session> oldest = sessions.values().iterator();
            oldest.next();
            oldest.remove();
        }
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
     * @return the key as it is now; null if there is no session, or it has ended
     */
    ApiKeys.@Nullable Known find(@Nullable String cookies, boolean secure) {
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
            ApiKeys.Known known = keys.current(session.key);
            if (session.isOver(now) || known == null || !known.key().may(Scope.READ)) {
                sessions.remove(hash);
                return null;
            }
            sessions.replace(hash, new Session(session.key, session.ends, now));
            return known;
        }
    }

    private static String hash(String token) {
        return HexFormat.of().formatHex(Secrets.hash(token, 0));
    }

    private static String cookie(String token, boolean secure, long seconds) {
        return (secure ? COOKIE_OVER_TLS : COOKIE) + "=" + token + "; Path=/; Max-Age=" + seconds
                + "; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
    }

    /** The first cookie of the name, which is the one with the longest path; null if it cannot be a token. */
    private static @Nullable String token(@Nullable String cookies, boolean secure) {
        if (cookies == null) {
            return null;
        }
        String name = (secure ? COOKIE_OVER_TLS : COOKIE) + "=";
        int from = 0;
        while (from < cookies.length()) {
            int semicolon = cookies.indexOf(';', from);
            int end = semicolon < 0 ? cookies.length() : semicolon;
            String cookie = cookies.substring(from, end).strip();
            if (cookie.startsWith(name)) {
                return Secrets.fits(cookie, name.length()) ? cookie.substring(name.length()) : null;
            }
            from = end + 1;
        }
        return null;
    }
}
