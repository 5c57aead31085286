// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Response;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of replies. Those of a {@link Response} that is given again and again are encoded once.
 *
 * <p>A small table of instances, by identity. An instance gets in when it is met twice in a row in its slot, so
 * that responses made for one request pass by. Races only cost an encoding: entries are immutable, and whoever
 * reads one compares the instance.
 */
final class ReplyFields {
    private static final int SLOTS = 64;
    private static final int BODY_BYTES_MAX = 4 << 10;

    private record Entry(Response response, HttpField[] fields) {}

    private final @Nullable Entry[] entries = new @Nullable Entry[SLOTS];
    private final @Nullable Response[] candidates = new @Nullable Response[SLOTS];

    /** The fields of a response: its own, content type, content length. Not to be changed. */
    HttpField[] of(Response response) {
        int slot = System.identityHashCode(response) & SLOTS - 1;
        Entry entry = entries[slot];
        if (entry != null && entry.response == response) {
            return entry.fields;
        }
        if (candidates[slot] == response) {
            entry = new Entry(response, encode(response, true));
            entries[slot] = entry;
            return entry.fields;
        }
        if (response.body().length <= BODY_BYTES_MAX) {
            candidates[slot] = response;
        }
        return encode(response, false);
    }

    private static HttpField[] encode(Response response, boolean isKept) {
        boolean hasLength = response.status() != 204 && response.status() != 304;
        String type = response.contentType();
        HttpField[] fields = new HttpField[response.headers().size() + (type == null ? 0 : 1) + (hasLength ? 1 : 0)];
        int i = 0;
        if (type != null) {
            fields[i++] = field(HttpHeader.CONTENT_TYPE, HttpHeader.CONTENT_TYPE.asString(), type, isKept);
        }
        if (hasLength) {
            fields[i++] = new HttpField.LongValueHttpField(HttpHeader.CONTENT_LENGTH, response.body().length);
        }
        for (Response.Header header : response.headers()) {
            HttpHeader known = HttpHeader.CACHE.get(header.name());
            fields[i++] = field(known, header.name(), header.value(), isKept);
        }
        return fields;
    }

    private static HttpField field(@Nullable HttpHeader header, String name, String value, boolean isKept) {
        // Only the plain field is cleaned by Jetty when it is written.
        boolean isClean = isPrintable(name) && isPrintable(value);
        return isKept && isClean ? new PreEncodedHttpField(header, name, value) : new HttpField(header, name, value);
    }

    private static boolean isPrintable(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c <= '~');
    }
}
