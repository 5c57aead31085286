// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.time.Instant;
import java.util.UUID;

/**
 * A delta in quarantine that nobody has resolved yet.
 *
 * @param id ascending in the order of arrival
 * @param key the counter's key
 * @param delta the amount that is not in the total
 * @param reason what the database said
 * @param instanceId whose batch it was in
 * @param record the last record of that batch
 * @param quarantinedAt when, by the database's clock
 */
public record HeldDelta(
        long id, String key, long delta, String reason, UUID instanceId, long record, Instant quarantinedAt) {}
