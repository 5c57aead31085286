// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a read of totals found, as of one moment, and how fresh that is. Times are the database's.
 *
 * @param entries the totals, in the order that was asked for; keys never written are not among them
 * @param readAt the moment
 * @param flushedAt when any instance last wrote; null if none ever did
 * @param appliedRecord the last record of the instance asked about that these totals have; empty if none was asked
 *     about, or the ledger does not know it
 */
public record Totals(
        List<Total> entries, Instant readAt, @Nullable Instant flushedAt, OptionalLong appliedRecord) {
    /** Copies the list. */
    public Totals {
        entries = List.copyOf(entries);
        Objects.requireNonNull(readAt, "readAt");
        Objects.requireNonNull(appliedRecord, "appliedRecord");
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
