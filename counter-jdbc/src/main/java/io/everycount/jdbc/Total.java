// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.time.Instant;
import java.util.Objects;

/**
 * One counter's total.
 *
 * @param key the counter's key
 * @param value everything counted for it that has been written, less what is in quarantine
 * @param updatedAt when a write last changed it, by the database's clock
 */
public record Total(String key, long value, Instant updatedAt) {
    /** Refuses null components. */
    public Total {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(updatedAt, "updatedAt");
    }
}
