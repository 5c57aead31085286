// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.Objects;

/**
 * A key's delta that the store refuses although the rest of the batch applies; it is kept beside the
 * totals, with the reason, for an operator to decide on.
 *
 * @param key the counter's key
 * @param delta the amount that is not in the total
 * @param reason what the store said
 */
public record QuarantinedEntry(String key, long delta, String reason) {
    /** Refuses null components. */
    public QuarantinedEntry {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(reason, "reason");
    }
}
