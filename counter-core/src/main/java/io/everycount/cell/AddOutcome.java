// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

/** What became of an addition. Only {@link #COUNTED} changed anything. */
public enum AddOutcome {
    /** It is in a cell, and in the next drain at the latest. */
    COUNTED,
    /** Nothing is taken any more. */
    CLOSED,
    /** The key is not in use, and as many keys as allowed are. */
    KEY_LIMIT,
    /** As many additions beyond the range of a cell as allowed wait for a drain. */
    LARGE_LIMIT,
    /** The key breaks {@link KeyRules}. */
    INVALID_KEY
}
