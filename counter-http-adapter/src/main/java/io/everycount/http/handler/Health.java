// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Json;
import io.everycount.http.exchange.Response;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /health/live} and {@code GET /health/ready}. Alive: the cache counts, or was closed as it
 * should. Ready: it takes increments and is not about to stop. A database that is away does not make it
 * unready: taking increments meanwhile is what it is for; the answer then says {@code degraded}. So it does if the
 * journal is in trouble.
 */
final class Health {
    private final CounterCache cache;
    private volatile boolean draining;

    Health(CounterCache cache) {
        this.cache = cache;
    }

    /** From here on not ready. */
    void drain() {
        draining = true;
    }

    void live(Exchange exchange) {
        CounterStats stats = cache.stats();
        switch (stats.state()) {
            case RUNNING, CLOSED -> exchange.reply(answer(200, "alive", stats));
            case FENCED, FORKED, FAILED -> exchange.reply(answer(503, Json.lower(stats.state()), stats));
        }
    }

    void ready(Exchange exchange) {
        CounterStats stats = cache.stats();
        boolean failing = stats.sinks().stream().anyMatch(sink -> sink.required() && sink.failing())
                || hasTrouble(stats.journal());
        if (draining || stats.state() != CounterStats.State.RUNNING) {
            exchange.reply(answer(503, draining ? "draining" : Json.lower(stats.state()), stats)
                    .with("Retry-After", "1"));
        } else {
            exchange.reply(answer(200, failing ? "degraded" : "ready", stats));
        }
    }

    /** Somebody should look at it, but increments are taken all the same, or those that wait for the journal are not. */
    private static boolean hasTrouble(CounterStats.@Nullable Journal journal) {
        return journal != null && (journal.problem() != null || journal.unadoptable() != 0 || journal.forked() != 0);
    }

    private static Response answer(int status, String word, CounterStats stats) {
        return Response.of(status, Json.CONTENT_TYPE, Json.bytes(json -> {
                    json.writeStartObject();
                    json.writeStringField("status", word);
                    if (stats.stateMessage() != null) {
                        json.writeStringField("message", stats.stateMessage());
                    }
                    CounterStats.Journal journal = stats.journal();
                    if (journal != null && journal.problem() != null) {
                        json.writeStringField("journal", journal.problem());
                    }
                    json.writeNumberField("freshnessSeconds", StatsEndpoint.seconds(stats.freshness()));
                    json.writeEndObject();
                }))
                .with("Cache-Control", "no-store");
    }
}
