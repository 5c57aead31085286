// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import static io.everycount.benchmarks.counters.Peer.Use.HELD;
import static io.everycount.benchmarks.counters.Peer.Use.KEYED;
import static io.everycount.benchmarks.counters.Peer.Use.LOSS_ONLY;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.jctools.maps.NonBlockingHashMap;

/** What is compared: Everycount, other ways to count by key, and ways to drain that lose increments. */
public enum Peer {
    /** Ours. */
    EVERYCOUNT(
            KEYED, "Everycount", "everycount", "flush, the whole pipeline into a sink", true, EverycountCounting::new),
    /** Ours, without what comes after the cells. */
    EVERYCOUNT_CELLS(
            KEYED,
            "Everycount, its cells alone",
            "everycount",
            "exchange of every sum that was touched",
            true,
            drain -> new CellsCounting()),
    /** The usual way. */
    MAP_OF_ADDERS(
            KEYED,
            "ConcurrentHashMap + LongAdder",
            "jdk",
            "sumThenReset of every adder",
            false,
            drain -> new Maps.OfAdders(new ConcurrentHashMap<>())),
    /** The usual way without stripes. */
    MAP_OF_ATOMICS(
            KEYED,
            "ConcurrentHashMap + AtomicLong",
            "jdk",
            "getAndSet(0) of every value",
            false,
            drain -> new Maps.OfAtomics()),
    /** The shortest way. */
    MAP_MERGE(KEYED, "ConcurrentHashMap.merge", "jdk", "remove(key) of every key", true, drain -> new Maps.Merging()),
    /** Guava. */
    GUAVA(KEYED, "Guava AtomicLongMap", "guava", "remove(key) of every key", true, drain -> new Libraries.Guava()),
    /** Caffeine. */
    CAFFEINE(
            KEYED,
            "Caffeine compute",
            "caffeine",
            "remove(key) of every key",
            true,
            drain -> new Libraries.CaffeineCompute(false)),
    /** The published double buffer. */
    PHASER(
            KEYED,
            "WriterReaderPhaser around two maps",
            "hdrhistogram",
            "flip, wait for writers, sum up the map that was left",
            true,
            drain -> new Libraries.Phased()),
    /** Another map, the same adders. */
    NON_BLOCKING_MAP(
            KEYED,
            "JCTools NonBlockingHashMap + LongAdder",
            "jctools",
            "sumThenReset of every adder",
            false,
            drain -> new Maps.OfAdders(new NonBlockingHashMap<>())),
    /** One lock around one map. */
    AGRONA(
            KEYED,
            "Agrona Object2LongCounterMap, one lock",
            "agrona",
            "swap the map under the lock",
            true,
            drain -> new Libraries.Agrona()),
    /** A library for this purpose. */
    BUFFER_TRIGGER(
            KEYED,
            "buffer-trigger, ConcurrentHashMap.merge",
            "buffer-trigger",
            "swap the map under its write lock",
            true,
            drain -> new Libraries.Triggered()),
    /** A meter looked up for each increment. */
    MICROMETER(
            KEYED,
            "Micrometer, lookup",
            "micrometer",
            "growth of the cumulative values",
            false,
            drain -> new Metrics.Micrometer(false)),
    /** A label looked up for each increment. */
    PROMETHEUS(
            KEYED,
            "Prometheus client, labelValues",
            "prometheus",
            "growth of the cumulative values",
            false,
            drain -> new Metrics.Prometheus(false)),

    /** Ours, held. */
    EVERYCOUNT_HANDLE(HELD, "Everycount, handle", "everycount", "flush", true, Held.Everycount::new),
    /** A LongAdder without a map. */
    LONG_ADDER(HELD, "LongAdder, held", "jdk", "sumThenReset", true, drain -> new Held.Adder()),
    /** An AtomicLong without a map. */
    ATOMIC_LONG(HELD, "AtomicLong, held", "jdk", "getAndSet(0)", true, drain -> new Held.Atomic()),
    /** A meter that is held. */
    MICROMETER_HELD(
            HELD,
            "Micrometer, held",
            "micrometer",
            "growth of the cumulative value",
            false,
            drain -> new Held.Micrometer()),
    /** A data point that is held. */
    PROMETHEUS_HELD(
            HELD,
            "Prometheus client, held",
            "prometheus",
            "growth of the cumulative value",
            false,
            drain -> new Held.Prometheus()),

