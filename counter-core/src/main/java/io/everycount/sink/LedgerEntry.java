// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.Objects;
import java.util.UUID;

/**
 * What a sink's ledger holds for one instance.
 *
 * @param storeId identifies the store as a whole (for a database: drawn once, when its schema was
 *     created); an instance never writes to a store with another id than the first it met
 * @param ownerToken the token of the latest registration
 * @param mark up to where the instance's records have been applied
 */
public record LedgerEntry(UUID storeId, UUID ownerToken, Mark mark) {
    /** Refuses null components. */
    public LedgerEntry {
        Objects.requireNonNull(storeId, "storeId");
        Objects.requireNonNull(ownerToken, "ownerToken");
        Objects.requireNonNull(mark, "mark");
    }
}
