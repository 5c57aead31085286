// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.CounterCache;
import io.everycount.http.exchange.Problem;
import io.everycount.jdbc.CounterTotals;
import io.everycount.jdbc.Totals;
import java.util.List;
import java.util.OptionalLong;

/** Totals beside what this instance has counted that is not in them, so that nothing shows twice. Thread-safe. */
final class Ledger {
    private static final int ATTEMPTS = 3;

    private final CounterCache cache;
    private final CounterTotals totals;

    Ledger(CounterCache cache, CounterTotals totals) {
        this.cache = cache;
        this.totals = totals;
    }

    /**
     * A key's total and what is missing from it.
     *
     * @param totals as the database has them
     * @param pending the sum of deltas counted by this instance that are not in them
     */
    record Reading(Totals totals, long pending) {}

    /** Reads both. What the cache is asked for depends on how far the database is, so the database is first. */
    Reading read(String key) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Totals read = totals.get(List.of(key), cache.instanceId());
            OptionalLong pending = cache.pending(key, read.appliedRecord().orElse(0));
            if (pending.isPresent()) {
                return new Reading(read, pending.getAsLong());
            }
        }
        throw Problem.of(
                        503,
                        "pending-unknown",
                        "Pending not known",
                        "The database is further behind than this instance remembers, or the cache is too busy to be read.")
                .withHeader("Retry-After", "1")
                .asException();
    }
}
