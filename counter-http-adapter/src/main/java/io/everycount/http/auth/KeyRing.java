// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Makes, renews and ends API keys in a file. Every change replaces the file as a whole, under a lock beside
 * it, so that two commands at once do not undo each other. Every method throws a {@link KeyFileException} if
 * the file cannot be used.
 */
public final class KeyRing {
    private static final int SECRET_BYTES = 32;

    private final Path file;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

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
        return KeyFile.read(file);
    }

    /** Makes a first key for an id. */
    public Made create(String id, Set<Scope> scopes, @Nullable Instant expires, @Nullable Integer requestsPerSecond) {
        KeyFile.requireId(id);
        if (scopes.isEmpty()) {
            throw new KeyFileException(
                    "a key without a scope is good for nothing; write, read and admin are scopes", null);
        }
        return add(keys -> {
            if (keys.stream().anyMatch(key -> key.id().equals(id))) {
                throw new KeyFileException(
                        "there is a key for " + id + " already; \"keys rotate " + id + "\" makes a second one", null);
            }
            return new Template(id, scopes, expires, requestsPerSecond);
        });
    }

    /** Makes a second key for an id, as good as its latest; the first stays good until it is revoked. */
    public Made rotate(String id, @Nullable Instant expires) {
        KeyFile.requireId(id);
        return add(keys -> {
            List<ApiKey> own = keys.stream().filter(key -> key.id().equals(id)).toList();
            if (own.isEmpty()) {
                throw noSuch(id);
            }
            if (own.size() > 1) {
                throw new KeyFileException(
                        id + " has two keys already, " + own.get(0).fingerprint() + " and "
                                + own.get(1).fingerprint() + "; revoke one of them first",
                        null);
            }
            ApiKey latest = own.get(0);
            return new Template(id, latest.scopes(), expires, latest.requestsPerSecond());
        });
    }

    /**
     * Ends keys.
     *
     * @param fingerprint which of an id's keys; null for all
     * @return what was ended
     */
    public List<ApiKey> revoke(String id, @Nullable String fingerprint) {
        List<ApiKey> ended = new ArrayList<>();
        change(keys -> {
            List<ApiKey> left = new ArrayList<>();
            for (ApiKey key : keys) {
                boolean end = key.id().equals(id)
                        && (fingerprint == null || key.fingerprint().equals(fingerprint));
                (end ? ended : left).add(key);
            }
            if (ended.isEmpty()) {
                throw fingerprint == null
                        ? noSuch(id)
                        : new KeyFileException(
                                "no key of " + KeyFile.requireId(id) + " begins like that; \"keys list\" shows them",
                                null);
            }
            return left;
        });
        return ended;
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

    private Made add(java.util.function.Function<List<ApiKey>, Template> chosen) {
        byte[] secretBytes = new byte[SECRET_BYTES];
        random.nextBytes(secretBytes);
        String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(secretBytes);
        Made[] made = new Made[1];
        change(keys -> {
            Template template = chosen.apply(keys);
            ApiKey key = new ApiKey(
                    template.id,
                    template.scopes,
                    HexFormat.of().formatHex(Secrets.sha256(secret)),
                    clock.instant().truncatedTo(ChronoUnit.SECONDS),
                    template.expires,
                    template.requestsPerSecond);
            made[0] = new Made(key, template.id + "." + secret);
            List<ApiKey> more = new ArrayList<>(keys);
            more.add(key);
            return more;
        });
        return made[0];
    }

    private void change(UnaryOperator<List<ApiKey>> change) {
        Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            KeyFile.write(file, change.apply(Files.exists(file) ? KeyFile.read(file) : List.of()));
        } catch (IOException e) {
            throw new KeyFileException("cannot change " + file + ": " + e, e);
        }
    }
}
