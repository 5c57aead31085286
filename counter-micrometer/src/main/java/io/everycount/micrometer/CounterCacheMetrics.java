// SPDX-License-Identifier: Apache-2.0
package io.everycount.micrometer;

import io.everycount.CounterCache;
import io.everycount.CounterListener;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of one cache, for any number of registries.
 *
 * <pre>{@code
 * CounterCacheMetrics metrics = new CounterCacheMetrics();
 * CounterCache counters = metrics.observe(CounterCache.builder(sink).listener(metrics.listener()).build());
 * metrics.bindTo(registry);
 * }</pre>
 *
 * <p>Through a Prometheus registry they have the names that {@code docs/metrics.md} lists. Values that one scrape
 * reads are of one moment, or of two that are a tenth of a second apart. How long flushes and commits take, and how
 * large they are, is known from when a registry was bound, and only of a cache that has the {@link #listener}. A registry
 * keeps the cache reachable. Several caches in one registry need tags that tell them apart. Thread-safe.
 */
public final class CounterCacheMetrics implements MeterBinder {
    private final Tags tags;
    private final List<CacheMeters> bound = new CopyOnWriteArrayList<>();
    private @Nullable CounterCache cache;

    /** Without tags. */
    public CounterCacheMetrics() {
        this(Tags.empty());
    }

    /**
     * With tags on every meter.
     *
     * @param tags none called {@code sink}, {@code position}, {@code state}, {@code reason} or {@code version}, which
     *     meters of ours have
     */
    public CounterCacheMetrics(Iterable<Tag> tags) {
        this.tags = Tags.of(tags);
    }

    /** For the cache's builder: hears of flushes and commits. */
    public CounterListener listener() {
        return new CounterListener() {
            @Override
            public void flushSucceeded(Flush flush) {
                // Zero keys: it had been applied before, and only the ledger said so.
                if (flush.keys() > 0) {
                    bound.forEach(meters -> meters.flushed(flush));
                }
            }

            @Override
            public void journaled(long record, int keys, Duration took) {
                bound.forEach(meters -> meters.journaled(took));
            }
        };
    }

    /**
     * Takes in the cache, before or after {@link #bindTo}.
     *
     * @return the cache
     * @throws IllegalStateException if there is another one already
     */
    public synchronized CounterCache observe(CounterCache counters) {
        Objects.requireNonNull(counters, "counters");
        if (cache != null && cache != counters) {
            throw new IllegalStateException("these are the metrics of another cache; each has its own");
        }
        if (cache == null) {
            cache = counters;
            bound.forEach(meters -> meters.observe(counters));
        }
        return counters;
    }

    /** Adds the meters to a registry; those of the cache as soon as there is one. */
    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        CacheMeters meters = new CacheMeters(registry, tags);
        if (cache != null) {
            meters.observe(cache);
        }
        bound.add(meters);
    }
}
