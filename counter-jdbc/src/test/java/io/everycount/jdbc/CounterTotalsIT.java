// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static io.everycount.jdbc.Fixture.batch;
import static io.everycount.jdbc.Fixture.registration;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CounterTotalsIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final JdbcCounterSink sink =
            JdbcCounterSink.builder(database.dataSource()).build();
    private final CounterTotals totals = CounterTotals.of(database.dataSource(), "everycount_");

    @BeforeEach
    void register() {
        sink.register(registration());
    }

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @Test
    void beforeTheFirstWriteThereIsNothingAndNoFreshness() {
        Totals none = totals.get("a");
        assertThat(none.entries()).isEmpty();
        assertThat(none.value("a")).isZero();
        assertThat(none.flushedAt()).isNull();
        assertThat(none.age()).isNull();
        assertThat(totals.top("", 10).entries()).isEmpty();
        assertThat(totals.page("", null, 10).entries()).isEmpty();
    }

    @Test
    void aTotalComesWithTheTimeOfItsLastWriteAndOfAnyWrite() {
        sink.write(batch(0, 1, Map.of("a", 1L, "b", 2L)));
        sink.write(batch(1, 2, Map.of("b", 3L)));
        Totals found = totals.get(List.of("b", "a", "missing", "nul\0"));
        assertThat(found.entries()).extracting(Total::key).containsExactly("a", "b");
        assertThat(found.value("b")).isEqualTo(5);
        assertThat(found.flushedAt()).isEqualTo(found.entries().get(1).updatedAt());
        assertThat(found.entries().get(0).updatedAt()).isBefore(found.flushedAt());
        assertThat(found.age()).isPositive();
    }

    @Test
    void pagesOfAPrefixFollowEachOtherInByteOrder() {
        Map<String, Long> deltas = new HashMap<>();
        for (int i = 0; i < 25; i++) {
            deltas.put("p/" + i, (long) i + 1);
        }
        deltas.put("p0", 1L);
        deltas.put("p", 1L);
        deltas.put("o", 1L);
        sink.write(batch(0, 1, deltas));
        List<String> keys = new ArrayList<>();
        String after = null;
        while (true) {
            List<Total> page = totals.page("p/", after, 10).entries();
            if (page.isEmpty()) {
                break;
            }
            page.forEach(t -> keys.add(t.key()));
            after = page.get(page.size() - 1).key();
        }
        assertThat(keys).hasSize(25).isSorted().allMatch(k -> k.startsWith("p/"));
    }

    @Test
    void aPrefixOfAnyCharactersFindsExactlyTheKeysThatBeginWithIt() {
        List<String> texts = List.of(
                "%",
                "_",
                "\\",
                "'",
                "a",
                "a%",
                "\uD7FF",
                "\uE000",
                "\uFFFF",
                "\uD83D\uDE00",
                "\uDBFF\uDFFF",
                "\uDBFF\uDFFF\uDBFF\uDFFF",
                "é",
                "\u0001",
                "\u007F",
                "\u0080");
        Map<String, Long> deltas = new HashMap<>();
        for (String first : texts) {
            for (String second : texts) {
                deltas.put(first + second, 1L);
            }
        }
        sink.write(batch(0, 1, deltas));
        for (String prefix : deltas.keySet()) {
            assertThat(totals.page(prefix, null, 1000).entries().stream()
                            .map(Total::key)
                            .collect(Collectors.toSet()))
                    .isEqualTo(deltas.keySet().stream()
                            .filter(k -> k.startsWith(prefix))
                            .collect(Collectors.toSet()));
        }
    }

    @Test
    void aPageOfAPrefixReadsARangeOfTheIndex() {
        sink.write(batch(0, 1, Map.of("a", 1L)));
        database.execute("INSERT INTO everycount_counter SELECT 'k' || i, i, now() FROM generate_series(1, 20000) i;"
                + "ANALYZE everycount_counter");
        List<String> plan = database.query("EXPLAIN SELECT key FROM everycount_counter"
                + " WHERE key >= 'k77' AND key > '' AND key < 'k78' ORDER BY key LIMIT 10");
        assertThat(String.join("\n", plan))
                .contains("Index")
                .contains("key < 'k78'")
                .doesNotContain("Sort");
    }

    @Test
    void theGreatestTotalsComeGreatestFirst() {
        sink.write(batch(0, 1, Map.of("p/a", 1L, "p/b", 30L, "p/c", 20L, "q", 99L, "p/d", 20L)));
        assertThat(totals.top("p/", 3).entries()).extracting(Total::key).containsExactly("p/b", "p/c", "p/d");
        assertThat(totals.top("", 1).entries()).extracting(Total::key).containsExactly("q");
    }

    @Test
    void pagesByValueFollowEachOtherWithoutGapsOrRepeats() {
        long seed = Long.getLong("everycount.seed", new Random().nextLong());
        Random random = new Random(seed);
        Map<String, Long> deltas = new HashMap<>();
        String letters = "ab\u00e4\ud83d\ude00\uffff";
        for (int i = 0; i < 300; i++) {
            StringBuilder key = new StringBuilder(random.nextBoolean() ? "p/" : "q");
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(letters.codePointCount(0, letters.length()));
                key.appendCodePoint(letters.codePointAt(letters.offsetByCodePoints(0, at)));
            }
            // Many equal ones, and ones below 0.
            deltas.put(key.toString(), (long) (random.nextInt(9) - 4));
        }
        deltas.values().removeIf(delta -> delta == 0);
        deltas.put("p/least", Long.MIN_VALUE);
        deltas.put("p/most", Long.MAX_VALUE);
        sink.write(batch(0, 1, deltas));
        Comparator<Map.Entry<String, Long>> order = Comparator.comparing((Map.Entry<String, Long> e) -> ~e.getValue())
                .thenComparing(e -> e.getKey().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);
        for (String prefix : List.of("", "p/", "p/\uffff", "none")) {
            List<String> expected = deltas.entrySet().stream()
                    .filter(e -> e.getKey().startsWith(prefix))
                    .sorted(order)
                    .map(Map.Entry::getKey)
                    .toList();
            for (int limit : new int[] {1, 7, 1_000}) {
                List<String> found = new ArrayList<>();
                List<Total> page = totals.top(prefix, limit).entries();
                while (!page.isEmpty()) {
                    page.forEach(t -> found.add(t.key()));
                    Total last = page.get(page.size() - 1);
                    page = totals.top(prefix, last.value(), last.key(), limit).entries();
                }
                assertThat(found).as("seed %d, prefix %s", seed, prefix).isEqualTo(expected);
            }
        }
    }

    @Test
    void limitsAndPrefixesThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> totals.top("", 0)).hasMessage("limit 0 is not between 1 and 10000");
        assertThatThrownBy(() -> totals.page("\0", null, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> totals.page("", "a\0", 1)).hasMessageStartingWith("a page cannot begin after a key");
        assertThatThrownBy(() -> totals.top("", 5, "\ud800", 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> totals.top("", 5, "a", 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
