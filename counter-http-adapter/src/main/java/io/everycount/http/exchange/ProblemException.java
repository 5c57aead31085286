// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

/** Ends the handling of a request with a problem. Has no stack trace: it is the caller's mistake, not ours. */
public final class ProblemException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    /** A request that is answered with this. */
    public ProblemException(Problem problem) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    /** The answer. */
    public Problem problem() {
        return problem;
    }
}
