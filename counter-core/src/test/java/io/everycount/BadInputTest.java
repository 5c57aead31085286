// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.RejectedException.Reason;
import io.everycount.sink.InMemorySink;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything that is not allowed: a typed error that says what was given and what is allowed, and nothing counted. */
class BadInputTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private final InMemorySink sink = new InMemorySink();
    private final CounterCache cache =
            CounterCache.builder(sink).maxKeyBytes(16).flushOnlyWhenAsked().build();
    private long rejections;

    @AfterEach
    void nothing_was_counted() throws Exception {
        cache.flush(LONG);
        CounterStats stats = cache.stats();
        assertThat(stats.accepted()).isZero();
        assertThat(stats.keysInUse()).isZero();
        assertThat(stats.lastRecord()).isZero();
        assertThat(stats.rejected().values().stream().mapToLong(Long::longValue).sum())
                .as("each rejection is counted")
                .isEqualTo(rejections);
        assertThat(sink.totals()).isEmpty();
        cache.close();
    }

    private void rejected(Runnable call, Reason reason, String... said) {
        rejections++;
        assertThatThrownBy(call::run).isInstanceOfSatisfying(RejectedException.class, e -> {
            assertThat(e.reason()).isEqualTo(reason);
            assertThat(e).hasMessageContaining("nothing was counted");
            for (String part : said) {
                assertThat(e).hasMessageContaining(part);
            }
        });
    }

    static Stream<Arguments> badKeys() {
        return Stream.of(
                Arguments.of(null, "the key is null"),
                Arguments.of("", "the key is empty; a key has 1 to 16 bytes of UTF-8"),
                Arguments.of("x".repeat(17), "the key has 17 bytes of UTF-8; at most 16 are allowed (maxKeyBytes)"),
                Arguments.of("\u00e4".repeat(9), "the key has 18 bytes of UTF-8; at most 16"),
                Arguments.of("\u20ac".repeat(6), "the key has 18 bytes"),
                Arguments.of("\ud83d\ude00".repeat(5), "the key has 20 bytes"),
                Arguments.of("a\0b", "NUL character at index 1"),
                Arguments.of("a\ud800", "unpaired surrogate (\\ud800) at index 1"),
                Arguments.of("\ud800b", "unpaired surrogate (\\ud800) at index 0"),
                Arguments.of("a\udc00b", "unpaired surrogate (\\udc00) at index 1"),
                Arguments.of("\ud800\ud800\udc00", "unpaired surrogate (\\ud800) at index 0"));
    }

    @ParameterizedTest
    @MethodSource("badKeys")
    void bad_keys_are_rejected_by_every_way_in(String key, String said) {
        rejected(() -> cache.increment(key), Reason.INVALID_KEY, said);
        rejected(() -> cache.add(key, 5), Reason.INVALID_KEY, said);
        rejected(() -> cache.add(key, 0), Reason.INVALID_KEY, said);
        rejected(() -> cache.add(key, 1L << 50), Reason.INVALID_KEY, said);
        rejected(() -> cache.add(key, -(1L << 60)), Reason.INVALID_KEY, said);
        rejected(() -> cache.addAsync(key, 5), Reason.INVALID_KEY, said);
        rejected(() -> cache.counter(key), Reason.INVALID_KEY, said);
        Map<String, Long> bulk = new LinkedHashMap<>();
        bulk.put("good", 1L);
        bulk.put(key, 2L);
        bulk.put("good too", 1L);
        rejected(() -> cache.addAll(bulk), Reason.INVALID_KEY, said);
        assertThat(cache.stats().waiters()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "610062",
                "80",
                "c080",
                "c1bf",
                "e09fbf",
                "f08fbfbf",
                "eda080",
                "edbfbf",
                "f4908080",
                "ff",
                "c3",
                "e282",
                "f09f98",
                "c328",
                "e22882",
                "f09f2880",
                "6161616161616161616161616161616161"
            })
    void bad_bytes_are_rejected_whatever_the_delta(String hex) {
        byte[] padded = HexFormat.of().parseHex("3c" + hex + "3e");
        int length = padded.length - 2;
        for (long delta : new long[] {0, 1, -1, 1L << 50}) {
            rejected(() -> cache.add(padded, 1, length, delta), Reason.INVALID_KEY, "the key");
        }
    }

    @Test
    void bytes_outside_of_their_array_are_the_callers_mistake() {
        byte[] bytes = new byte[4];
        Arrays.fill(bytes, (byte) 'a');
        for (int[] range :
                new int[][] {{-1, 2}, {0, 5}, {4, 1}, {0, -1}, {Integer.MAX_VALUE, 1}, {1, Integer.MAX_VALUE}}) {
            assertThatThrownBy(() -> cache.add(bytes, range[0], range[1], 1))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("length 4");
        }
        assertThatThrownBy(() -> cache.add((byte[]) null, 0, 1, 1)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> cache.addAll((Map<String, Long>) null)).isInstanceOf(NullPointerException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE, (1L << 60) + 1, -(1L << 60) - 1})
    void deltas_out_of_range_are_rejected_by_every_way_in(long delta) {
        String[] said = {"the delta is " + delta, "from -2^60 to 2^60"};
        rejected(() -> cache.add("a", delta), Reason.INVALID_DELTA, said);
        rejected(() -> cache.add(new byte[] {'a'}, 0, 1, delta), Reason.INVALID_DELTA, said);
        rejected(() -> cache.addAsync("a", delta), Reason.INVALID_DELTA, said);
        rejected(() -> cache.addAll(Map.of("a", 1L, "b", delta)), Reason.INVALID_DELTA, said);
    }

    @Test
    void a_handle_rejects_what_the_cache_rejects() throws Exception {
        Counter counter = cache.counter("a");
        rejected(() -> counter.add(Long.MAX_VALUE), Reason.INVALID_DELTA, "the delta is " + Long.MAX_VALUE);
        counter.add(0);
        counter.close();
        counter.close();
        rejected(counter::increment, Reason.CLOSED, "the handle of key \"a\" was closed");
        cache.flush(LONG);
    }

    @Test
    void null_deltas_in_a_bulk_are_rejected_by_name() {
        Map<String, Long> bulk = new HashMap<>();
        bulk.put("a", 1L);
        bulk.put("b", null);
        rejected(() -> cache.addAll(bulk), Reason.INVALID_DELTA, "the delta of key \"b\" is null");
    }

    @Test
    void deltas_of_zero_do_nothing_and_take_no_room() throws Exception {
        cache.add("a", 0);
        cache.add(new byte[] {'a'}, 0, 1, 0);
        cache.addAll(Map.of("a", 0L));
        cache.addAll(Map.of());
        var stage = cache.addAsync("a", 0).toCompletableFuture();
        cache.flush(LONG);
        stage.get();
    }

    @Test
    void timeouts_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> cache.flush(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the timeout is PT0S; more than zero is needed");
        assertThatThrownBy(() -> cache.flush(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the timeout is PT-1S; it cannot be negative");
        assertThatThrownBy(() -> cache.close(Duration.ofSeconds(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    static Stream<Arguments> badSettings() {
        return Stream.of(
                setting(b -> b.name(""), "the length of the name is 0; 1 to 60 is allowed"),
                setting(b -> b.name("x".repeat(61)), "the length of the name is 61; 1 to 60"),
                setting(b -> b.flushInterval(Duration.ZERO), "flushInterval is PT0S; PT0.001S to PT1H is allowed"),
                setting(b -> b.flushInterval(Duration.ofNanos(999_999)), "flushInterval is PT0.000999999S"),
                setting(b -> b.flushInterval(Duration.ofHours(2)), "flushInterval is PT2H"),
                setting(b -> b.flushInterval(Duration.ofSeconds(-1)), "flushInterval is PT-1S"),
                setting(b -> b.maxKeys(0), "maxKeys is 0; 1 to 100000000 is allowed"),
                setting(b -> b.maxKeys(100_000_001), "maxKeys is 100000001"),
                setting(b -> b.maxKeys(-5), "maxKeys is -5"),
                setting(b -> b.maxKeyBytes(0), "maxKeyBytes is 0; 1 to 1024 is allowed"),
                setting(b -> b.maxKeyBytes(1_025), "maxKeyBytes is 1025"),
                setting(b -> b.batchKeys(0), "batchKeys is 0; 1 to 100000 is allowed"),
                setting(b -> b.batchKeys(100_001), "batchKeys is 100001"),
                setting(b -> b.maxPendingBytes(1_023), "maxPendingBytes is 1023; 1024 to 1099511627776 is allowed"),
                setting(b -> b.maxPendingBytes(Long.MAX_VALUE), "maxPendingBytes is 9223372036854775807"),
                setting(b -> b.retain(Duration.ofSeconds(-1), 0), "the time to retain is PT-1S; PT0S to PT24H"),
                setting(b -> b.retain(Duration.ofDays(2), 0), "the time to retain is PT48H"),
                setting(b -> b.retain(Duration.ZERO, -1), "the bytes to retain is -1; 0 to 1099511627776"),
                setting(b -> b.ledgerCheckInterval(Duration.ofMillis(9)), "ledgerCheckInterval is PT0.009S; PT0.01S"),
                setting(b -> b.ledgerCheckInterval(Duration.ofHours(2)), "ledgerCheckInterval is PT2H"),
                setting(b -> b.retryBackoff(Duration.ZERO, Duration.ofSeconds(1)), "the first wait is PT0S; PT0.001S"),
                setting(
                        b -> b.retryBackoff(Duration.ofSeconds(2), Duration.ofSeconds(1)),
                        "the first wait is PT2S; PT0.001S to PT1S is allowed"),
                setting(
                        b -> b.retryBackoff(Duration.ofSeconds(1), Duration.ofMinutes(11)),
                        "the longest wait is PT11M; PT0.001S to PT10M is allowed"),
                setting(b -> b.maxWaiters(0), "maxWaiters is 0; 1 to 10000000 is allowed"),
                setting(b -> b.maxWaiters(10_000_001), "maxWaiters is 10000001"),
                setting(b -> LimitPolicy.block(Duration.ZERO), "the timeout is PT0S; more than zero and at most PT10M"),
                setting(b -> LimitPolicy.block(Duration.ofSeconds(-1)), "the timeout is PT-1S"),
                setting(b -> LimitPolicy.block(Duration.ofMinutes(11)), "the timeout is PT11M"),
                setting(
                        b -> b.onLimit(LimitPolicy.overflowTo("")).build(),
                        "the overflow key is not allowed: the key is empty"),
                setting(
                        b -> b.maxKeyBytes(4)
                                .onLimit(LimitPolicy.overflowTo("other"))
                                .build(),
                        "the overflow key is not allowed: the key has 5 bytes"));
    }

    private static Arguments setting(Consumer<CounterCacheBuilder> call, String said) {
        return Arguments.of(said, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badSettings")
    void settings_out_of_bounds_are_refused_with_the_bounds(String said, Consumer<CounterCacheBuilder> call) {
        assertThatThrownBy(() -> call.accept(CounterCache.builder(sink)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(said);
    }

    @Test
    void missing_settings_are_refused() {
        assertThatThrownBy(() -> CounterCache.builder(null)).isInstanceOf(NullPointerException.class);
        CounterCacheBuilder builder = CounterCache.builder(sink);
        for (Runnable call : new Runnable[] {
            () -> builder.alsoTo(null),
            () -> builder.bestEffortTo(null),
            () -> builder.name(null),
            () -> builder.flushInterval(null),
            () -> builder.retain(null, 1),
            () -> builder.onLimit(null),
            () -> builder.listener(null),
            () -> builder.callbackExecutor(null),
            () -> LimitPolicy.overflowTo(null)
        }) {
            assertThatThrownBy(call::run).isInstanceOf(NullPointerException.class);
        }
    }
}
