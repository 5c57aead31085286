// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.RejectedException;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Response;

/** The answers to increments that were not counted. */
final class Refusal {
    private static final String RETRY_SOON_SECONDS = "1";
    private static final String RETRY_LATER_SECONDS = "30";

    private Refusal() {}

    /** 422 if the caller has to change something; 503 if trying again is useful. Nothing was counted. */
    static Response of(RejectedException refused) {
        String detail = String.valueOf(refused.getMessage());
        Problem problem = switch (refused.reason()) {
            case INVALID_KEY -> Problem.of(422, "invalid-key", "Key not allowed", detail);
            case INVALID_DELTA -> Problem.of(422, "invalid-delta", "Delta not allowed", detail);
            case KEY_LIMIT, LARGE_DELTA_LIMIT, WAITER_LIMIT ->
                Problem.of(503, "overloaded", "A limit is reached", detail)
                        .withHeader("Retry-After", RETRY_SOON_SECONDS);
            case JOURNAL_UNAVAILABLE ->
                Problem.of(503, "journal-unavailable", "The journal takes nothing at the moment", detail)
                        .withHeader("Retry-After", RETRY_SOON_SECONDS);
            case CLOSED ->
                Problem.of(503, "stopping", "Shutting down", detail).withHeader("Retry-After", RETRY_SOON_SECONDS);
            case FENCED, FORKED, FAILED ->
                Problem.of(503, "stopped", "Not counting", detail).withHeader("Retry-After", RETRY_LATER_SECONDS);
        };
        if (refused.index().isPresent()) {
            problem = problem.with("index", refused.index().getAsInt());
        }
        return problem.with("counted", 0).toResponse();
    }
}
