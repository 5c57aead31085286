// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CounterBatchTest {
    private static final UUID INSTANCE = UUID.randomUUID();
    private static final UUID OWNER = UUID.randomUUID();
    private static final Mark TO = new Mark(1, 42);

    private static CounterBatch batch(long[] deltas, String... keys) {
        byte[][] bytes = Stream.of(keys).map(key -> key.getBytes(UTF_8)).toArray(byte[][]::new);
        return new CounterBatch(INSTANCE, OWNER, Mark.ORIGIN, TO, bytes, deltas);
    }

    @Test
    void itGivesBackWhatItWasMadeOf() {
        CounterBatch batch = batch(new long[] {1, -2}, "a", "\u65e5");
        assertThat(batch.instanceId()).isEqualTo(INSTANCE);
        assertThat(batch.ownerToken()).isEqualTo(OWNER);
        assertThat(batch.from()).isEqualTo(Mark.ORIGIN);
        assertThat(batch.to()).isEqualTo(TO);
        assertThat(batch.size()).isEqualTo(2);
        assertThat(batch.key(1)).isEqualTo("\u65e5");
        assertThat(batch.keyBytes(1)).isEqualTo("\u65e5".getBytes(UTF_8));
        assertThat(batch.delta(1)).isEqualTo(-2);
        assertThat(batch.keys()).containsExactly("a", "\u65e5");
        assertThat(batch.deltas()).containsExactly(1, -2);
    }

    @Test
    void whatItHandsOutCanBeChangedWithoutChangingIt() {
        CounterBatch batch = batch(new long[] {1}, "a");
        batch.keys()[0] = "b";
        batch.keyBytes(0)[0] = 'b';
        batch.deltas()[0] = 2;
        assertThat(batch.key(0)).isEqualTo("a");
        assertThat(batch.delta(0)).isEqualTo(1);
    }

    @Test
    void itMayBeEmpty() {
        assertThat(batch(new long[0]).size()).isZero();
    }

    private static CounterBatch joined(String keys, int... keyEnds) {
        return new CounterBatch(INSTANCE, OWNER, Mark.ORIGIN, TO, keys.getBytes(UTF_8), keyEnds, new long[] {1, -2});
    }

    @Test
    void itsKeysCanComeInOneArray() {
        CounterBatch batch = joined("aab", 1, 3);
        assertThat(batch.keys()).containsExactly("a", "ab");
        assertThat(batch.keyBytes(1)).isEqualTo("ab".getBytes(UTF_8));
        assertThat(batch.delta(1)).isEqualTo(-2);
    }

    @Test
    void itRefusesKeysThatAreNotTheWholeOfTheirArray() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> joined("aab", 1, 2))
                .withMessage("the keys end at 2 of 3 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> joined("aab", 1, 4))
                .withMessage("key 1 is from 1 to 4 of 3 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> joined("aab", 2, 1))
                .withMessage("key 1 is from 2 to 1 of 3 bytes");
        assertThatIllegalArgumentException().isThrownBy(() -> joined("aab", 3)).withMessage("1 keys but 2 deltas");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> joined("bab", 1, 3))
                .withMessage("keys 0 and 1 are not in ascending order");
    }

    @Test
    void itsKeysAreOrderedAsUnsignedBytesAndNotAsChars() {
        // U+FFFF is before U+1F600 in UTF-8 and after it in UTF-16.
        batch(new long[] {1, 2, 3, 4}, "a", "ab", "\uffff", "\ud83d\ude00");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> batch(new long[] {1, 2}, "\ud83d\ude00", "\uffff"))
                .withMessageContaining("ascending");
    }

    @Test
    void itRefusesAKeyTwice() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> batch(new long[] {1, 2, 3}, "a", "b", "b"))
                .withMessage("keys 1 and 2 are not in ascending order");
    }

    @Test
    void itRefusesADeltaTooFew() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> batch(new long[] {1}, "a", "b"))
                .withMessage("2 keys but 1 deltas");
    }

    @Test
    void itRefusesARangeWithoutRecords() {
        for (Mark to : new Mark[] {new Mark(5, 1), new Mark(4, 1)}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new CounterBatch(INSTANCE, OWNER, new Mark(5, 0), to, new byte[0][], new long[0]))
                    .withMessageContaining("has no records");
        }
    }
}
