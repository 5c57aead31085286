// SPDX-License-Identifier: Apache-2.0
package io.everycount.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.everycount.CounterCache;
import io.everycount.CounterCacheBuilder;
import io.everycount.RejectedException;
import io.everycount.sink.InMemorySink;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What registries tell about a real cache. */
@Timeout(120)
class CounterCacheMetricsTest {
    private static final Path TABLES = Path.of("../docs/metrics.md");
    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| (\\w+) \\|.*");
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path root;

    private final MockClock clock = new MockClock();
    private final PrometheusMeterRegistry prometheus =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), clock);
    private final CounterCacheMetrics metrics = new CounterCacheMetrics();

    private CounterCacheBuilder builder() {
        return CounterCache.builder(new InMemorySink()).journal(root).maxKeys(1_000);
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("the deadline").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** Events come when they come. */
    private void awaitSeries(String beginning) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (prometheus.scrape().lines().noneMatch(line -> line.startsWith(beginning))) {
            assertThat(System.nanoTime())
                    .as("the deadline for %s, with%n%s", beginning, prometheus.scrape())
                    .isLessThan(deadline);
        }
    }

    /** A scrape in which all that was counted before shows. */
    private String scrape() {
        clock.add(Duration.ofSeconds(1));
        return prometheus.scrape();
    }

    /** What the tables say about caches: type by name. */
    private static Map<String, String> documented() throws IOException {
        String all = Files.readString(TABLES);
        Map<String, String> types = new TreeMap<>();
        all.substring(0, all.indexOf("## The adapter"))
                .lines()
                .map(ROW::matcher)
                .forEach(row -> {
                    if (row.matches()) {
                        types.put(row.group(1), row.group(2));
                    }
                });
        return types;
    }

    private static Map<String, String> typesOf(String scrape) {
        Map<String, String> types = new TreeMap<>();
        scrape.lines().filter(line -> line.startsWith("# TYPE ")).forEach(line -> {
            String[] words = line.split(" ");
            types.put(words[2], words[3]);
        });
        return types;
    }

    @Test
    void through_prometheus_they_have_the_names_and_types_of_the_tables() throws Exception {
        try (CounterCache cache =
                metrics.observe(builder().listener(metrics.listener()).build())) {
            metrics.bindTo(prometheus);
            cache.increment("secret-key");
            cache.flush(LONG);
            awaitSeries("everycount_flush_keys_count{");
            awaitSeries("everycount_journal_commit_duration_seconds_count ");
            Map<String, String> expected = documented();
            expected.put("everycount_flush_duration_seconds_max", "gauge");
            expected.put("everycount_flush_keys_max", "gauge");
            expected.put("everycount_journal_commit_duration_seconds_max", "gauge");
            assertThat(typesOf(scrape())).isEqualTo(expected);
            assertThat(scrape()).doesNotContain("secret-key");
        }
    }

    @Test
    void values_and_labels_are_those_of_the_cache() throws Exception {
        try (CounterCache cache =
                metrics.observe(builder().listener(metrics.listener()).build())) {
            metrics.bindTo(prometheus);
            cache.addAll(Map.of("a", 5L, "b", 6L, "c", -1L));
            try {
                cache.increment("");
            } catch (RejectedException expected) {
                // This is what is counted.
            }
            cache.flush(LONG);
            awaitSeries("everycount_flush_keys_count{sink=\"InMemorySink\"} 1");
            assertThat(scrape().lines())
                    .contains(
                            "everycount_accepted_deltas 10.0",
                            "everycount_persisted_deltas 10.0",
                            "everycount_pending_keys 0.0",
                            "everycount_keys_limit 1000.0",
                            "everycount_journal_limit_bytes 1.073741824E9",
                            "everycount_journal_available 1.0",
                            "everycount_rejected_total{reason=\"invalid_key\"} 1.0",
                            "everycount_rejected_total{reason=\"key_limit\"} 0.0",
                            "everycount_state{state=\"running\"} 1.0",
                            "everycount_state{state=\"fenced\"} 0.0",
                            "everycount_sink_state{position=\"0\",sink=\"InMemorySink\",state=\"running\"} 1.0",
                            "everycount_sink_batches_total{position=\"0\",sink=\"InMemorySink\"} 1.0",
                            "everycount_flush_keys_bucket{sink=\"InMemorySink\",le=\"1.0\"} 0",
                            "everycount_flush_keys_bucket{sink=\"InMemorySink\",le=\"10.0\"} 1");
            assertThat(scrape()).containsPattern("everycount_build_info\\{version=\"[^\"]+\"} 1");
            assertThat(scrape()).containsPattern("everycount_freshness_seconds \\d\\.\\d+(E-\\d)?\n");
            assertThat(scrape())
                    .contains("everycount_journal_commit_duration_seconds_bucket{le=\"1.0E-4\"} ")
                    .contains("everycount_flush_duration_seconds_bucket{sink=\"InMemorySink\",le=\"0.0025\"} ");
        }
        assertThat(scrape().lines())
                .contains("everycount_state{state=\"closed\"} 1.0", "everycount_state{state=\"running\"} 0.0");
    }

    @Test
    void without_a_journal_there_is_nothing_about_one() throws Exception {
        try (CounterCache cache = metrics.observe(CounterCache.builder(new InMemorySink())
                .listener(metrics.listener())
                .build())) {
            metrics.bindTo(prometheus);
            cache.increment("a");
            cache.flush(LONG);
            awaitSeries("everycount_flush_keys_count{");
            assertThat(scrape()).doesNotContain("everycount_journal");
        }
    }

    @Test
    void what_is_read_within_a_tenth_of_a_second_is_of_one_moment() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
        try (CounterCache cache = metrics.observe(builder().build())) {
            metrics.bindTo(registry);
            assertThat(registry.get("everycount.accepted.deltas").gauge().value())
                    .isZero();
            cache.add("a", 7);
            cache.flush(LONG);
            clock.add(Duration.ofMillis(99));
            assertThat(registry.get("everycount.persisted.deltas").gauge().value())
                    .isZero();
            clock.add(Duration.ofMillis(1));
            assertThat(registry.get("everycount.persisted.deltas").gauge().value())
                    .isEqualTo(7);
            assertThat(registry.get("everycount.accepted.deltas").gauge().value())
                    .isEqualTo(7);
        }
    }

    @Test
    void any_number_of_registries_before_or_after_the_cache_with_tags_on_everything() throws Exception {
        CounterCacheMetrics tagged = new CounterCacheMetrics(Tags.of("cache", "views"));
        SimpleMeterRegistry before = new SimpleMeterRegistry();
        tagged.bindTo(before);
        assertThat(before.getMeters()).isEmpty();
        try (CounterCache cache =
                tagged.observe(builder().listener(tagged.listener()).build())) {
            SimpleMeterRegistry after = new SimpleMeterRegistry();
            tagged.bindTo(after);
            cache.increment("a");
            cache.flush(LONG);
            for (SimpleMeterRegistry registry : new SimpleMeterRegistry[] {before, after}) {
                await(() -> registry.find("everycount.flush.keys").summary() != null
                        && registry.find("everycount.journal.commit.duration").timer() != null);
                assertThat(registry.getMeters())
                        .hasSizeGreaterThan(50)
                        .allSatisfy(meter ->
                                assertThat(meter.getId().getTag("cache")).isEqualTo("views"));
            }
            assertThat(tagged.observe(cache)).isSameAs(cache);
            try (CounterCache other = builder().build()) {
                assertThatIllegalStateException().isThrownBy(() -> tagged.observe(other));
            }
        }
    }

    @Test
    void the_registry_is_all_that_has_to_be_kept() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
        try (CounterCache cache = builder().build()) {
            WeakReference<CounterCacheMetrics> binder = bindAndForget(cache, registry);
            await(() -> {
                System.gc();
                return binder.get() == null;
            });
            cache.increment("a");
            cache.flush(LONG);
            clock.add(Duration.ofSeconds(1));
            assertThat(registry.get("everycount.sink.batches").functionCounter().count())
                    .isEqualTo(1);
            assertThat(registry.get("everycount.freshness").timeGauge().value()).isFinite();
        }
    }

    private static WeakReference<CounterCacheMetrics> bindAndForget(CounterCache cache, SimpleMeterRegistry registry) {
        CounterCacheMetrics forgotten = new CounterCacheMetrics();
        forgotten.observe(cache);
        forgotten.bindTo(registry);
        return new WeakReference<>(forgotten);
    }
}
