// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import com.fasterxml.jackson.core.JsonGenerator;
import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.RejectedException;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Json;
import io.everycount.http.exchange.Response;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code GET /stats}: what this instance has counted and what became of it. */
final class StatsEndpoint {
    private final CounterCache cache;
    private final String name;

    StatsEndpoint(CounterCache cache, String name) {
        this.cache = cache;
        this.name = name;
    }

    void answer(Exchange exchange) {
        MediaType.requireAccepted(exchange.header("Accept"), Json.CONTENT_TYPE);
        Query.of(exchange.query());
        CounterStats stats = cache.stats();
        exchange.reply(Response.of(200, Json.CONTENT_TYPE, Json.bytes(json -> write(json, stats)))
                .with("Cache-Control", "no-store"));
    }

    private void write(JsonGenerator json, CounterStats stats) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", name);
        json.writeStringField("instance", stats.instanceId().toString());
        json.writeStringField("state", Json.lower(stats.state()));
        Json.text(json, "stateMessage", stats.stateMessage());
        json.writeNumberField("accepted", stats.accepted());
        json.writeNumberField("persisted", stats.persisted());
        json.writeNumberField("quarantined", stats.quarantined());
        json.writeNumberField("lost", stats.lost());
        json.writeNumberField("pending", stats.pending());
        json.writeNumberField("pendingKeys", stats.pendingKeys());
        json.writeNumberField("pendingBytes", stats.pendingBytes());
        json.writeNumberField("maxPendingBytes", stats.maxPendingBytes());
        json.writeNumberField("retainedBytes", stats.retainedBytes());
        json.writeNumberField("lastRecord", stats.lastRecord());
        json.writeNumberField("appliedRecord", stats.appliedRecord());
        json.writeNumberField("freshnessSeconds", seconds(stats.freshness()));
        json.writeNumberField("drains", stats.drains());
        json.writeNumberField("keysInUse", stats.keysInUse());
        json.writeNumberField("maxKeys", stats.maxKeys());
        json.writeNumberField("crowdedTables", stats.crowdedTables());
        json.writeNumberField("waiters", stats.waiters());
        json.writeNumberField("overflowed", stats.overflowed());
        json.writeObjectFieldStart("rejected");
        for (Map.Entry<RejectedException.Reason, Long> reason : stats.rejected().entrySet()) {
            json.writeNumberField(Json.lower(reason.getKey()), reason.getValue());
        }
        json.writeEndObject();
        writeJournal(json, stats.journal());
        json.writeArrayFieldStart("sinks");
        for (CounterStats.Sink sink : stats.sinks()) {
            json.writeStartObject();
            json.writeStringField("name", sink.name());
            json.writeStringField("instance", sink.instanceId().toString());
            json.writeBooleanField("required", sink.required());
            json.writeStringField("state", Json.lower(sink.state()));
            json.writeBooleanField("failing", sink.failing());
            Json.text(json, "lastError", sink.lastError());
            json.writeNumberField("quarantined", sink.quarantined());
            json.writeNumberField("quarantinedEntries", sink.quarantinedEntries());
            json.writeNumberField("lost", sink.lost());
            json.writeNumberField("gaps", sink.gaps());
            json.writeNumberField("appliedRecord", sink.appliedRecord());
            json.writeNumberField("batches", sink.batches());
            json.writeNumberField("retries", sink.retries());
            json.writeNumberField("rewinds", sink.rewinds());
            json.writeNumberField("replayedRecords", sink.replayedRecords());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeJournal(JsonGenerator json, CounterStats.@Nullable Journal journal) throws IOException {
        if (journal == null) {
            json.writeNullField("journal");
            return;
        }
        json.writeObjectFieldStart("journal");
        json.writeStringField("directory", journal.directory().toString());
        json.writeNumberField("bytes", journal.bytes());
        json.writeNumberField("maxBytes", journal.maxBytes());
        json.writeNumberField("segments", journal.segments());
        json.writeNumberField("commits", journal.commits());
        json.writeNumberField("lastCommitSeconds", journal.lastCommit().toNanos() / 1e9);
        json.writeNumberField("slowestCommitSeconds", journal.slowestCommit().toNanos() / 1e9);
        json.writeNumberField("poisonedSegments", journal.poisonedSegments());
        Json.text(json, "problem", journal.problem());
        json.writeNumberField("adopted", journal.adopted());
        json.writeNumberField("adopting", journal.adopting());
        json.writeNumberField("unadoptable", journal.unadoptable());
        json.writeNumberField("forked", journal.forked());
        json.writeEndObject();
    }

    static double seconds(Duration duration) {
        return duration.toMillis() / 1e3;
    }
}
