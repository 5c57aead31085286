// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.body.BodyException;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.RequestHead;

/** What the endpoints that take increments have in common. */
final class Bodies {
    private Bodies() {}

    /** Increments come in the body alone: what is in an address is logged, cached and sent again by others. */
    static void requireNoQuery(RequestHead head) {
        if (head.query() != null) {
            throw Problem.of(
                            400,
                            "query-not-allowed",
                            "Query not allowed",
                            "There is a query in the address; increments are taken from the body alone.")
                    .asException();
        }
    }

    /** 400, or 413: not what its type says, or too much of it. Nothing was counted. */
    static RuntimeException malformed(BodyException e) {
        if (e.isTooMany()) {
            return Problem.of(
                            413, "too-many-increments", "Too many increments", e.getMessage() + "; nothing was counted")
                    .with("counted", 0)
                    .asException();
        }
        Problem problem = Problem.of(
                        400, "malformed-body", "Body not understood", e.getMessage() + "; nothing was counted")
                .with("counted", 0)
                .with("offset", e.offset());
        return (e.index() < 0 ? problem : problem.with("index", e.index())).asException();
    }
}
