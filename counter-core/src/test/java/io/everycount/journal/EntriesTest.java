// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.everycount.cell.SipHash;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EntriesTest {
    private final long seed = Long.getLong("everycount.seed", new Random().nextLong());
    private final Random random = new Random(seed);

    @Test
    void what_goes_in_comes_out() {
        Entries.Packer packer = new Entries.Packer();
        for (int round = 0; round < 300; round++) {
            byte[][] keys = new byte[random.nextInt(round + 1)][];
            long[] deltas = new long[keys.length];
            long sum = 0;
            long keyBytes = 0;
            SipHash expected = new SipHash(1, 2).update(keys.length);
            for (int i = 0; i < keys.length; i++) {
                // All lengths around those where a length takes another byte, and deltas of all magnitudes.
                keys[i] = new byte[random.nextInt(4) == 0 ? 100 + random.nextInt(924) : 1 + random.nextInt(40)];
                random.nextBytes(keys[i]);
                deltas[i] = random.nextLong() >> random.nextInt(64);
                sum += deltas[i];
                keyBytes += keys[i].length;
                expected.update(keys[i], 0, keys[i].length).update(deltas[i]);
                packer.add(keys[i], deltas[i]);
            }
            assertThat(packer.size()).isEqualTo(keys.length);
            Entries entries = packer.take();
            assertThat(packer.size()).isZero();
            assertThat(entries.size()).as("seed %d", seed).isEqualTo(keys.length);
            assertThat(entries.deltaSum()).as("seed %d", seed).isEqualTo(sum);
            assertThat(entries.keyBytes()).as("seed %d", seed).isEqualTo(keyBytes);
            SipHash hash = new SipHash(1, 2);
            entries.feed(hash);
            assertThat(hash.finish()).as("seed %d", seed).isEqualTo(expected.finish());
            Entries.Cursor entry = entries.cursor();
            for (int i = 0; i < keys.length; i++) {
                assertThat(entry.next()).as("seed %d", seed).isTrue();
                assertThat(entry.key()).as("seed %d", seed).isEqualTo(keys[i]);
                assertThat(entry.delta()).as("seed %d", seed).isEqualTo(deltas[i]);
            }
            assertThat(entry.next()).isFalse();
        }
    }

    @Test
    void what_has_been_taken_stays_as_it_is() {
        Entries.Packer packer = new Entries.Packer();
        packer.add(utf8("a"), 1);
        Entries first = packer.take();
        packer.add(utf8("b"), 2);
        assertThat(sums(first)).containsExactly(Map.entry("a", 1L));
        assertThat(sums(packer.take())).containsExactly(Map.entry("b", 2L));
    }

    @Test
    void a_key_has_its_delta_and_another_one_has_none() {
        Entries entries = Entries.of(new byte[][] {utf8("ab"), utf8("\u65e5")}, new long[] {7, -3});
        assertThat(entries.delta(utf8("\u65e5"))).isEqualTo(-3);
        assertThat(entries.delta(utf8("ab"))).isEqualTo(7);
        assertThat(entries.delta(utf8("a"))).isZero();
        assertThat(sums(entries)).containsOnly(Map.entry("ab", 7L), Map.entry("\u65e5", -3L));
    }

    @Test
    void every_key_needs_a_delta() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Entries.of(new byte[2][], new long[1]))
                .withMessage("2 keys but 1 deltas");
    }

    private static Map<String, Long> sums(Entries entries) {
        Map<String, Long> sums = new HashMap<>();
        entries.addTo(sums);
        return sums;
    }

    private static byte[] utf8(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }
}
