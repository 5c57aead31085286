// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.AckLevel;
import io.everycount.CounterCache;
import io.everycount.Increments;
import io.everycount.QuarantinedException;
import io.everycount.RejectedException;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Json;
import io.everycount.http.exchange.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The answers to increments that were counted: 200 if the level asked for was reached, 202 if not, or if
 * none was asked for; never an error, which would invite a second try. Thread-safe.
 */
final class Acknowledgement {
    /** Says in every answer to an increment which level it has reached. */
    static final String LEVEL_HEADER = "Everycount-Ack";

    private static final Response ONE_IN_MEMORY = reached(AckLevel.MEMORY, 1);
    private static final Response ONE_IN_JOURNAL = reached(AckLevel.JOURNAL, 1);

    /** How long who waits for the journal may do so once the server stops; a commit takes milliseconds. */
    private static final long LAST_WAIT_MILLIS = 1_000;

    private final CounterCache cache;
    private final Duration waitMax;

    /** Those who wait, and for what. */
    private final Map<CompletableFuture<Void>, AckLevel> waiting = new ConcurrentHashMap<>();

    private volatile boolean ended;

    /** @param waitMax how long a caller may wait for a level */
    Acknowledgement(CounterCache cache, Duration waitMax) {
        this.cache = cache;
        this.waitMax = waitMax;
    }

    /** The level to wait for: the best that is quick if none was asked for, and the sink's in place of a journal's. */
    AckLevel level(Prefer prefer) {
        AckLevel asked = prefer.ack();
        if (asked == null) {
            return cache.hasJournal() ? AckLevel.JOURNAL : AckLevel.MEMORY;
        }
        return asked == AckLevel.JOURNAL && !cache.hasJournal() ? AckLevel.SINK : asked;
    }

    /** Counted, and not known to be further than memory. */
    static Response inMemory(int increments) {
        return increments == 1 ? ONE_IN_MEMORY : reached(AckLevel.MEMORY, increments);
    }

    private static Response reached(AckLevel level, int increments) {
        String name = name(level);
        return Response.of(
                        level == AckLevel.SINK ? 200 : 202,
                        Json.CONTENT_TYPE,
                        ("{\"accepted\":" + increments + ",\"ack\":\"" + name + "\"}\n")
                                .getBytes(StandardCharsets.US_ASCII))
                .with(LEVEL_HEADER, name);
    }

    private static String name(AckLevel level) {
        return level.name().toLowerCase(Locale.ROOT);
    }

    private static Response noted(AckLevel reached, int increments, String note) {
        return Response.of(202, Json.CONTENT_TYPE, Json.bytes(json -> {
                    json.writeStartObject();
                    json.writeNumberField("accepted", increments);
                    json.writeStringField("ack", name(reached));
                    json.writeStringField("note", note);
                    json.writeEndObject();
                }))
                .with(LEVEL_HEADER, name(reached));
    }

    /**
     * Answers when the level is reached, or when the wait is over.
     *
     * @param confirmed as the cache has given it: the increments are counted
     * @param level not memory
     */
    void replyWhenConfirmed(
            Exchange exchange, CompletionStage<Void> confirmed, AckLevel level, Prefer prefer, int increments) {
        CompletableFuture<Void> journaled = level == AckLevel.SINK ? inJournal() : null;
        long waitMillis = waitMax.toMillis();
        if (prefer.waitSeconds() >= 0) {
            waitMillis = Math.min(waitMillis, 1_000L * prefer.waitSeconds());
        }
        CompletableFuture<Void> wait =
                confirmed.toCompletableFuture().copy().orTimeout(waitMillis, TimeUnit.MILLISECONDS);
        waiting.put(wait, level);
        wait.whenComplete((nothing, error) -> {
            waiting.remove(wait);
            if (error == null) {
                exchange.reply(inTime(level, increments));
            } else {
                boolean isInJournal = journaled != null && journaled.isDone() && !journaled.isCompletedExceptionally();
                exchange.reply(
                        noted(isInJournal ? AckLevel.JOURNAL : AckLevel.MEMORY, increments, noteOn(level, error)));
            }
        });
        if (ended) {
            end(wait, level);
        }
    }

    /**
     * Completes when the journal has everything that was counted before this call: an empty list that waits for it is
     * added behind. Null if that cannot be known.
     */
    private @Nullable CompletableFuture<Void> inJournal() {
        if (!cache.hasJournal()) {
            return null;
        }
        try {
            return cache.addAllAsync(new Increments(), AckLevel.JOURNAL).toCompletableFuture();
        } catch (RejectedException e) {
            // Nothing gets into the journal, or too many wait. What the caller sent is counted all the same.
            return null;
        }
    }

    /** Answers all who wait, with what is known; from here on nobody waits for long. */
    void end() {
        ended = true;
        waiting.forEach(Acknowledgement::end);
    }

    private static void end(CompletableFuture<Void> wait, AckLevel level) {
        if (level == AckLevel.JOURNAL) {
            wait.orTimeout(LAST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            wait.completeExceptionally(new TimeoutException());
        }
    }

    private static Response inTime(AckLevel level, int increments) {
        return level == AckLevel.JOURNAL && increments == 1 ? ONE_IN_JOURNAL : reached(level, increments);
    }

    private static String noteOn(AckLevel level, Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        if (cause instanceof TimeoutException) {
            return "Counted; the " + name(level) + " did not have it in time. Do not send it again.";
        }
        if (cause instanceof QuarantinedException) {
            return "Counted; the sink refused a key of it and has set its deltas aside. Do not send it again.";
        }
        return "Counted; it cannot be confirmed any more. Do not send it again.";
    }
}
