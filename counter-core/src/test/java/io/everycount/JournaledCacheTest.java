// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.everycount.journal.JournalRoot;
import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import io.everycount.sink.Gap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cache with a journal on a real disk, and a store that can be away. */
@Timeout(120)
class JournaledCacheTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path root;

    private final ModelStore store = new ModelStore("store", Guard.STRICT, 10_000);

    private CounterCacheBuilder builder() {
        return CounterCache.builder(store)
                .journal(root)
                .flushInterval(Duration.ofMillis(20))
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(20))
                .ledgerCheckInterval(Duration.ofMillis(20));
    }

    private static <T> T join(CompletionStage<T> stage) {
        return stage.toCompletableFuture()
                .copy()
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }

    /** Ends a cache as if its process had died, but for the lock, which a living process cannot leave behind. */
    private static CloseReport abandon(CounterCache cache) throws InterruptedException {
        return cache.close(Duration.ZERO);
    }

    private void away() {
        store.faults((op, argument) -> Fault.BEFORE);
    }

    private void back() {
        store.faults((op, argument) -> Fault.NONE);
    }

    @Test
    void what_was_journaled_while_the_store_was_away_is_written_by_the_next_cache() throws Exception {
        away();
        CounterCache first = builder().build();
        for (int i = 0; i < 100; i++) {
            join(first.addAsync("k" + i % 7, i, AckLevel.JOURNAL));
        }
        first.add("memory", 5);
        CloseReport report = abandon(first);
        assertThat(report.isComplete()).isFalse();
        assertThat(report.isJournaled()).isTrue();
        assertThat(report.unsaved().values().stream().mapToLong(v -> v).sum())
                .isEqualTo(4_950
                        + 5
                        - report.unknown().values().stream().mapToLong(v -> v).sum());
        back();
        try (CounterCache second = builder().build()) {
            assertThat(second.instanceId()).isEqualTo(first.instanceId());
            second.flush(LONG);
            assertThat(store.totals().values().stream().mapToLong(v -> v).sum()).isEqualTo(4_955);
            assertThat(store.total("memory")).isEqualTo(5);
            second.add("more", 1);
            second.flush(LONG);
            CounterStats stats = second.stats();
            assertThat(stats.accepted()).isEqualTo(stats.persisted()).isEqualTo(4_956);
        }
    }

    @Test
    void a_cache_that_starts_counts_only_what_was_not_known_to_be_applied() throws Exception {
        try (CounterCache first = builder().build()) {
            first.add("a", 10);
        }
        try (CounterCache second = builder().build()) {
            second.flush(LONG);
            assertThat(second.stats().accepted()).isZero();
            second.add("a", 1);
            second.flush(LONG);
            assertThat(second.stats().accepted()).isEqualTo(1);
            assertThat(second.stats().persisted()).isEqualTo(1);
        }
        assertThat(store.total("a")).isEqualTo(11);
    }

    @Test
    void a_flush_right_after_a_start_with_nothing_new_ends() throws Exception {
        try (CounterCache first = builder().build()) {
            first.add("a", 10);
        }
        try (CounterCache second = builder().flushOnlyWhenAsked().build()) {
            second.flush(LONG);
            second.commit(LONG);
        }
    }

    @Test
    void closing_with_nothing_new_waits_for_no_store() throws Exception {
        try (CounterCache first = builder().build()) {
            first.add("a", 10);
        }
        away();
        CounterCache second = builder().build();
        assertThat(second.close(LONG).isComplete()).isTrue();
    }

    @Test
    void a_listener_hears_of_each_record_in_the_journal() throws Exception {
        List<Long> records = Collections.synchronizedList(new ArrayList<>());
        List<Integer> keys = Collections.synchronizedList(new ArrayList<>());
        CounterListener listener = new CounterListener() {
            @Override
            public void journaled(long record, int count, Duration took) {
                records.add(record);
                keys.add(took.isNegative() || took.isZero() ? -1 : count);
            }
        };
        try (CounterCache cache = builder().listener(listener).build()) {
            cache.addAll(Map.of("a", 1L, "b", 1L, "c", 1L));
            cache.commit(LONG);
            join(cache.addAsync("d", 1, AckLevel.JOURNAL));
            assertThat(cache.stats().journal().maxBytes()).isEqualTo(1L << 30);
        }
        Await.until(() -> records.size() == 2);
        assertThat(records).containsExactly(1L, 2L);
        assertThat(keys).containsExactly(3, 1);
    }

    @Test
    void levels_are_reached_in_their_order() throws Exception {
        away();
        try (CounterCache cache = builder().build()) {
            assertThat(cache.addAsync("a", 1, AckLevel.MEMORY).toCompletableFuture())
                    .isCompleted();
            CompletableFuture<Void> sink = cache.addAsync("a", 1, AckLevel.SINK).toCompletableFuture();
            byte[] utf8 = {'a'};
            join(cache.addAsync(utf8, 0, 1, 1, AckLevel.JOURNAL));
            Increments list = new Increments().over(utf8);
            list.add(0, 1, 1);
            join(cache.addAllAsync(list, AckLevel.JOURNAL));
            cache.add("a", 1);
            cache.commit(LONG);
            assertThat(sink).isNotDone();
            assertThat(sum(store.totals())).isZero();
            back();
            sink.join();
            cache.flush(LONG);
            assertThat(store.total("a")).isEqualTo(5);
        }
    }

    @Test
    void without_a_journal_its_level_is_refused_and_nothing_is_counted() throws Exception {
        try (CounterCache cache = CounterCache.builder(store).build()) {
            assertThatThrownBy(() -> cache.addAsync("a", 1, AckLevel.JOURNAL))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no journal");
            assertThatThrownBy(() -> cache.commit(LONG)).isInstanceOf(IllegalStateException.class);
            cache.flush(LONG);
        }
        assertThat(sum(store.totals())).isZero();
    }

    @Test
    void records_of_many_commits_go_to_the_store_in_one_batch() throws Exception {
        try (CounterCache cache = builder().flushOnlyWhenAsked().build()) {
            cache.flush(LONG);
            long before = store.writes();
            for (int i = 0; i < 50; i++) {
                join(cache.addAsync("a", 1, AckLevel.JOURNAL));
            }
            assertThat(cache.stats().lastRecord()).isEqualTo(50);
            assertThat(store.writes()).isEqualTo(before);
            cache.flush(LONG);
            assertThat(store.writes()).isEqualTo(before + 1);
            assertThat(store.total("a")).isEqualTo(50);
        }
    }

    @Test
    void a_store_that_went_back_while_nobody_ran_is_mended_at_the_start() throws Exception {
        try (CounterCache first = builder().build()) {
            for (int i = 0; i < 10; i++) {
                first.add("a", 1);
                first.flush(LONG);
            }
        }
        assertThat(store.total("a")).isEqualTo(10);
        store.rewind(4);
        assertThat(store.total("a")).isEqualTo(6);
        try (CounterCache second = builder().build()) {
            second.flush(LONG);
            assertThat(store.total("a")).isEqualTo(10);
            assertThat(second.stats().sinks().get(0).rewinds()).isEqualTo(1);
        }
    }

    @Test
    void a_store_that_went_back_to_before_the_registration_is_mended_too() throws Exception {
        try (CounterCache first = builder().build()) {
            for (int i = 0; i < 10; i++) {
                first.add("a", 1);
                first.flush(LONG);
            }
            store.rewind(100);
            Await.until(() -> store.total("a") == 10);
        }
        store.rewind(100);
        try (CounterCache second = builder().build()) {
            second.flush(LONG);
            assertThat(store.total("a")).isEqualTo(10);
        }
    }

    @Test
    void what_a_restart_finds_lost_for_good_is_declared_with_its_sum() throws Exception {
        String filler = "x".repeat(200);
        try (CounterCache first =
                builder().retain(Duration.ZERO, 0).journalBytes(1 << 20).build()) {
            for (int i = 0; i < 20; i++) {
                for (int k = 0; k < 1_000; k++) {
                    first.add(filler + k, 1);
                }
                first.flush(LONG);
            }
        }
        store.rewind(1_000);
        assertThat(sum(store.totals())).isZero();
        try (CounterCache second = builder().build()) {
            second.add("a", 100);
            second.flush(LONG);
            CounterStats stats = second.stats();
            assertThat(stats.lost()).as("of what this process accepted").isZero();
            assertThat(stats.accepted())
                    .isEqualTo(stats.persisted() + stats.quarantined() + stats.lost() + stats.pending());
        }
        long declared = store.gaps().stream().mapToLong(Gap::deltaSum).sum();
        assertThat(sum(store.totals()) + declared).isEqualTo(20_100);
        assertThat(declared).isPositive();
    }

    private static long sum(Map<String, Long> totals) {
        return totals.values().stream().mapToLong(v -> v).sum();
    }

    @Test
    void caches_on_one_directory_do_not_meet() throws Exception {
        List<CounterCache> caches = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            caches.add(builder().build());
        }
        assertThat(caches.stream().map(CounterCache::instanceId).distinct()).hasSize(4);
        for (CounterCache cache : caches) {
            cache.add("a", 1);
        }
        for (CounterCache cache : caches) {
            cache.close();
        }
        assertThat(store.total("a")).isEqualTo(4);
        try (CounterCache again = builder().build()) {
            assertThat(caches.stream().map(CounterCache::instanceId)).contains(again.instanceId());
        }
    }

    @Test
    void what_others_left_is_adopted_and_their_directories_go() throws Exception {
        away();
        List<CounterCache> caches = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            CounterCache cache = builder().build();
            caches.add(cache);
            join(cache.addAsync("a" + i, 1 + i, AckLevel.JOURNAL));
        }
        for (CounterCache cache : caches) {
            abandon(cache);
        }
        back();
        List<UUID> adopted = Collections.synchronizedList(new ArrayList<>());
        CounterListener listener = new CounterListener() {
            @Override
            public void adopted(UUID instanceId, long records) {
                adopted.add(instanceId);
            }
        };
        try (CounterCache survivor = builder()
                .retain(Duration.ofMillis(200), 1 << 20)
                .listener(listener)
                .build()) {
            Await.until(() -> store.totals().equals(Map.of("a0", 1L, "a1", 2L, "a2", 3L, "a3", 4L)));
            Await.until(() -> survivor.stats().journal().adopted() == 3);
            Await.until(() -> adopted.size() == 3);
            assertThat(adopted).doesNotContain(survivor.instanceId());
            Await.until(() -> directories() == 1);
            assertThat(survivor.stats().journal().adopting()).isZero();
        }
        assertThat(store.totals()).hasSize(4);
    }

    private long directories() {
        try (Stream<Path> found = Files.list(root)) {
            return found.filter(Files::isDirectory).count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void what_was_adopted_is_mended_while_it_is_retained() throws Exception {
        away();
        CounterCache one = builder().build();
        CounterCache two = builder().build();
        for (int i = 0; i < 5; i++) {
            join(one.addAsync("a", 1, AckLevel.JOURNAL));
            join(two.addAsync("b", 1, AckLevel.JOURNAL));
        }
        abandon(one);
        abandon(two);
        back();
        try (CounterCache survivor = builder().build()) {
            Await.until(() -> survivor.stats().journal().adopted() == 1);
            Await.until(() -> store.totals().equals(Map.of("a", 5L, "b", 5L)));
            store.rewind(1_000);
            Await.until(() -> store.totals().equals(Map.of("a", 5L, "b", 5L)));
        }
    }

    @Test
    void a_copied_directory_that_counted_on_its_own_is_reported_as_forked_and_nothing_is_doubled() throws Exception {
        try (CounterCache cache = builder().build()) {
            cache.add("a", 1);
        }
        UUID id;
        Path copy = root.resolveSibling(root.getFileName() + "-copy");
        copyTree(root, copy);
        try (CounterCache original = builder().build()) {
            id = original.instanceId();
            original.add("a", 10);
        }
        away();
        CounterCache copied = builder().journal(copy).build();
        assertThat(copied.instanceId()).isEqualTo(id);
        join(copied.addAsync("a", 100, AckLevel.JOURNAL));
        back();
        Await.until(() -> copied.stats().state() == CounterStats.State.FORKED);
        CloseReport report = copied.close(LONG);
        assertThat(report.isComplete()).isFalse();
        assertThat(store.total("a")).isEqualTo(11);
        try (CounterCache fresh = builder().journal(copy).build()) {
            assertThat(fresh.instanceId()).isNotEqualTo(id);
            fresh.add("a", 1_000);
            fresh.flush(LONG);
            Await.until(() -> fresh.stats().journal().forked() == 1);
        }
        assertThat(store.total("a")).isEqualTo(1_011);
        assertThat(Files.readString(copy.resolve(id.toString()).resolve("forked")))
                .contains(id.toString());
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    @Test
    void a_long_outage_is_summed_up_in_memory_and_on_disk() throws Exception {
        away();
        long sum = 0;
        CounterCache cache = builder()
                .commitInterval(Duration.ofMillis(1))
                .maxPendingBytes(200_000)
                .journalBytes(8 << 20)
                .build();
        for (int i = 0; i < 5_000; i++) {
            for (int k = 0; k < 20; k++) {
                cache.add("key-" + k, k - 3);
                sum += k - 3;
            }
            if (i % 10 == 0) {
                join(cache.addAsync("key-" + i % 100, 1, AckLevel.JOURNAL));
                sum++;
            }
            assertThat(cache.stats().pendingBytes()).isLessThan(200_000);
        }
        assertThat(cache.stats().lastRecord()).isGreaterThanOrEqualTo(500);
        assertThat(cache.stats().journal().problem()).isNull();
        CloseReport report = abandon(cache);
        assertThat(report.unsaved().size()).isLessThan(130);
        back();
        try (CounterCache second = builder().build()) {
            second.flush(LONG);
            assertThat(store.totals().values().stream().mapToLong(v -> v).sum()).isEqualTo(sum);
        }
    }

    @Test
    void what_is_retained_gives_way_when_the_journal_has_no_room() throws Exception {
        try (CounterCache cache = builder().journalBytes(1 << 20).build()) {
            String long1 = "k".repeat(200);
            for (int i = 0; i < 12_000; i++) {
                cache.add(long1 + i, 1);
                if (i % 100 == 0) {
                    cache.commit(LONG);
                }
            }
            cache.flush(LONG);
            assertThat(cache.stats().persisted()).isEqualTo(12_000);
            assertThat(cache.stats().journal().bytes()).isLessThanOrEqualTo((1 << 20) + (1 << 17));
        }
    }

    /** A process that is killed has no time to note in its journal what the store has. */
    @Test
    void one_record_longer_than_the_journal_is_written_and_makes_room_for_the_next() throws Exception {
        try (CounterCache cache = builder().journalBytes(1 << 20).build()) {
            int keys = 6_000;
            for (int round = 1; round <= 4; round++) {
                for (int i = 0; i < keys; i++) {
                    cache.add("%0250d".formatted(i), 1);
                }
                cache.flush(LONG);
                assertThat(cache.stats().persisted()).isEqualTo((long) round * keys);
            }
        }
    }

    @Test
    void an_outage_after_a_crash_sums_up_nothing_that_the_store_may_have_half_of() throws Exception {
        Path crashed = root.resolveSibling(root.getFileName() + "-crashed");
        try (CounterCache first = builder().build()) {
            for (int i = 0; i < 20; i++) {
                first.add("a", 1);
                first.flush(LONG);
            }
            copyTree(root, crashed);
        }
        away();
        CounterCache second =
                builder().journal(crashed).maxPendingBytes(100_000).build();
        long most = 0;
        int counted = 0;
        for (int i = 0; second.stats().pendingBytes() >= most; i++) {
            most = second.stats().pendingBytes();
            second.add("b" + i % 20, 1);
            second.add("a", 1);
            counted++;
            second.commit(LONG);
        }
        back();
        second.flush(LONG);
        assertThat(second.close(LONG).isComplete()).isTrue();
        assertThat(store.total("a")).isEqualTo(20 + counted);
    }

    @Test
    void what_an_earlier_process_left_is_no_obstacle_to_journal_more_while_the_store_is_away() throws Exception {
        away();
        CounterCache first = builder().build();
        for (int i = 0; i < 5_000; i++) {
            first.add("left-" + i, 1);
            if (i % 100 == 0) {
                first.commit(LONG);
            }
        }
        first.commit(LONG);
        assertThat(first.stats().pendingBytes()).isGreaterThan(200_000);
        abandon(first);
        CounterCache second = builder()
                .commitInterval(Duration.ofMillis(1))
                .maxPendingBytes(100_000)
                .build();
        for (int i = 0; i < 3_000; i++) {
            join(second.addAsync("more-" + i % 50, 1, AckLevel.JOURNAL));
        }
        abandon(second);
        back();
        try (CounterCache third = builder().build()) {
            third.flush(LONG);
            assertThat(store.totals().values().stream().mapToLong(v -> v).sum()).isEqualTo(8_000);
        }
    }

    @Test
    void a_store_is_bound_to_the_journal_beyond_the_process() throws Exception {
        try (CounterCache first = builder().build()) {
            first.add("a", 1);
        }
        store.becomeAnotherStore();
        CounterCache second = builder().build();
        second.add("a", 1);
        assertThatThrownBy(() -> second.flush(Duration.ofMillis(300)))
                .isInstanceOf(UnconfirmedException.class)
                .hasMessageContaining("now leads to store");
        CloseReport report = second.close(Duration.ZERO);
        assertThat(report.isJournaled()).isTrue();
        assertThat(sum(store.totals())).isZero();
    }

    @Test
    void a_damaged_journal_is_not_opened_and_the_error_names_the_file() throws Exception {
        UUID id;
        try (CounterCache first = builder().build()) {
            id = first.instanceId();
            for (int i = 0; i < 10; i++) {
                join(first.addAsync("a", 1, AckLevel.JOURNAL));
            }
        }
        Path segment;
        try (Stream<Path> files = Files.list(root.resolve(id.toString()))) {
            segment = files.filter(f -> f.toString().endsWith(".seg"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        bytes[200] ^= 1;
        Files.write(segment, bytes);
        assertThatThrownBy(() -> builder().build())
                .isInstanceOf(JournalException.class)
                .hasMessageContaining(segment.toString());
        // Another one can be opened: the lock was freed, and nothing was started.
        assertThat(Await.threadRuns("everycount-drain")).isFalse();
        assertThatThrownBy(() -> builder().build()).isInstanceOf(JournalException.class);
    }

    @Test
    void a_journal_that_cannot_be_locked_stops_neither_a_start_nor_the_adoption_of_others() throws Exception {
        away();
        List<CounterCache> caches = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            CounterCache cache = builder().build();
            caches.add(cache);
            join(cache.addAsync("a", 1, AckLevel.JOURNAL));
        }
        for (CounterCache cache : caches) {
            abandon(cache);
        }
        back();
        UUID first = caches.stream()
                .map(CounterCache::instanceId)
                .min(Comparator.comparing(UUID::toString))
                .orElseThrow();
        Path lock = root.resolve(first + ".lock");
        Files.delete(lock);
        Files.createDirectory(lock);
        assertThat(JournalRoot.list(root))
                .extracting(JournalRoot.Entry::instanceId, JournalRoot.Entry::state)
                .contains(tuple(first, JournalRoot.State.UNREADABLE))
                .hasSize(3);
        try (CounterCache next = builder().build()) {
            assertThat(next.instanceId()).isNotEqualTo(first);
            Await.until(() -> store.total("a") == 2);
            Await.until(() -> next.stats().journal().unadoptable() == 1);
        }
        Files.delete(lock);
        try (CounterCache next = builder().build()) {
            Await.until(() -> store.total("a") == 3);
        }
    }

    @Test
    void what_is_set_aside_of_an_earlier_process_when_a_store_went_back_is_not_this_ones() throws Exception {
        store.poison(key -> key.equals("bad"));
        try (CounterCache first = builder().build()) {
            first.add("good", 1);
            first.add("bad", 7);
            Await.until(() -> first.stats().quarantined() == 7);
        }
        try (CounterCache second = builder().build()) {
            Await.until(() -> !second.stats().sinks().get(0).failing());
            store.rewind(1_000);
            second.add("good", 1);
            second.add("bad", 2);
            Await.until(() -> second.stats().quarantined() == 2
                    && second.stats().pending() == 0
                    && second.stats().sinks().get(0).rewinds() == 1);
            assertThat(second.stats().accepted()).isEqualTo(3);
            assertThat(second.stats().persisted()).isEqualTo(1);
            assertThat(second.stats().sinks().get(0).quarantinedEntries())
                    .as("what it set aside again counts")
                    .isEqualTo(2);
        }
        assertThat(store.quarantineSums()).isEqualTo(Map.of("bad", 9L));
        assertThat(store.total("good")).isEqualTo(2);
    }

    @Test
    void quarantine_is_told_at_the_sinks_level_only() throws Exception {
        store.poison(key -> key.equals("bad"));
        try (CounterCache cache = builder().build()) {
            join(cache.addAsync("bad", 1, AckLevel.JOURNAL));
            assertThatThrownBy(() -> join(cache.addAsync("bad", 1, AckLevel.SINK)))
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(QuarantinedException.class);
        }
    }
}
