// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a read of totals found, as of one moment, and how fresh that is. Times are the database's.
 *
 * @param entries the totals, in the order that was asked for; keys never written are not among them
 * @param readAt the moment
 * @param flushedAt when any instance last wrote; null if none ever did
 */
public record Totals(
        List<Total> entries, Instant readAt, @Nullable Instant flushedAt) {
    /** Copies the list. */
    public Totals {
        entries = List.copyOf(entries);
        Objects.requireNonNull(readAt, "readAt");
    }

    /** A key's total; 0 for a key that is not among the entries. */
    public long value(String key) {
        for (Total entry : entries) {
            if (entry.key().equals(key)) {
                return entry.value();
            }
        }
        return 0;
    }

    /** How long before the read any instance last wrote; null if none ever did. */
    public @Nullable Duration age() {
        return flushedAt == null ? null : Duration.between(flushedAt, readAt);
    }
}
