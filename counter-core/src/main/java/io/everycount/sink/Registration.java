// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.Objects;
import java.util.UUID;

/**
 * A claim to write one instance's records.
 *
 * @param instanceId whose records
 * @param ownerToken random for each claim; writes with an older token no longer apply
 * @param description who claims, for people who look at the ledger (host, process, version); at most
 *     200 characters
 */
public record Registration(UUID instanceId, UUID ownerToken, String description) {
    private static final int DESCRIPTION_CHARS_MAX = 200;

    /**
     * @throws IllegalArgumentException if the description is longer than 200 characters
     */
    public Registration {
        Objects.requireNonNull(instanceId, "instanceId");
        Objects.requireNonNull(ownerToken, "ownerToken");
        Objects.requireNonNull(description, "description");
        if (description.length() > DESCRIPTION_CHARS_MAX) {
            throw new IllegalArgumentException("description has " + description.length() + " characters; at most "
                    + DESCRIPTION_CHARS_MAX + " are allowed");
        }
    }
}
