// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import com.fasterxml.jackson.core.JsonGenerator;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Json;
import io.everycount.http.exchange.Response;
import io.everycount.http.exchange.Shown;
import io.everycount.jdbc.CounterTotals;
import io.everycount.jdbc.Total;
import io.everycount.jdbc.Totals;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/** {@code GET /counters}: totals by key or by value, a page at a time. */
final class CountersEndpoint {
    private static final int LIMIT = 100;
    private static final int LIMIT_MAX = 1_000;

    private final CounterTotals totals;
    private final Reads reads;

    CountersEndpoint(CounterTotals totals, Reads reads) {
        this.totals = totals;
        this.reads = reads;
    }

    void answer(Exchange exchange) {
        MediaType.requireAccepted(exchange.header("Accept"), Json.CONTENT_TYPE);
        Query query = Query.of(exchange.query(), "prefix", "order", "limit", "after");
        String prefix = query.text("prefix");
        int limit = query.number("limit", LIMIT, 1, LIMIT_MAX);
        String order = query.text("order");
        String after = query.text("after");
        if (prefix.indexOf('\0') >= 0 || after.indexOf('\0') >= 0) {
            throw Query.bad("prefix and after cannot have a NUL character; no key has one.");
        }
        switch (order) {
            case "", "key" ->
                reads.answer(exchange, () -> page(totals.page(prefix, after, limit), prefix, "key", limit));
            case "value" -> {
                ValueCursor from = ValueCursor.parse(after);
                reads.answer(
                        exchange,
                        () -> page(
                                from == null
                                        ? totals.top(prefix, limit)
                                        : totals.top(prefix, from.value(), from.key(), limit),
                                prefix,
                                "value",
                                limit));
            }
            default -> throw Query.bad("order is " + Shown.text(order) + "; key and value are allowed.");
        }
    }

    private static Response page(Totals page, String prefix, String order, int limit) {
        List<Total> entries = page.entries();
        String next = null;
        if (entries.size() == limit) {
            Total last = entries.get(limit - 1);
            String after = order.equals("key") ? last.key() : new ValueCursor(last.value(), last.key()).text();
            next = "/counters?prefix=" + encoded(prefix) + "&order=" + order + "&limit=" + limit + "&after="
                    + encoded(after);
        }
        String link = next;
        Response response = Response.of(200, Json.CONTENT_TYPE, Json.bytes(json -> {
                    json.writeStartObject();
                    json.writeArrayFieldStart("counters");
                    for (Total total : entries) {
                        json.writeStartObject();
                        json.writeStringField("key", total.key());
                        json.writeNumberField("value", total.value());
                        json.writeStringField("updatedAt", total.updatedAt().toString());
                        json.writeEndObject();
                    }
                    json.writeEndArray();
                    writeFreshness(json, page);
                    if (link == null) {
                        json.writeNullField("next");
                    } else {
                        json.writeStringField("next", link);
                    }
                    json.writeEndObject();
                }))
                .with("Cache-Control", "no-store");
        return next == null ? response : response.with("Link", "<" + next + ">; rel=\"next\"");
    }

    /** When the totals were read, and how long before that any instance last wrote. */
    static void writeFreshness(JsonGenerator json, Totals totals) throws IOException {
        json.writeStringField("readAt", totals.readAt().toString());
        Duration age = totals.age();
        if (age == null) {
            json.writeNullField("ageSeconds");
        } else {
            json.writeNumberField("ageSeconds", StatsEndpoint.seconds(age));
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
