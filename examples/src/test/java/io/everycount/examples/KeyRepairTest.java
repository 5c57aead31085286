// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyRepairTest {
    private final KeyRepair repair = new KeyRepair(16);

    @Test
    void aGoodKeyStaysAsItIs() {
        assertThat(repaired("/a/path".getBytes(StandardCharsets.UTF_8))).isEqualTo("/a/path");
        assertThat(repaired("/grün/€/😀".getBytes(StandardCharsets.UTF_8))).isEqualTo("/grün/€/😀");
        assertThat(repair.shortened()).isZero();
        assertThat(repair.replaced()).isZero();
    }

    @Test
    void aLongKeyEndsInAnEllipsis() {
        assertThat(repaired("0123456789abcdefg".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("0123456789abc…");
        assertThat(repair.shortened()).isEqualTo(1);
        assertThat(repair.replaced()).isZero();
    }

    @Test
    void aLongKeyIsNotCutWithinACharacter() {
        assertThat(repaired("0123456789ab€€€€".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("0123456789ab…");
        assertThat(repair.shortened()).isEqualTo(1);
        assertThat(repair.replaced()).isZero();
    }

    @Test
    void bytesThatAreNotUtf8AreReplaced() {
        assertThat(repaired(new byte[] {'a', (byte) 0xff, 'b'})).isEqualTo("a\uFFFDb");
        assertThat(repaired(new byte[] {'a', 0, 'b'})).isEqualTo("a\uFFFDb");
        assertThat(repair.replaced()).isEqualTo(2);
        assertThat(repair.shortened()).isZero();
    }

    @Test
    void whateverComesInAValidKeyComesOut() {
        Random random = new Random(42);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[1 + random.nextInt(40)];
            random.nextBytes(bytes);
            String key = repaired(bytes);
            byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
            assertThat(utf8.length).isBetween(1, 16);
            assertThat(key).doesNotContain("\0").isEqualTo(new String(utf8, StandardCharsets.UTF_8));
        }
    }

    private String repaired(byte[] bytes) {
        byte[] around = new byte[bytes.length + 2];
        System.arraycopy(bytes, 0, around, 1, bytes.length);
        KeySpan key = new KeySpan();
        key.set(around, 1, 1 + bytes.length);
        repair.repair(key);
        return new String(key.bytes, key.offset, key.length, StandardCharsets.UTF_8);
    }
}
