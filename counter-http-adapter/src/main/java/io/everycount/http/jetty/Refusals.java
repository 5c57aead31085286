// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Response;

/** The answers that the server gives itself. */
final class Refusals {
    static final Response TOO_MANY_CONNECTIONS = Problem.of(
                    503, "too-many-connections", "Too many connections", "This server has as many as it takes.")
            .withHeader("Retry-After", "1")
            .toResponse();
    static final Response TOO_MANY_BODIES = Problem.of(
                    503, "busy", "Busy", "Request bodies take all the memory that they may; nothing was counted.")
            .withHeader("Retry-After", "1")
            .toResponse();
    static final Response SLOW_BODY = Problem.of(
                    408, "slow-body", "Body took too long", "The body did not come in within the time limit.")
            .toResponse();
    static final Response BROKEN_BODY = Problem.of(
                    400, "broken-body", "Broken body", "The body ended early, or its chunks are not well-formed.")
            .toResponse();
    static final Response CHUNKED_IN_HTTP_1_0 = Problem.of(
                    400, "malformed-request", "Malformed request", "HTTP/1.0 has no Transfer-Encoding.")
            .toResponse();
    static final Response TRANSFER_CODING = Problem.of(
                    501,
                    "transfer-coding",
                    "Transfer coding not supported",
                    "Transfer-Encoding may be chunked and nothing else; nothing was counted.")
            .toResponse();
    static final Response CONTENT_ENCODING = Problem.of(
                    415,
                    "content-encoding",
                    "Content-Encoding not supported",
                    "Bodies are taken as they are: identity.")
            .withHeader("Accept-Encoding", "identity")
            .toResponse();
    static final Response FAILED = Problem.of(500, "internal", "Internal error", "The server's log says more.")
            .toResponse();

    private Refusals() {}

    static Response uriTooLong(int given, int allowed) {
        return Problem.of(
                        414,
                        "uri-too-long",
                        "URI too long",
                        "The target has " + given + " characters; allowed: " + allowed + ".")
                .toResponse();
    }

    static Response bodyTooLarge(long given, int allowed) {
        String detail = allowed == 0
                ? "This takes no body."
                : "The body has " + (given < 0 ? "more" : given + " bytes") + "; allowed: " + allowed + " bytes.";
        return Problem.of(413, "body-too-large", "Body too large", detail)
                .with("bodyBytesMax", allowed)
                .toResponse();
    }
}
