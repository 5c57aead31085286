// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.IOException;

/** What became of a request that counts. */
enum Outcome {
    /** Counted: 200 or 202. */
    ACKNOWLEDGED,
    /** Not counted: refused by a complete answer, or never sent. */
    REJECTED,
    /** Counted or not: there was no complete answer, or one that does not say. */
    UNKNOWN;

    /**
     * By a complete answer. 4xx and our own 503 promise that nothing was counted. Others do not: a proxy
     * says 502, 503 or 504 also when it lost the answer to a request that was counted.
     *
     * @param isProblem whether it came as problem+json, as ours do
     */
    static Outcome of(int status, boolean isProblem) {
        if (status == 200 || status == 202) {
            return ACKNOWLEDGED;
        }
        return status >= 400 && status < 500 || status == 503 && isProblem ? REJECTED : UNKNOWN;
    }

    /** By what went wrong before there was a complete answer. */
    static Outcome of(IOException failure) {
        return failure instanceof PostConnection.NotSentException ? REJECTED : UNKNOWN;
    }
}
