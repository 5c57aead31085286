// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.live;

import com.fasterxml.jackson.core.JsonGenerator;
import io.everycount.CounterStats;
import io.everycount.http.exchange.Json;
import io.everycount.jdbc.Instance;
import io.everycount.jdbc.Instances;
import io.everycount.jdbc.Total;
import io.everycount.sink.InstanceReport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Events as a page gets them. Sums and totals are texts, as a browser's numbers end at 2^53; times are milliseconds, and
 * those of the database are ages, so that nobody compares two clocks.
 */
final class EventJson {
    private EventJson() {}

    /** An event with data. */
    static byte[] event(String name, Json.Writer data) {
        // Json ends with a line feed; a second one ends the event.
        return joined(("event: " + name + "\ndata: ").getBytes(StandardCharsets.US_ASCII), Json.bytes(data), "\n");
    }

    private static byte[] joined(byte[] head, byte[] data, String end) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(head.length + data.length + end.length());
        out.writeBytes(head);
        out.writeBytes(data);
        out.writeBytes(end.getBytes(StandardCharsets.US_ASCII));
        return out.toByteArray();
    }

    /** This instance. */
    static byte[] now(String name, CounterStats stats, FlushTimes.@Nullable Quantiles flushes) {
        return event("now", json -> {
            json.writeStartObject();
            json.writeStringField("name", name);
            json.writeStringField("instance", stats.instanceId().toString());
            json.writeStringField("state", Json.lower(stats.state()));
            Json.text(json, "stateMessage", stats.stateMessage());
            json.writeStringField("accepted", Long.toString(stats.accepted()));
            json.writeStringField("persisted", Long.toString(stats.persisted()));
            json.writeStringField("pending", Long.toString(stats.pending()));
            json.writeStringField("quarantined", Long.toString(stats.quarantined()));
            json.writeStringField("lost", Long.toString(stats.lost()));
            json.writeNumberField("freshnessMillis", stats.freshness().toMillis());
            json.writeNumberField("keysInUse", stats.keysInUse());
            json.writeNumberField("pendingBytes", stats.pendingBytes());
            json.writeNumberField("waiters", stats.waiters());
            json.writeNumberField(
                    "rejected",
                    stats.rejected().values().stream()
                            .mapToLong(Long::longValue)
                            .sum());
            flushes(json, flushes);
            sinks(json, stats);
            journal(json, stats.journal());
            json.writeEndObject();
        });
    }

    private static void flushes(JsonGenerator json, FlushTimes.@Nullable Quantiles flushes) throws IOException {
        if (flushes == null) {
            json.writeNullField("flushes");
            return;
        }
        json.writeObjectFieldStart("flushes");
        json.writeNumberField("count", flushes.count());
        json.writeNumberField("p50Millis", flushes.p50Nanos() / 1e6);
        json.writeNumberField("p99Millis", flushes.p99Nanos() / 1e6);
        json.writeEndObject();
    }

    private static void sinks(JsonGenerator json, CounterStats stats) throws IOException {
        json.writeArrayFieldStart("sinks");
        for (CounterStats.Sink sink : stats.sinks()) {
            json.writeStartObject();
            json.writeStringField("name", sink.name());
            json.writeBooleanField("required", sink.required());
            json.writeBooleanField("failing", sink.failing());
            json.writeNumberField("batches", sink.batches());
            json.writeNumberField("retries", sink.retries());
            json.writeNumberField("rewinds", sink.rewinds());
            Json.text(json, "lastError", sink.lastError());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void journal(JsonGenerator json, CounterStats.@Nullable Journal journal) throws IOException {
        if (journal == null) {
            json.writeNullField("journal");
            return;
        }
        json.writeObjectFieldStart("journal");
        json.writeStringField("directory", journal.directory().toString());
        json.writeNumberField("bytes", journal.bytes());
        json.writeNumberField("segments", journal.segments());
        json.writeNumberField("commits", journal.commits());
        json.writeNumberField("lastCommitMillis", journal.lastCommit().toNanos() / 1e6);
        json.writeNumberField("slowestCommitMillis", journal.slowestCommit().toNanos() / 1e6);
        Json.text(json, "problem", journal.problem());
        json.writeNumberField("adopting", journal.adopting());
        json.writeNumberField("unadoptable", journal.unadoptable());
        json.writeNumberField("forked", journal.forked());
        json.writeEndObject();
    }

    /** The database. */
    static byte[] database(DatabaseLook look) {
        return event("database", json -> {
            json.writeStartObject();
            Json.text(json, "problem", look.problem());
            json.writeNumberField("tookMillis", look.tookNanos() / 1e6);
            json.writeBooleanField("behind", look.behind());
            Instances instances = look.instances();
            if (instances != null) {
                json.writeNumberField("instanceCount", instances.total());
                json.writeArrayFieldStart("instances");
                for (Instance instance : instances.entries()) {
                    instance(json, instance, instances.readAt());
                }
                json.writeEndArray();
                json.writeArrayFieldStart("counters");
                for (Total total : look.greatest()) {
                    json.writeStartObject();
                    json.writeStringField("key", total.key());
                    json.writeStringField("value", Long.toString(total.value()));
                    json.writeEndObject();
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        });
    }

    private static void instance(JsonGenerator json, Instance instance, Instant readAt) throws IOException {
        json.writeStartObject();
        json.writeStringField("instance", instance.id().toString());
        json.writeStringField("description", instance.description());
        Json.text(json, "version", instance.version());
        json.writeNumberField("seenMillisAgo", millisBetween(instance.seenAt(), readAt));
        Instant writtenAt = instance.writtenAt();
        if (writtenAt == null) {
            json.writeNullField("writtenMillisAgo");
        } else {
            json.writeNumberField("writtenMillisAgo", millisBetween(writtenAt, readAt));
        }
        InstanceReport report = instance.report();
        Json.text(json, "accepted", report == null ? null : Long.toString(report.accepted()));
        Json.text(json, "pending", report == null ? null : Long.toString(report.pending()));
        if (report == null) {
            json.writeNullField("freshnessMillis");
        } else {
            json.writeNumberField("freshnessMillis", report.freshness().toMillis());
        }
        json.writeEndObject();
    }

    /** Never negative: a read can see what a later transaction wrote. */
    private static long millisBetween(Instant from, Instant to) {
        return Math.max(0, Duration.between(from, to).toMillis());
    }
}
