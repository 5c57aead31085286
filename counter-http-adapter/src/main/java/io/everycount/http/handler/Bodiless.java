// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import java.util.function.Consumer;

/** An endpoint that takes no body. */
final class Bodiless implements Endpoint {
    private final Consumer<Exchange> answer;

    Bodiless(Consumer<Exchange> answer) {
        this.answer = answer;
    }

    @Override
    public int bodyBytesMax() {
        return 0;
    }

    @Override
    public void handle(Exchange exchange) {
        answer.accept(exchange);
    }
}
