// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a user sees of it; that it is a right sink is proven in counter-sink-testkit. */
class InMemorySinkTest {
    private final UUID instance = UUID.randomUUID();
    private final UUID owner = UUID.randomUUID();
    private final InMemorySink sink = new InMemorySink();
    private Mark mark = sink.register(new Registration(instance, owner, "test")).mark();

    private WriteResult write(String key, long delta) {
        Mark to = new Mark(mark.record() + 1, mark.digest() + 1);
        WriteResult result = sink.write(
                new CounterBatch(instance, owner, mark, to, new byte[][] {key.getBytes(UTF_8)}, new long[] {delta}));
        mark = to;
        return result;
    }

    @Test
    void itShowsTotals() {
        write("a", 2);
        write("a", 3);
        write("b", -1);
        assertThat(sink.total("a")).isEqualTo(5);
        assertThat(sink.total("never counted")).isZero();
        assertThat(sink.totals()).isEqualTo(Map.of("a", 5L, "b", -1L));
        assertThat(sink.delivery()).isEqualTo(CounterSink.Delivery.EXACTLY_ONCE);
    }

    @Test
    void theTotalsItHandsOutAreACopy() {
        Map<String, Long> before = sink.totals();
        write("a", 1);
        assertThat(before).isEmpty();
        assertThatThrownBy(() -> sink.totals().put("a", 2L)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void anOverflowInEitherDirectionIsQuarantinedAndTheTotalKept() {
        write("up", Long.MAX_VALUE);
        write("down", Long.MIN_VALUE);
        QuarantinedEntry up = write("up", 1).quarantined().get(0);
        QuarantinedEntry down = write("down", -1).quarantined().get(0);
        assertThat(up.reason()).isEqualTo("the total 9223372036854775807 would overflow");
        assertThat(sink.quarantined()).containsExactly(up, down);
        assertThat(sink.totals()).isEqualTo(Map.of("up", Long.MAX_VALUE, "down", Long.MIN_VALUE));
        assertThat(sink.quarantined(instance, 2, 3)).containsExactly(up);
    }

    @Test
    void itShowsGaps() {
        Gap gap = new Gap(instance, owner, mark, new Mark(9, 1), 4);
        assertThat(sink.declareGap(gap).isApplied()).isTrue();
        assertThat(sink.gaps()).containsExactly(gap);
        assertThat(sink.declareGap(gap).isApplied()).isFalse();
        assertThat(sink.gaps()).containsExactly(gap);
    }

    @Test
    void twoSinksAreTwoStores() {
        UUID storeId = sink.ledger(instance).orElseThrow().storeId();
        assertThat(new InMemorySink()
                        .register(new Registration(instance, owner, "other"))
                        .storeId())
                .isNotEqualTo(storeId);
    }
}
