// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.AckLevel;
import io.everycount.CounterCache;
import io.everycount.Increments;
import io.everycount.RejectedException;
import io.everycount.http.body.BodyException;
import io.everycount.http.body.FormBody;
import io.everycount.http.body.JsonBody;
import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Shown;
import io.everycount.http.metrics.Traffic;
import java.util.concurrent.CompletionStage;

/** {@code POST /increment}: one key. */
final class IncrementEndpoint implements Endpoint {
    private static final String TAKES = MediaType.FORM + ", " + MediaType.JSON;

    /** The longest key, each of its bytes escaped, and some room around it. */
    private static final int BODY_BYTES_MAX = 16 << 10;

    private final CounterCache cache;
    private final Acknowledgement acknowledgement;
    private final Traffic traffic;
    private final ThreadLocal<Increments> parsed = ThreadLocal.withInitial(Increments::new);

    IncrementEndpoint(CounterCache cache, Acknowledgement acknowledgement, Traffic traffic) {
        this.cache = cache;
        this.acknowledgement = acknowledgement;
        this.traffic = traffic;
    }

    @Override
    public int bodyBytesMax() {
        return BODY_BYTES_MAX;
    }

    @Override
    public void handle(Exchange exchange) {
        Bodies.requireNoQuery(exchange);
        Prefer prefer = Prefer.of(exchange.header("Prefer"));
        String contentType = exchange.header("Content-Type");
        byte[] body = exchange.body();
        Increments one = parsed.get().over(body);
        try {
            // The two usual ones, without taking them apart.
            if (MediaType.JSON.equals(contentType)) {
                JsonBody.parseOne(body, 0, exchange.bodyLength(), one);
            } else if (MediaType.FORM.equals(contentType)) {
                FormBody.parse(body, 0, exchange.bodyLength(), one);
            } else {
                switch (MediaType.ofBody(contentType, TAKES)) {
                    case MediaType.JSON -> JsonBody.parseOne(body, 0, exchange.bodyLength(), one);
                    case MediaType.FORM -> FormBody.parse(body, 0, exchange.bodyLength(), one);
                    default ->
                        throw MediaType.unsupported(
                                "The Content-Type was " + Shown.text(String.valueOf(contentType)), TAKES);
                }
            }
            AckLevel level = acknowledgement.level(prefer);
            if (level != AckLevel.MEMORY) {
                CompletionStage<Void> confirmed =
                        cache.addAsync(body, one.offset(0), one.length(0), one.delta(0), level);
                traffic.counted(1);
                acknowledgement.replyWhenConfirmed(exchange, confirmed, level, prefer, 1);
            } else {
                cache.add(body, one.offset(0), one.length(0), one.delta(0));
                traffic.counted(1);
                exchange.reply(Acknowledgement.inMemory(1));
            }
        } catch (BodyException e) {
            throw Bodies.malformed(e);
        } catch (RejectedException e) {
            exchange.reply(Refusal.of(e));
        }
    }
}
