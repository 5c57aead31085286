// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

/** Answers the requests of one method and path. Thread-safe. */
public interface Endpoint {
    /** How long a body may be, in bytes; 0 if there must be none. */
    int bodyBytesMax();

    /**
     * Answers, now or later. Must not block: it runs on a thread that serves other connections, too.
     * What it throws is answered for it: a {@link ProblemException} by its problem, anything else with 500.
     */
    void handle(Exchange exchange);
}
