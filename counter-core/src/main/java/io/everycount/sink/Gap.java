// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.Objects;
import java.util.UUID;

/**
 * Records that can no longer be written: the store went back in time further than they were retained.
 *
 * @param instanceId whose records
 * @param ownerToken the token of the registration that declares this
 * @param from the mark the store has
 * @param to the mark that it moves to; records after {@code from} up to and including {@code to} are lost
 * @param deltaSum the sum of the lost records' deltas, modulo 2^64
 */
public record Gap(UUID instanceId, UUID ownerToken, Mark from, Mark to, long deltaSum) {
    /**
     * @throws IllegalArgumentException if {@code to} is not after {@code from}
     */
    public Gap {
        Objects.requireNonNull(instanceId, "instanceId");
        Objects.requireNonNull(ownerToken, "ownerToken");
        if (to.record() <= from.record()) {
            throw new IllegalArgumentException("a gap from " + from + " to " + to + " is empty");
        }
    }
}
