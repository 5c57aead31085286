// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer. Immutable, so that one that is given often is made once; the server may keep what it prepares
 * for it.
 *
 * @param status 200 to 599
 * @param contentType of the body; null if it is empty
 * @param body not to be changed
 * @param headers beyond content type and length
 */
public record Response(int status, @Nullable String contentType, byte[] body, List<Header> headers) {
    /**
     * One header.
     *
     * @param name as it is to appear
     * @param value without line breaks
     */
    public record Header(String name, String value) {}

    private static final byte[] NOTHING = {};

    /** Takes copies of nothing. */
    public Response {
        headers = List.copyOf(headers);
    }

    /** An answer without a body. */
    public static Response of(int status) {
        return new Response(status, null, NOTHING, List.of());
    }

    /** An answer with a body. */
    public static Response of(int status, String contentType, byte[] body) {
        return new Response(status, contentType, body, List.of());
    }

    /** An answer with text, in UTF-8. */
    public static Response of(int status, String contentType, String body) {
        return of(status, contentType, body.getBytes(StandardCharsets.UTF_8));
    }

    /** The same with one more header. */
    public Response with(String name, String value) {
        List<Header> more = new ArrayList<>(headers);
        more.add(new Header(name, value));
        return new Response(status, contentType, body, more);
    }
}
