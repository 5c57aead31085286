// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CloseReport;
import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.CounterStats;
import io.everycount.UnconfirmedException;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterSink;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * One cache with its callers: count while faults come and go, then {@link #closeAndCompare}. Set the system
 * property {@code everycount.seed} to repeat a run's choices.
 */
final class Run implements AutoCloseable {
    private static final int THREADS = 3;

    private final String name;
    private final long seed = Long.getLong("everycount.seed", System.nanoTime() & 0xFFFFFFFFL);
    private final Random random = new Random(seed);
    private final TestDatabase database;
    private final CounterSink sink;
    private final CounterCache cache;
    private final Heard heard = new Heard();
    private final Map<String, Long> accepted = new HashMap<>();
    private Traffic traffic;

    /** Starts a cache with short intervals; {@link #traffic} starts the callers. */
    Run(String name, TestDatabase database, CounterSink sink) {
        this(name, database, sink, builder -> {});
    }

    Run(String name, TestDatabase database, CounterSink sink, Consumer<CounterCacheBuilder> settings) {
        this.name = name;
        this.database = database;
        this.sink = sink;
        CounterCacheBuilder builder = CounterCache.builder(sink)
                .name(name.length() > 60 ? name.substring(0, 60) : name)
                .flushInterval(Duration.ofMillis(20))
                .retryBackoff(Duration.ofMillis(5), Duration.ofMillis(100))
                .ledgerCheckInterval(Duration.ofMillis(100))
                .listener(heard);
        settings.accept(builder);
        this.cache = builder.build();
        System.out.println(name + ": seed " + seed);
    }

    TestDatabase database() {
        return database;
    }

    CounterCache cache() {
        return cache;
    }

    Heard heard() {
        return heard;
    }

    Random random() {
        return random;
    }

    /** Starts callers, or others than before. */
    Run traffic(String keyPrefix) {
        pause();
        traffic = new Traffic(cache, THREADS, keyPrefix, random);
        return this;
    }

    /** Ends the callers. */
    void pause() {
        if (traffic != null) {
            traffic.stop().forEach((key, sum) -> accepted.merge(key, sum, Long::sum));
            traffic = null;
        }
    }

    /** Adds from this thread. */
    void add(String key, long delta) {
        cache.add(key, delta);
        counted(key, delta);
    }

    /** Notes what was added by other means. */
    void counted(String key, long delta) {
        accepted.merge(key, delta, Long::sum);
    }

    /** What callers counted up to the last {@link #pause}. */
    Map<String, Long> accepted() {
        return accepted;
    }

    /** Statistics, whose parts always add up. */
    CounterStats stats() {
        CounterStats stats = cache.stats();
        assertThat(stats.persisted() + stats.quarantined() + stats.lost() + stats.pending())
                .as("persisted + quarantined + lost + pending")
                .isEqualTo(stats.accepted());
        return stats;
    }

    /** Waits until everything counted so far is in the database: the fault has healed. */
    void flush() {
        try {
            cache.flush(Await.MAX);
        } catch (UnconfirmedException e) {
            throw new AssertionError(name + " does not heal: " + heard, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    void awaitFailures(int more) {
        int before = heard.failures();
        Await.until(() -> more + " more failures; " + heard, () -> heard.failures() >= before + more);
    }

    void awaitFailuresOf(String state, int more) {
        int before = heard.failures(state);
        Await.until(
                () -> more + " more failures with SQLSTATE " + state + "; " + heard,
                () -> heard.failures(state) >= before + more);
    }

    /** Waits for a failure from now on whose message has all of these words. */
    void awaitSaid(String... words) {
        int before = heard.failures();
        Await.until(
                () -> "a failure that says " + String.join(", ", words) + "; " + heard,
                () -> heard.saidSince(before, words));
        CounterStats.Sink stats = stats().sinks().get(0);
        assertThat(stats.failing()).as("failing, with %s", stats).isTrue();
    }

    /** Ends the callers, closes the cache, and expects that nothing was lost and nothing doubled, in any key. */
    Books closeAndCompare() {
        Books books = closeAndCompareReleased();
        assertThat(stats().persisted()).as("persisted, as the cache says").isEqualTo(Books.sum(books.totals()));
        assertThat(stats().quarantined()).as("quarantined, as the cache says").isEqualTo(Books.sum(books.held()));
        return books;
    }

    /** The same after somebody has moved entries from quarantine to totals. */
    Books closeAndCompareReleased() {
        CounterStats stats = closeCompletely();
        Books books = Books.of(database);
        assertThat(books.difference(accepted))
                .as("stored + quarantined - accepted")
                .isEmpty();
        assertThat(books.gaps()).as("gaps").isZero();
        assertThat(stats.accepted()).as("accepted, as the cache says").isEqualTo(Books.sum(accepted));
        assertThat(stats.lost()).as("lost, as the cache says").isZero();
        return books;
    }

    /** Ends the callers and closes the cache, which has to get everything out. */
    CounterStats closeCompletely() {
        pause();
        CloseReport report = close(Await.MAX);
        CounterStats.Sink said = stats().sinks().get(0);
        Await.until(
                () -> "the listener has heard everything in " + said + "; " + heard,
                () -> heard.writes() == said.batches()
                        && heard.failures() == said.retries()
                        && heard.rewinds() == said.rewinds());
        System.out.printf("%s: accepted %,d; %s%n", name, Books.sum(accepted), heard);
        assertThat(report.isComplete())
                .as("%s; unsaved %s, unknown %s", heard, report.unsaved(), report.unknown())
                .isTrue();
        CounterStats stats = stats();
        assertThat(stats.pending()).as("pending").isZero();
        assertThat(stats.eventsLeftOut()).as("events left out").isZero();
        assertThat(heard.stopped()).as("stops").isEmpty();
        assertThat(accepted).as("accepted").isNotEmpty();
        return stats;
    }

    /** Ends the cache at once, with whatever it is doing, under its callers' hands. */
    CloseReport kill() {
        CloseReport report = close(Duration.ZERO);
        pause();
        System.out.printf(
                "%s: accepted %,d, killed with %d keys unsaved, %d unknown; %s%n",
                name,
                Books.sum(accepted),
                report.unsaved().size(),
                report.unknown().size(),
                heard);
        return report;
    }

    /** Waits until a killed cache's last write has ended, one way or the other. */
    void awaitDead() {
        Await.until(
                "the end of the threads of " + name,
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().startsWith(name + "-sink")));
    }

    CloseReport close(Duration timeout) {
        try {
            return cache.close(timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** After a failed test, too. */
    @Override
    public void close() {
        close(Duration.ZERO);
        if (traffic != null) {
            traffic.stop();
        }
        sink.close();
    }
}
