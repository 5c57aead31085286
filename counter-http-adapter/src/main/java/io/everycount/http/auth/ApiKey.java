// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One API key as it is kept: without its secret, of which only a hash is known. SHA-256 is enough for that,
 * since secrets are 256 random bits, which nobody can try out. Immutable.
 *
 * @param id who it is for: 1 to 40 letters, digits, hyphens and underscores
 * @param scopes what it is good for; at least one
 * @param hash SHA-256 of the secret, in 64 hexadecimal digits
 * @param created when it was made
 * @param expires from when on it is not good any more; null if never
 * @param requestsPerSecond how many requests it may send; null for the server's default
 */
public record ApiKey(
        String id,
        Set<Scope> scopes,
        String hash,
        Instant created,
        @Nullable Instant expires,
        @Nullable Integer requestsPerSecond) {
    private static final int FINGERPRINT_DIGITS = 8;

    /** Copies the scopes. */
    public ApiKey {
        if (scopes.isEmpty()) {
            throw new IllegalArgumentException("a key has at least one scope");
        }
        scopes = Set.copyOf(scopes);
    }

    /** The first digits of the hash: which of two keys of one id is meant. */
    public String fingerprint() {
        return hash.substring(0, FINGERPRINT_DIGITS);
    }

    /** Whether it may do what needs a scope. */
    public boolean may(Scope wanted) {
        return scopes.contains(wanted) || scopes.contains(Scope.ADMIN);
    }

    /** Whether it is still good at a time. */
    public boolean isLive(Instant now) {
        return expires == null || now.isBefore(expires);
    }

    /** Its scopes, as in {@code write,read}. */
    public String scopeText() {
        return List.copyOf(EnumSet.copyOf(scopes)).stream().map(Scope::text).collect(Collectors.joining(","));
    }
}
