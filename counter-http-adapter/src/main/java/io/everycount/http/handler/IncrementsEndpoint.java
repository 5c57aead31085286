// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.AckLevel;
import io.everycount.CounterCache;
import io.everycount.Increments;
import io.everycount.RejectedException;
import io.everycount.http.body.BodyException;
import io.everycount.http.body.JsonBody;
import io.everycount.http.body.NdjsonBody;
import io.everycount.http.body.TextBody;
import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Shown;
import io.everycount.http.metrics.Traffic;
import java.util.concurrent.CompletionStage;

/** {@code POST /increments}: many keys, all of them or none. */
final class IncrementsEndpoint implements Endpoint {
    private static final String TAKES = MediaType.JSON + ", " + MediaType.NDJSON + ", " + MediaType.TEXT;

    /** Longer lists are not kept for the next request. */
    private static final int KEPT_MAX = 10_000;

    private final CounterCache cache;
    private final Acknowledgement acknowledgement;
    private final Traffic traffic;
    private final int bodyBytesMax;
    private final int incrementsMax;
    private final ThreadLocal<Increments> lists = ThreadLocal.withInitial(Increments::new);

    IncrementsEndpoint(
            CounterCache cache, Acknowledgement acknowledgement, Traffic traffic, int bodyBytesMax, int incrementsMax) {
        this.cache = cache;
        this.acknowledgement = acknowledgement;
        this.traffic = traffic;
        this.bodyBytesMax = bodyBytesMax;
        this.incrementsMax = incrementsMax;
    }

    @Override
    public int bodyBytesMax() {
        return bodyBytesMax;
    }

    @Override
    public void handle(Exchange exchange) {
        Bodies.requireNoQuery(exchange);
        Prefer prefer = Prefer.of(exchange.header("Prefer"));
        String contentType = exchange.header("Content-Type");
        byte[] body = exchange.body();
        int length = exchange.bodyLength();
        Increments increments = lists.get().over(body);
        try {
            switch (MediaType.ofBody(contentType, TAKES)) {
                case MediaType.JSON -> JsonBody.parseMany(body, 0, length, incrementsMax, increments);
                case MediaType.NDJSON, "application/jsonl" ->
                    NdjsonBody.parse(body, 0, length, incrementsMax, increments);
                case MediaType.TEXT -> TextBody.parse(body, 0, length, incrementsMax, increments);
                default ->
                    throw MediaType.unsupported(
                            "The Content-Type was " + Shown.text(String.valueOf(contentType)), TAKES);
            }
            AckLevel level = acknowledgement.level(prefer);
            if (level != AckLevel.MEMORY) {
                CompletionStage<Void> confirmed = cache.addAllAsync(increments, level);
                traffic.counted(increments.size());
                acknowledgement.replyWhenConfirmed(exchange, confirmed, level, prefer, increments.size());
            } else {
                cache.addAll(increments);
                traffic.counted(increments.size());
                exchange.reply(Acknowledgement.inMemory(increments.size()));
            }
        } catch (BodyException e) {
            throw Bodies.malformed(e);
        } catch (RejectedException e) {
            exchange.reply(Refusal.of(e));
        } finally {
            if (increments.size() > KEPT_MAX) {
                lists.remove();
            } else {
                increments.over(NOTHING);
            }
        }
    }

    private static final byte[] NOTHING = {};
}
