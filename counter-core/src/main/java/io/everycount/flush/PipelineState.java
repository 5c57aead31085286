// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

/** Whether records move. */
public enum PipelineState {
    /** Records move, or will when the sink can be reached. */
    RUNNING,
    /** Closed by its user. */
    CLOSED,
    /** Somebody else has taken over this instance's ledger entry. */
    FENCED,
    /** The sink's ledger does not agree with this instance's own history. */
    FORKED,
    /** A defect or a lack of memory stopped the drainer. */
    FAILED
}
