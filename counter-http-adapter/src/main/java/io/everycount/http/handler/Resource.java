// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** A file of ours, read once. */
final class Resource {
    private final Response response;

    /** @param name below {@code io/everycount/http} in the jar */
    Resource(String name, String contentType) {
        response = Response.of(200, contentType, bytes(name)).with("Cache-Control", "max-age=60");
    }

    static byte[] bytes(String name) {
        try (InputStream in = Resource.class.getResourceAsStream("/io/everycount/http/" + name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing from the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name + " from the jar", e);
        }
    }

    void answer(Exchange exchange) {
        exchange.reply(response);
    }
}
