// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Response;
import io.everycount.http.metrics.Metrics;

/** {@code GET /metrics}: Prometheus' text format, or OpenMetrics if it is asked for. */
final class MetricsEndpoint {
    private final Metrics metrics;

    MetricsEndpoint(Metrics metrics) {
        this.metrics = metrics;
    }

    void answer(Exchange exchange) {
        Metrics.Scrape scrape = metrics.scrape(exchange.header("Accept"));
        exchange.reply(Response.of(200, scrape.contentType(), scrape.body()));
    }
}
