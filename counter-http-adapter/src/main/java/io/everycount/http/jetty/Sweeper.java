// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.EndPoint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends what takes too long, by looking at all connections every so often. That costs a request nothing but
 * noting what its connection does.
 */
final class Sweeper implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
    private static final long LINGER_NANOS_MAX = TimeUnit.SECONDS.toNanos(1);

    private final FrontConnector connector;
    private final FrontCounters counters;
    private final long requestNanos;
    private final long idleNanos;
    private final long lingerNanos;

    Sweeper(FrontConnector connector, FrontCounters counters, FrontSettings settings) {
        this.connector = connector;
        this.counters = counters;
        this.requestNanos = settings.requestTimeout().toNanos();
        this.idleNanos = settings.idleTimeout().toNanos();
        this.lingerNanos = Math.min(requestNanos, LINGER_NANOS_MAX);
    }

    /** How often to run. */
    long intervalNanos() {
        return Math.min(requestNanos, idleNanos) / 20;
    }

    @Override
    public void run() {
        for (EndPoint endPoint : connector.getConnectedEndPoints()) {
            try {
                sweep((FrontEndPoint) endPoint);
            } catch (Throwable e) {
                // Whatever it is, perhaps a lack of memory: the sweep has to come again.
                LOG.error("A connection could not be ended", e);
            }
        }
    }

    private void sweep(FrontEndPoint endPoint) {
        long seen = endPoint.state();
        long nanos = endPoint.forNanos(seen, System.nanoTime());
        switch (FrontEndPoint.phase(seen)) {
            case HEAD -> {
                if (nanos > (endPoint.isSurplus() ? lingerNanos : requestNanos) && endPoint.cut(seen, false)) {
                    counters.slowHeads.increment();
                }
            }
            case BODY -> late(endPoint, seen, nanos > requestNanos);
            case LINGER -> late(endPoint, seen, nanos > lingerNanos);
            case REPLY -> {
                if (nanos > requestNanos && endPoint.cut(seen, true)) {
                    counters.slowReaders.increment();
                }
            }
            case CLOSING -> {
                if (nanos > lingerNanos) {
                    endPoint.cut(seen, false);
                }
            }
            case IDLE -> {
                if (nanos > idleNanos) {
                    endPoint.cut(seen, false);
                }
            }
            case HANDLING, CUT -> {
                // An endpoint answers at its leisure; what is cut is being closed.
            }
        }
    }

    /** The exchange ends it, on this thread, if it waits; else the next sweep asks again. */
    private static void late(FrontEndPoint endPoint, long seen, boolean isLate) {
        ServerExchange exchange = isLate ? endPoint.exchange(seen) : null;
        if (exchange != null) {
            exchange.late();
        }
    }
}
