// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * The instances in a ledger, as of one moment of the database's.
 *
 * @param entries those that were asked for, the one seen last first
 * @param total how many there are
 * @param readAt the moment
 */
public record Instances(List<Instance> entries, long total, Instant readAt) {
    /** Copies the list. */
    public Instances {
        entries = List.copyOf(entries);
        Objects.requireNonNull(readAt, "readAt");
    }
}
