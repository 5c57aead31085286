// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Endpoint;
import org.jspecify.annotations.Nullable;

/** Is told of each answer. Thread-safe; must be quick and not block: it runs on the threads that serve. */
public interface FrontListener {
    /** Ignores everything. */
    FrontListener NONE = (endpoint, method, status, nanos, bodyBytes, replyBytes) -> {};

    /**
     * A request was answered, or could not be because its client had gone.
     *
     * @param endpoint who answered; null if none was reached (no route, refused, malformed)
     * @param method as sent; {@code BAD} if the request line was not understood
     * @param status of the answer, also if the client had gone
     * @param nanos from the first byte of the request to the last of the answer, as far as the kernel took it; to the
     *     first of an answer in parts
     * @param bodyBytes of the request's body that were read
     * @param replyBytes of the answer's body
     */
    void answered(@Nullable Endpoint endpoint, String method, int status, long nanos, int bodyBytes, int replyBytes);
}
