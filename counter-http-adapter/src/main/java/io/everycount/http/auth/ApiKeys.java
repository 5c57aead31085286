// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that are good now: those of a file, read again within a second or two of its change. A file that
 * cannot be read any more leaves the keys as they were, and is told of once. Thread-safe; verifying a key
 * never waits for the file.
 */
public final class ApiKeys implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);
    private static final long LOOK_MILLIS = 1_000;
    private static final byte[] NO_HASH = new byte[32];

    private final Path file;
    private final Clock clock;
    private final int requestsPerSecondDefault;
    private final Thread watcher;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile Map<String, List<Known>> keys;
    private Stamp stamp;

    /** A key, its hash as bytes, and the rate that it shares with the other key of its id. */
    private record Known(ApiKey key, byte[] hash, @Nullable TokenBucket bucket) {}

    /** What changes when a file does. */
    private record Stamp(@Nullable Object fileKey, long modifiedMillis, long size) {}

    private ApiKeys(Path file, Clock clock, int requestsPerSecondDefault) {
        this.file = file;
        this.clock = clock;
        this.requestsPerSecondDefault = requestsPerSecondDefault;
        stamp = stampOf(file);
        keys = known(KeyFile.read(file), Map.of());
        watcher = new Thread(this::watch, "everycount-keys");
        watcher.setDaemon(true);
    }

    /**
     * Reads a file, and goes on watching it.
     *
     * @param requestsPerSecondDefault of keys that have no rate of their own; 0 for as many as they like
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
                Thread.sleep(LOOK_MILLIS);
                lookAgain();
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    /** Reads the file if it has changed. */
    synchronized void lookAgain() {
        Stamp before = stampOf(file);
        if (before.equals(stamp)) {
            return;
        }
        try {
            Map<String, List<Known>> read = known(KeyFile.read(file), keys);
            keys = read;
            LOG.info("read {} again: keys of {} ids", file, read.size());
        } catch (RuntimeException e) {
            LOG.error("the keys stay as they were: {}", e.getMessage());
        }
        // Of before: a change while it was read is seen at the next look.
        stamp = before;
    }

    private static Stamp stampOf(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Stamp(attributes.fileKey(), attributes.lastModifiedTime().toMillis(), attributes.size());
        } catch (IOException e) {
            return new Stamp(null, 0, -1);
        }
    }

    private Map<String, List<Known>> known(List<ApiKey> read, Map<String, List<Known>> before) {
        Map<String, List<Known>> byId = new HashMap<>();
        for (ApiKey key : read) {
            List<Known> sameId = byId.getOrDefault(key.id(), List.of());
            TokenBucket bucket = bucketOf(key, sameId.isEmpty() ? before.getOrDefault(key.id(), List.of()) : sameId);
            Known known = new Known(key, HexFormat.of().parseHex(key.hash()), bucket);
            byId.put(key.id(), sameId.isEmpty() ? List.of(known) : List.of(sameId.get(0), known));
        }
        return Map.copyOf(byId);
    }

    /** A bucket survives a change of the file, unless its rate is another. */
    private @Nullable TokenBucket bucketOf(ApiKey key, List<Known> others) {
        int rate = key.requestsPerSecond() == null ? requestsPerSecondDefault : key.requestsPerSecond();
        for (Known other : others) {
            if (other.bucket != null && other.bucket.perSecond() == rate) {
                return other.bucket;
            }
        }
        return rate == 0 ? null : new TokenBucket(rate);
    }

    /**
     * Who sent a credential.
     *
     * @param key which key it was
     * @param bucket its rate; null if it has none
     */
    record Verified(ApiKey key, @Nullable TokenBucket bucket) {}

    /**
     * Finds whose credential this is. Takes as long for a wrong secret, wherever it differs, and for an
     * unknown id.
     *
     * @param text in which the credential, an id, a dot and a secret, begins at {@code from}
     * @return null if it is nobody's, or not good any more
     */
    @Nullable
    Verified verify(String text, int from) {
        int dot = text.indexOf('.', from);
        if (dot < 0) {
            return null;
        }
        byte[] hash = Secrets.sha256(text.substring(dot + 1));
        List<Known> own = keys.getOrDefault(text.substring(from, dot), List.of());
        Known found = null;
        for (int i = 0; i < 2; i++) {
            boolean same = MessageDigest.isEqual(i < own.size() ? own.get(i).hash : NO_HASH, hash);
            if (same && i < own.size()) {
                found = own.get(i);
            }
        }
        return found != null && found.key.isLive(clock.instant()) ? new Verified(found.key, found.bucket) : null;
    }

    /** Whether a key is still there and good. */
    boolean isLive(ApiKey key) {
        for (Known known : keys.getOrDefault(key.id(), List.of())) {
            if (known.key.hash().equals(key.hash())) {
                return known.key.isLive(clock.instant());
            }
        }
        return false;
    }

    /** Stops watching the file. */
    @Override
    public void close() {
        closed.set(true);
        watcher.interrupt();
    }
}
