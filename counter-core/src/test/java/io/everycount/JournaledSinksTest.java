// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Guard;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which sinks a journal is for, when processes come and go that have more of them, or fewer. */
@Timeout(120)
class JournaledSinksTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path root;

    private final ModelStore store = new ModelStore("store", Guard.STRICT, 10_000);
    private final ModelStore other = new ModelStore("other", Guard.STRICT, 10_000);

    private CounterCacheBuilder builder() {
        return builder(store);
    }

    private CounterCacheBuilder builder(ModelStore first) {
        return CounterCache.builder(first)
                .journal(root)
                .flushInterval(Duration.ofMillis(20))
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(20))
                .ledgerCheckInterval(Duration.ofMillis(20));
    }

    private static void addAndFlush(CounterCache cache) throws InterruptedException {
        cache.add("a", 1);
        cache.flush(LONG);
    }

    @Test
    void two_sinks_each_have_their_own_mark_after_a_restart() throws Exception {
        other.faults((op, argument) -> Fault.BEFORE);
        CounterCache first = builder().alsoTo(other).build();
        first.add("a", 1);
        first.commit(LONG);
        Await.until(() -> store.total("a") == 1);
        first.close(Duration.ZERO);
        other.faults((op, argument) -> Fault.NONE);
        try (CounterCache second = builder().alsoTo(other).build()) {
            addAndFlush(second);
        }
        assertThat(store.total("a")).isEqualTo(2);
        assertThat(other.total("a")).isEqualTo(2);
    }

    @Test
    void with_a_sink_less_what_that_one_lacks_is_kept_for_who_has_it() throws Exception {
        other.faults((op, argument) -> Fault.BEFORE);
        CounterCache first = builder().alsoTo(other).build();
        first.add("a", 1);
        first.commit(LONG);
        Await.until(() -> store.total("a") == 1);
        first.close(Duration.ZERO);
        try (CounterCache alone = builder().retain(Duration.ZERO, 0).build()) {
            assertThat(alone.instanceId()).isNotEqualTo(first.instanceId());
            addAndFlush(alone);
            Await.until(() -> alone.stats().journal().unadoptable() == 1);
        }
        other.faults((op, argument) -> Fault.NONE);
        try (CounterCache both = builder().alsoTo(other).build()) {
            Await.until(() -> other.total("a") >= 1);
        }
        assertThat(store.total("a")).isEqualTo(2);
    }

    @Test
    void one_that_all_sinks_have_everything_of_is_put_away_by_who_has_fewer_and_counted_with_by_nobody()
            throws Exception {
        CounterCache first = builder().alsoTo(other).build();
        addAndFlush(first);
        assertThat(first.close(LONG).isComplete()).isTrue();
        try (CounterCache alone = builder().retain(Duration.ZERO, 0).build()) {
            assertThat(alone.instanceId()).isNotEqualTo(first.instanceId());
            addAndFlush(alone);
            Await.until(() -> alone.stats().journal().adopted() == 1);
            assertThat(alone.stats().journal().unadoptable()).isZero();
        }
        assertThat(store.total("a")).isEqualTo(2);
        assertThat(other.total("a")).isEqualTo(1);
    }

    @Test
    void one_that_only_a_best_effort_sink_lacks_something_of_is_anybodys() throws Exception {
        other.faults((op, argument) -> Fault.BEFORE);
        CounterCache first = builder().bestEffortTo(other).build();
        addAndFlush(first);
        first.close(LONG);
        try (CounterCache alone = builder().build()) {
            assertThat(alone.instanceId()).isEqualTo(first.instanceId());
            addAndFlush(alone);
        }
        assertThat(store.total("a")).isEqualTo(2);
    }

    @Test
    void who_has_the_second_sink_only_counts_into_a_journal_of_its_own() throws Exception {
        try (CounterCache both = builder().alsoTo(other).build()) {
            addAndFlush(both);
        }
        for (int start = 0; start < 2; start++) {
            try (CounterCache second = builder(other).build()) {
                addAndFlush(second);
                Await.until(() -> second.stats().journal().unadoptable() == 1);
            }
        }
        assertThat(store.total("a")).isEqualTo(1);
        assertThat(other.total("a")).isEqualTo(3);
    }

    @Test
    void a_sink_that_was_missing_for_a_while_stops_nobody_when_it_is_back() throws Exception {
        try (CounterCache both = builder().alsoTo(other).build()) {
            addAndFlush(both);
        }
        for (int start = 0; start < 2; start++) {
            try (CounterCache alone = builder().retain(Duration.ZERO, 0).build()) {
                for (int i = 0; i < 20; i++) {
                    addAndFlush(alone);
                }
            }
        }
        try (CounterCache both = builder().alsoTo(other).build()) {
            addAndFlush(both);
            assertThat(both.stats().state()).isEqualTo(CounterStats.State.RUNNING);
        }
        assertThat(store.total("a")).isEqualTo(42);
        assertThat(other.total("a")
                        + other.gaps().stream().mapToLong(gap -> gap.deltaSum()).sum())
                .as("what it has, and what it was told that it lacks")
                .isBetween(2L, 42L);
    }
}