    /** What most people write first. */
    COPY_THEN_CLEAR(
            LOSS_ONLY,
            "ConcurrentHashMap.merge",
            "jdk",
            "copy the map, then clear it",
            true,
            drain -> new Maps.CopiedThenCleared()),
    /** The same with a cache. */
    CAFFEINE_CLEARED(
            LOSS_ONLY,
            "Caffeine compute",
            "caffeine",
            "copy the cache, then invalidate it",
            true,
            drain -> new Libraries.CaffeineCompute(true)),
    /** Two calls where one would do. */
    SUM_THEN_RESET(
            LOSS_ONLY,
            "ConcurrentHashMap + LongAdder",
            "jdk",
            "sum(), then reset()",
            false,
            drain -> new Maps.OfAddersReadThenReset()),
    /** A map that writers may still hold. */
    SWAPPED_MAP(
            LOSS_ONLY,
            "ConcurrentHashMap + LongAdder",
            "jdk",
            "swap the map, do not wait for writers",
            true,
            drain -> new Maps.Swapped()),
    /** Adders that writers may still hold. */
    IDLE_REMOVED(
            LOSS_ONLY,
            "ConcurrentHashMap + LongAdder",
            "jdk",
            "sumThenReset, remove what was 0",
            true,
            drain -> new Maps.OfAddersWithoutIdle()),
    /** Meters that writers may still hold. */
    MICROMETER_REMOVED(
            LOSS_ONLY,
            "Micrometer, lookup",
            "micrometer",
            "read, then remove the meter",
            true,
            drain -> new Metrics.Micrometer(true)),
    /** Labels that writers may still hold. */
    PROMETHEUS_REMOVED(
            LOSS_ONLY,
            "Prometheus client, labelValues",
            "prometheus",
            "read, then remove the label",
            true,
            drain -> new Metrics.Prometheus(true));

    /** Where a peer takes part. */
    public enum Use {
        /** Looked up by key for each increment. */
        KEYED,
        /** One counter, held. */
        HELD,
        /** Keyed, to show what its drain loses, and nowhere else. */
        LOSS_ONLY
    }

    private static final Properties VERSIONS = versions();

    private final Use use;
    private final String title;
    private final String library;
    private final String drainWay;
    private final boolean forgets;
    private final IntFunction<Counting> opener;

    Peer(Use use, String title, String library, String drainWay, boolean forgets, IntFunction<Counting> opener) {
        this.use = use;
        this.title = title;
        this.library = library;
        this.drainWay = drainWay;
        this.forgets = forgets;
        this.opener = opener;
    }

    /**
     * Starts one.
     *
     * @param drainMillis how often it drains by itself, if it is {@link #drainsItself}; 0 for only when asked
     */
    public Counting open(int drainMillis) {
        return opener.apply(drainMillis);
    }

    /** Starts one that drains only when asked, and keeps nothing of what it has drained. */
    public Counting openWithoutRetention() {
        return this == EVERYCOUNT ? new EverycountCounting(0, false) : open(0);
    }

    /** Those for a use, in the order to show them. */
    public static List<Peer> of(Use use) {
        return Arrays.stream(values()).filter(peer -> peer.use == use).toList();
    }

    /** Where it takes part. */
    public Use use() {
        return use;
    }

    /** What to call it. */
    public String title() {
        return title;
    }

    /** How it is drained. */
    public String drainWay() {
        return drainWay;
    }

    /** Whether a key that is no longer counted costs nothing in the end. */
    public boolean forgets() {
        return forgets;
    }

    /** Whether it has threads that drain it; otherwise the benchmark drains it. */
    public boolean drainsItself() {
        return this == EVERYCOUNT || this == EVERYCOUNT_HANDLE;
    }

    /** The library that it comes from, with its version. */
    public String library() {
        return library.equals("jdk") ? "JDK" : library + " " + VERSIONS.getProperty(library);
    }

    private static Properties versions() {
        Properties versions = new Properties();
        try (InputStream in = Peer.class.getResourceAsStream("versions.properties")) {
            versions.load(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return versions;
    }
}
