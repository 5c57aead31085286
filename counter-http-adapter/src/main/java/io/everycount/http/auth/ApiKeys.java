// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that are good now: those of a file, read again within two seconds of its change. A file that
 * cannot be read any more, also one that is gone, leaves the keys as they were, and is told of once.
 * Thread-safe; verifying a key never waits for the file.
 */
public final class ApiKeys implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);
    private static final long LOOK_MILLIS = 1_000;
    private static final byte[] NO_HASH = new byte[32];

    /** File systems tell the time in steps; two changes in one step are told from each other by content. */
    private static final Duration STEP_MAX = Duration.ofSeconds(5);

    private final Path file;
    private final Clock clock;
    private final int requestsPerSecondDefault;
    private final Thread watcher;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile Map<String, List<Known>> keys;
    private Stamp stamp;
    private String text;
    private @Nullable String told;

    /**
     * A key that is known.
     *
     * @param hash that of {@code key}, as bytes
     * @param bucket its rate, which it shares with the other key of its id; null if it has none
     */
    record Known(ApiKey key, byte[] hash, @Nullable TokenBucket bucket) {}

    /** What changes when a file does. */
    private record Stamp(@Nullable Object fileKey, FileTime modified, long size) {}

    private ApiKeys(Path file, Clock clock, int requestsPerSecondDefault) {
        this.file = file;
        this.clock = clock;
        this.requestsPerSecondDefault = requestsPerSecondDefault;
        stamp = stampOf(file);
        text = PrivateFile.read(file);
        keys = known(KeyFile.parse(file.toString(), text).keys(), Map.of());
        warnIfReadable();
        watcher = new Thread(this::watch, "everycount-keys");
        watcher.setDaemon(true);
    }

    /**
     * Reads a file, and goes on watching it.
     *
     * @param requestsPerSecondDefault of keys that have no rate of their own, to 9,999,999; 0 for as many as
     *     they like
     * @throws KeyFileException if it cannot be read
     */
    public static ApiKeys open(Path file, Clock clock, int requestsPerSecondDefault) {
        ApiKeys keys = new ApiKeys(file, clock, requestsPerSecondDefault);
        keys.watcher.start();
        return keys;
    }

    private void watch() {
        try {
            while (!closed.get()) {
                // A look is one stat; watching files is not to be had on every file system.
                Thread.sleep(LOOK_MILLIS);
                try {
                    lookAgain();
                } catch (RuntimeException | Error e) {
                    // The next look may do better; without one, a revoked key would be good for ever.
                    LOG.error("could not look at {}", file, e);
                }
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    /** Reads the file if it has changed. */
    synchronized void lookAgain() {
        Stamp before = stampOf(file);
        boolean changed = !before.equals(stamp);
        if (!changed && before.modified.toInstant().isBefore(clock.instant().minus(STEP_MAX))) {
            return;
        }
        try {
            String read = PrivateFile.read(file);
            if (told != null || !read.equals(text)) {
                Map<String, List<Known>> fresh =
                        known(KeyFile.parse(file.toString(), read).keys(), keys);
                keys = fresh;
                text = read;
                told = null;
                LOG.info("read {} again: keys of {} ids", file, fresh.size());
                warnIfReadable();
            }
        } catch (KeyFileException e) {
            String message = String.valueOf(e.getMessage());
            if (!closed.get() && (changed || !message.equals(told))) {
                LOG.error("the keys stay as they were: {}", message);
            }
            told = message;
        }
        // Of before: a change while it was read is seen at the next look.
        stamp = before;
    }

    private void warnIfReadable() {
        if (PrivateFile.isReadableByOthers(file)) {
            LOG.warn("everybody on this machine may read {}, which has hashes of keys; chmod 600 ends that", file);
        }
    }

    private static Stamp stampOf(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Stamp(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
        } catch (IOException e) {
            return new Stamp(null, FileTime.fromMillis(0), -1);
        }
    }

    private Map<String, List<Known>> known(List<ApiKey> read, Map<String, List<Known>> before) {
        Map<String, List<Known>> byId = new HashMap<>();
        for (ApiKey key : read) {
            List<Known> own = byId.computeIfAbsent(key.id(), id -> new ArrayList<>(2));
            TokenBucket bucket =
                    bucketOf(key, Stream.concat(own.stream(), before.getOrDefault(key.id(), List.of()).stream()));
            own.add(new Known(key, HexFormat.of().parseHex(key.hash()), bucket));
        }
        return Map.copyOf(byId);
    }

    /** A bucket survives a change of the file, unless its rate is another. */
    private @Nullable TokenBucket bucketOf(ApiKey key, Stream<Known> ofSameId) {
        int rate = key.requestsPerSecond() == null ? requestsPerSecondDefault : key.requestsPerSecond();
        if (rate == 0) {
            return null;
        }
        return ofSameId.flatMap(known -> Stream.ofNullable(known.bucket))
                .filter(bucket -> bucket.perSecond() == rate)
                .findFirst()
                .orElseGet(() -> new TokenBucket(rate));
    }

    /**
     * Finds whose credential this is. Takes as long for a wrong secret, wherever it differs, and for an
     * unknown id.
     *
     * @param credential in which, from {@code from} to its end, are an id, a dot and a secret
     * @return null if it is nobody's, or not good any more
     */
    @Nullable
    Known verify(String credential, int from) {
        Known found = find(credential, from);
        return found != null && isLive(found.key) ? found : null;
    }

    private @Nullable Known find(String credential, int from) {
        int dot = credential.indexOf('.', from);
        if (dot < 0 || dot - from > KeyFile.ID_CHARS_MAX || !Secrets.fits(credential, dot + 1)) {
            return null;
        }
        byte[] hash = Secrets.hash(credential, dot + 1);
        List<Known> own = keys.getOrDefault(credential.substring(from, dot), List.of());
        Known found = null;
        for (int i = 0; i < 2; i++) {
            boolean same = MessageDigest.isEqual(i < own.size() ? own.get(i).hash : NO_HASH, hash);
            if (same && i < own.size()) {
                found = own.get(i);
            }
        }
        return found;
    }

    /**
     * Why a credential is not good, for the log: with its id only if it is one of the file, since anything
     * else may be a secret at the wrong place.
     */
    String whyNot(String credential, int from) {
        Known found = find(credential, from);
        if (found != null && !isLive(found.key)) {
            return "the key " + found.key.fingerprint() + " of " + found.key.id() + " expired at "
                    + found.key.expires();
        }
        int dot = credential.indexOf('.', from);
        String id = dot < 0 ? "" : credential.substring(from, dot);
        return keys.containsKey(id) ? "not a key that " + id + " has" : "its id is not in " + file;
    }

    /** A key as it is now: by id and hash; null if it is revoked or expired. */
    @Nullable
    Known current(ApiKey key) {
        for (Known known : keys.getOrDefault(key.id(), List.of())) {
            if (known.key.hash().equals(key.hash())) {
                return isLive(known.key) ? known : null;
            }
        }
        return null;
    }

    private boolean isLive(ApiKey key) {
        return key.expires() == null || key.isLive(clock.instant());
    }

    /** Stops watching the file. */
    @Override
    public void close() {
        closed.set(true);
        watcher.interrupt();
    }
}
