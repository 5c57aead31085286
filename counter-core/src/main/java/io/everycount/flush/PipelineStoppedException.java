// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

/** Ends whatever waits on a pipeline that will not move any more. */
public final class PipelineStoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final PipelineState state;

    PipelineStoppedException(PipelineState state, String message) {
        super(message, null, false, false);
        this.state = state;
    }

    /** Why it stopped. */
    public PipelineState state() {
        return state;
    }
}
