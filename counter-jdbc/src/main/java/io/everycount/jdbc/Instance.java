// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.InstanceReport;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger has of one instance. Times are the database's.
 *
 * @param id its name in the ledger
 * @param description who registered it, as it said itself: its name and process
 * @param version of the library that it runs; null if that is too old to say
 * @param registeredAt when it was last registered
 * @param writtenAt when it last wrote; null if it never did
 * @param seenAt when it was last heard of: while it runs, every 30 seconds, or as seldom as it looks at the ledger when
 *     there is nothing to write
 * @param lastRecord up to which record the totals have it
 * @param report what it said of itself when it last wrote, or at {@code seenAt} if that is later; null if it is too old
 *     to say, or never did
 */
public record Instance(
        UUID id,
        String description,
        @Nullable String version,
        Instant registeredAt,
        @Nullable Instant writtenAt,
        Instant seenAt,
        long lastRecord,
        @Nullable InstanceReport report) {
    /** Refuses null where it is not allowed. */
    public Instance {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(registeredAt, "registeredAt");
        Objects.requireNonNull(seenAt, "seenAt");
    }
}
