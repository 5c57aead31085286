// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.live;

import io.everycount.CounterStats;
import io.everycount.jdbc.CounterTotals;
import io.everycount.jdbc.Instance;
import io.everycount.jdbc.Instances;
import io.everycount.jdbc.Total;
import io.everycount.sink.SinkException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the database had at one moment, or that it did not answer. Immutable.
 *
 * @param problem null if it was read
 * @param instances those seen last; null if it was not read
 * @param greatest the greatest totals, greatest first
 * @param behind whether its ledger had this instance at an earlier record than it had been known to have before it was
 *     read: it went back in time
 * @param tookNanos how long the read took
 * @param worked whether the database was at work all that time, and not merely waited for
 */
record DatabaseLook(
        @Nullable String problem,
        @Nullable Instances instances,
        List<Total> greatest,
        boolean behind,
        long tookNanos,
        boolean worked) {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseLook.class);
    private static final int INSTANCES_MAX = 100;
    private static final int COUNTERS_MAX = 50;
    private static final String CANCELLED = "57014";
    private static final long REST_NANOS_MIN = TimeUnit.SECONDS.toNanos(2);

    /** A read that takes long is not repeated before so many times as long. */
    private static final int REST = 10;

    /**
     * Looks. Takes as long as the database does.
     *
     * @param before as of a moment before this call
     */
    static DatabaseLook of(CounterTotals totals, CounterStats before) {
        Map<UUID, Long> applied = new HashMap<>();
        before.sinks().forEach(sink -> applied.put(sink.instanceId(), sink.appliedRecord()));
        long began = System.nanoTime();
        try {
            Instances instances = totals.instances(INSTANCES_MAX);
            List<Total> greatest = totals.top("", COUNTERS_MAX).entries();
            boolean behind = instances.entries().stream().anyMatch(instance -> isBehind(instance, applied));
            return new DatabaseLook(null, instances, greatest, behind, System.nanoTime() - began, true);
        } catch (SinkException e) {
            LOG.debug("the database could not be read for the page", e);
            long took = System.nanoTime() - began;
            return isCancelled(e)
                    ? new DatabaseLook("The database took too long to read.", null, List.of(), false, took, true)
                    : failed("The database did not answer.", took);
        } catch (RuntimeException | Error e) {
            LOG.error("the database could not be read for the page", e);
            return failed("The database could not be read; the server's log says why.", System.nanoTime() - began);
        }
    }

    static DatabaseLook failed(String problem, long tookNanos) {
        return new DatabaseLook(problem, null, List.of(), false, tookNanos, false);
    }

    private static boolean isCancelled(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof SQLException sql && CANCELLED.equals(sql.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    /** For how long not to look again. */
    long restNanos() {
        return worked ? Math.max(REST_NANOS_MIN, REST * tookNanos) : REST_NANOS_MIN;
    }

    private static boolean isBehind(Instance instance, Map<UUID, Long> applied) {
        return instance.lastRecord() < applied.getOrDefault(instance.id(), 0L);
    }
}
