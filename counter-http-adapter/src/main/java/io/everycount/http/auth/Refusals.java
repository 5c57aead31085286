// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the log of credentials that were refused, with a reason that the caller is not given: at most one
 * line in ten seconds, so that whoever sends many cannot fill it. Thread-safe, without locks.
 */
final class Refusals {
    private static final Logger LOG = LoggerFactory.getLogger(Gatekeeper.class);
    private static final long QUIET_NANOS = 10_000_000_000L;

    private final LongAdder refused = new LongAdder();
    private final AtomicLong toldNanos;

    /** @param nowNanos of a monotonic clock */
    Refusals(long nowNanos) {
        toldNanos = new AtomicLong(nowNanos - QUIET_NANOS);
    }

    /**
     * Counts one more, and tells if it is time.
     *
     * @param why without any secret
     */
    void tell(String remoteAddress, Supplier<String> why, long nowNanos) {
        refused.increment();
        long told = toldNanos.get();
        if (nowNanos - told >= QUIET_NANOS && toldNanos.compareAndSet(told, nowNanos)) {
            LOG.warn(
                    "refused {} API key(s) since the last such line; the latest, from {}: {}",
                    refused.sumThenReset(),
                    remoteAddress,
                    why.get());
        }
    }
}
