// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes, renews and ends API keys in a file. Every change replaces the file as a whole, under a lock beside
 * it, so that two commands at once do not undo each other. Every method throws a {@link KeyFileException} if
 * the file cannot be used, or if what is asked for is not allowed; the file is as it was then. Thread-safe.
 */
public final class KeyRing {
    /** The lock beside a file is one process's; this one is for the threads of this process. */
    private static final Object THREADS = new Object();

    private final Path file;
    private final Clock clock;

    /** The keys of a file, which need not exist yet. */
    public KeyRing(Path file, Clock clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * A key that was just made: the only time that its secret is known.
     *
     * @param key as it is kept
     * @param credential the id, a dot and the secret: what the caller sends
     */
    public record Made(ApiKey key, String credential) {
        /** Without the secret. */
        @Override
        public String toString() {
            return "Made[" + key + "]";
        }
    }

    /** All keys. */
    public List<ApiKey> list() {
        return KeyFile.parse(file.toString(), PrivateFile.read(file)).keys();
    }

    /**
     * Makes a first key for an id.
     *
     * @param expires from when on it is not good any more; null if never
     * @param requestsPerSecond from 1 to 9,999,999; null for the server's default
     */
    public Made create(String id, Set<Scope> scopes, @Nullable Instant expires, @Nullable Integer requestsPerSecond) {
        KeyFile.requireId(id);
        if (scopes.isEmpty()) {
            throw new KeyFileException(
                    "a key without a scope is good for nothing; write, read and admin are scopes", null);
        }
        if (requestsPerSecond != null && (requestsPerSecond < 1 || requestsPerSecond > TokenBucket.PER_SECOND_MAX)) {
            throw new KeyFileException(
                    "a rate of " + requestsPerSecond + " a second; 1 to " + TokenBucket.PER_SECOND_MAX + " is allowed",
                    null);
        }
        return add(keys -> {
            if (!of(id, keys).isEmpty()) {
                throw new KeyFileException(
                        "there is a key for " + id + " already; \"keys rotate " + id + "\" makes a second one", null);
            }
            return new Template(id, scopes, expires, requestsPerSecond);
        });
    }

    /**
     * Makes a second key for an id, as good as its first, which stays good until it is revoked.
     *
     * @param expires from when on the second is not good any more; null for a life as long as the first was
     *     given
     */
    public Made rotate(String id, @Nullable Instant expires) {
        KeyFile.requireId(id);
        return add(keys -> {
            List<ApiKey> own = of(id, keys);
            if (own.isEmpty()) {
                throw noSuch(id);
            }
            if (own.size() > 1) {
                throw new KeyFileException(
                        id + " has two keys already, " + own.get(0).fingerprint() + " and "
                                + own.get(1).fingerprint() + "; revoke one of them first",
                        null);
            }
            ApiKey first = own.get(0);
            return new Template(
                    id, first.scopes(), expires == null ? endLike(first) : expires, first.requestsPerSecond());
        });
    }

    /** A key that has an end does not become one without by being rotated. */
    private @Nullable Instant endLike(ApiKey first) {
        return first.expires() == null ? null : now().plus(Duration.between(first.created(), first.expires()));
    }

    /**
     * Ends keys.
     *
     * @param fingerprint which of an id's keys; null for all
     * @return what was ended
     */
    public List<ApiKey> revoke(String id, @Nullable String fingerprint) {
        return change(before -> {
            List<ApiKey> ended = of(id, before.keys()).stream()
                    .filter(key -> fingerprint == null || key.fingerprint().equals(fingerprint))
                    .toList();
            if (ended.isEmpty()) {
                throw fingerprint == null
                        ? noSuch(id)
                        : new KeyFileException(
                                "no key of " + KeyFile.requireId(id)
                                        + " has this fingerprint; \"keys list\" shows them",
                                null);
            }
            return new Change<>(before.without(ended), ended);
        });
    }

    private static List<ApiKey> of(String id, List<ApiKey> keys) {
        return keys.stream().filter(key -> key.id().equals(id)).toList();
    }

    private KeyFileException noSuch(String id) {
        return new KeyFileException(
                "there is no key for " + KeyFile.requireId(id) + " in " + file + "; \"keys list\" shows them", null);
    }

    private record Template(
            String id,
            Set<Scope> scopes,
            @Nullable Instant expires,
            @Nullable Integer requestsPerSecond) {}

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS);
    }

    private Made add(Function<List<ApiKey>, Template> chosen) {
        String secret = Secrets.next();
        return change(before -> {
            Template template = chosen.apply(before.keys());
            ApiKey key = new ApiKey(
                    template.id,
                    template.scopes,
                    HexFormat.of().formatHex(Secrets.hash(secret, 0)),
                    now(),
                    template.expires,
                    template.requestsPerSecond);
            return new Change<>(before.with(key), new Made(key, template.id + "." + secret));
        });
    }

    /** What a file is to be, and what to tell of it. */
    private record Change<T>(KeyFile after, T result) {}

    private <T> T change(Function<KeyFile, Change<T>> change) {
        synchronized (THREADS) {
            try {
                Path target = PrivateFile.real(file);
                Path lockFile = target.resolveSibling(target.getFileName() + ".lock");
                try (FileChannel channel =
                                FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock lock = channel.lock()) {
                    KeyFile before = Files.exists(target)
                            ? KeyFile.parse(file.toString(), PrivateFile.read(target))
                            : KeyFile.empty();
                    Change<T> changed = change.apply(before);
                    PrivateFile.replace(target, changed.after.text());
                    return changed.result;
                }
            } catch (IOException e) {
                throw new KeyFileException("cannot change " + file + ": " + PrivateFile.reason(e), e);
            }
        }
    }
}
