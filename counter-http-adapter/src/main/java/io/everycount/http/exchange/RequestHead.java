// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

import org.jspecify.annotations.Nullable;

/** What is known of a request before its body: all that routing and access decisions look at. */
public interface RequestHead {
    /** As sent: {@code GET}, {@code POST}. */
    String method();

    /** As sent, still percent-encoded, without the query. */
    String path();

    /** What comes after the question mark, as sent; null if there is none. */
    @Nullable
    String query();

    /**
     * The value of a header; of several lines all values, in one list, with commas.
     *
     * @param name in any case
     * @return null if there is none
     */
    @Nullable
    String header(String name);

    /** The address that the request came from, without a port. */
    String remoteAddress();

    /** Whether it came over TLS. */
    boolean isSecure();
}
