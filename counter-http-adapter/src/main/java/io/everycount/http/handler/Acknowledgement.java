// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.AckLevel;
import io.everycount.QuarantinedException;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Json;
import io.everycount.http.exchange.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The answers to increments that were counted: 200 if the level asked for was reached, 202 if not, or if
 * none was asked for; never an error, which would invite a second try. Thread-safe.
 */
final class Acknowledgement {
    /** Says in every answer to an increment which level it has reached. */
    static final String LEVEL_HEADER = "Everycount-Ack";

    private static final Response ONE_IN_MEMORY = reached(AckLevel.MEMORY, 1);
    private static final Response ONE_IN_JOURNAL = reached(AckLevel.JOURNAL, 1);

    private final Duration waitMax;
    private final boolean journaled;
    private final Set<CompletableFuture<Void>> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean ended;

    /**
     * @param waitMax how long a caller may wait for a level
     * @param journaled whether there is a journal
     */
    Acknowledgement(Duration waitMax, boolean journaled) {
        this.waitMax = waitMax;
        this.journaled = journaled;
    }

    /** The level to wait for: the best that is quick if none was asked for, and the sink's in place of a journal's. */
    AckLevel level(Prefer prefer) {
        AckLevel asked = prefer.ack();
        if (asked == null) {
            return journaled ? AckLevel.JOURNAL : AckLevel.MEMORY;
        }
        return asked == AckLevel.JOURNAL && !journaled ? AckLevel.SINK : asked;
    }

    /** Counted, and not known to be further than memory. */
    static Response inMemory(int increments) {
        return increments == 1 ? ONE_IN_MEMORY : reached(AckLevel.MEMORY, increments);
    }

    private static Response reached(AckLevel level, int increments) {
        String name = level.name().toLowerCase(Locale.ROOT);
        return Response.of(
                        level == AckLevel.SINK ? 200 : 202,
                        Json.CONTENT_TYPE,
                        ("{\"accepted\":" + increments + ",\"ack\":\"" + name + "\"}\n")
                                .getBytes(StandardCharsets.US_ASCII))
                .with(LEVEL_HEADER, name);
    }

    private static Response noted(int increments, String note) {
        return Response.of(202, Json.CONTENT_TYPE, Json.bytes(json -> {
                    json.writeStartObject();
                    json.writeNumberField("accepted", increments);
                    json.writeStringField("ack", "memory");
                    json.writeStringField("note", note);
                    json.writeEndObject();
                }))
                .with(LEVEL_HEADER, "memory");
    }

    /**
     * Answers when the level is reached, or when the wait is over.
     *
     * @param confirmed as the cache has given it: the increments are counted
     */
    void replyWhenConfirmed(
            Exchange exchange, CompletionStage<Void> confirmed, AckLevel level, Prefer prefer, int increments) {
        long waitMillis = waitMax.toMillis();
        if (prefer.waitSeconds() >= 0) {
            waitMillis = Math.min(waitMillis, 1_000L * prefer.waitSeconds());
        }
        CompletableFuture<Void> wait =
                confirmed.toCompletableFuture().copy().orTimeout(waitMillis, TimeUnit.MILLISECONDS);
        waiting.add(wait);
        wait.whenComplete((nothing, error) -> {
            waiting.remove(wait);
            exchange.reply(error == null ? inTime(level, increments) : noted(increments, noteOn(level, error)));
        });
        if (ended) {
            wait.completeExceptionally(new TimeoutException());
        }
    }

    /** Answers all who wait, with what is known; from here on nobody waits any more. */
    void end() {
        ended = true;
        waiting.forEach(wait -> wait.completeExceptionally(new TimeoutException()));
    }

    private static Response inTime(AckLevel level, int increments) {
        return level == AckLevel.JOURNAL && increments == 1 ? ONE_IN_JOURNAL : reached(level, increments);
    }

    private static String noteOn(AckLevel level, Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        if (cause instanceof TimeoutException) {
            return "Counted; the " + level.name().toLowerCase(Locale.ROOT)
                    + " did not have it in time. Do not send it again.";
        }
        if (cause instanceof QuarantinedException) {
            return "Counted; the sink refused a key of it and has set its deltas aside. Do not send it again.";
        }
        return "Counted; it cannot be confirmed any more. Do not send it again.";
    }
}
