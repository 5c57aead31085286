// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

/** Chooses who answers a request, before its body is read. Thread-safe; must not block. */
public interface Routes {
    /**
     * Who answers.
     *
     * @throws ProblemException if nobody does, or the caller may not ask
     */
    Endpoint route(RequestHead head);
}
