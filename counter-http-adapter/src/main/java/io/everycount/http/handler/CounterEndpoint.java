// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Json;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Response;
import io.everycount.http.exchange.Shown;
import io.everycount.jdbc.Total;
import io.everycount.jdbc.Totals;

/** {@code GET /counters/{key}}: one total, and what this instance has counted that is not in it yet. */
final class CounterEndpoint {
    static final String PATH = "/counters/";

    private final Ledger ledger;
    private final Reads reads;

    CounterEndpoint(Ledger ledger, Reads reads) {
        this.ledger = ledger;
        this.reads = reads;
    }

    void answer(Exchange exchange) {
        MediaType.requireAccepted(exchange.header("Accept"), Json.CONTENT_TYPE);
        Query.of(exchange.query());
        String key = Query.decoded(exchange.path().substring(PATH.length()), "the path");
        reads.answer(exchange, () -> read(key));
    }

    private Response read(String key) {
        Ledger.Reading reading = ledger.read(key);
        Totals totals = reading.totals();
        if (totals.entries().isEmpty() && reading.pending() == 0) {
            throw Problem.of(
                            404,
                            "no-such-counter",
                            "No such counter",
                            "Nothing was ever counted for " + Shown.text(key) + ".")
                    .asException();
        }
        return Response.of(200, Json.CONTENT_TYPE, Json.bytes(json -> {
                    json.writeStartObject();
                    json.writeStringField("key", key);
                    json.writeNumberField("value", totals.value(key));
                    json.writeNumberField("pending", reading.pending());
                    for (Total total : totals.entries()) {
                        json.writeStringField("updatedAt", total.updatedAt().toString());
                    }
                    CountersEndpoint.writeFreshness(json, totals);
                    json.writeEndObject();
                }))
                .with("Cache-Control", "no-store");
    }
}
