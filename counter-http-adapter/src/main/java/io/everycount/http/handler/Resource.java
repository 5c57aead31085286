// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A file of ours, read once. Its tag is its hash, and caches ask whether it is still the same, so that files of two
 * versions are never mixed.
 */
final class Resource {
    private static final int TAG_BYTES = 16;

    private final String tag;
    private final Response response;
    private final Response notModified;

    /** @param name below {@code io/everycount/http} in the jar */
    Resource(String name, String contentType) {
        byte[] bytes = bytes(name);
        tag = "\"" + hash(bytes) + "\"";
        response = tagged(Response.of(200, contentType, bytes))
                .with("X-Content-Type-Options", "nosniff")
                .with("Cross-Origin-Resource-Policy", "same-origin");
        notModified = tagged(Response.of(304));
    }

    private Response tagged(Response plain) {
        return plain.with("ETag", tag).with("Cache-Control", "no-cache");
    }

    private static String hash(byte[] bytes) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(hash, 0, TAG_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
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
        String known = exchange.header("If-None-Match");
        exchange.reply(known != null && known.contains(tag) ? notModified : response);
    }
}
