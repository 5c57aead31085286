// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.cell.FastHash;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CoalescerTest {
    private static final BigInteger MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MAX = BigInteger.valueOf(Long.MAX_VALUE);

    @Test
    void sums_as_a_map_does_and_refuses_what_leaves_64_bits() {
        long seed = Long.getLong("everycount.seed", new Random().nextLong());
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            Coalescer coalescer = new Coalescer(random.nextInt(100));
            Map<String, BigInteger> model = new HashMap<>();
            int keys = 1 + random.nextInt(2_000);
            for (int i = 0; i < 3_000; i++) {
                String key = "k" + random.nextInt(keys);
                byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
                long delta = random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(100) - 50;
                BigInteger sum = model.getOrDefault(key, BigInteger.ZERO).add(BigInteger.valueOf(delta));
                boolean fits = sum.compareTo(MIN) >= 0 && sum.compareTo(MAX) <= 0;
                int known = coalescer.find(in(utf8), 1, 1 + utf8.length);
                assertThat(known >= 0).isEqualTo(model.containsKey(key));
                assertThat(known < 0 || coalescer.fits(known, delta))
                        .as("seed %d", seed)
                        .isEqualTo(fits);
                assertThat(coalescer.add(in(utf8), 1, 1 + utf8.length, delta))
                        .as("seed %d", seed)
                        .isEqualTo(fits);
                if (fits) {
                    model.put(key, sum);
                }
            }
            assertThat(coalescer.size()).isEqualTo(model.size());
            Map<String, Long> packed = new HashMap<>();
            coalescer.entries(0, coalescer.size()).addTo(packed);
            model.values().removeIf(sum -> sum.signum() == 0);
            assertThat(packed).as("seed %d", seed).hasSameSizeAs(model);
            packed.forEach((key, sum) -> assertThat(BigInteger.valueOf(sum)).isEqualTo(model.get(key)));
        }
    }

    /** Keys are parts of larger arrays. */
    private static byte[] in(byte[] key) {
        byte[] source = new byte[key.length + 2];
        System.arraycopy(key, 0, source, 1, key.length);
        return source;
    }

    @Test
    void keys_that_somebody_chose_to_collide_are_found_by_another_hash() {
        long seed = 42;
        Coalescer coalescer = new Coalescer(16, seed, 43);
        Map<String, Long> model = new HashMap<>();
        for (int i = 0; model.size() < 600; i++) {
            String key = "k" + i;
            byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
            if (FastHash.hash(utf8, 0, utf8.length, seed) >>> 21 == 0) {
                model.put(key, (long) i);
                assertThat(coalescer.add(in(utf8), 1, 1 + utf8.length, i - 1)).isTrue();
                assertThat(coalescer.add(in(utf8), 1, 1 + utf8.length, 1)).isTrue();
            }
        }
        assertThat(coalescer.isKeyed()).isTrue();
        assertThat(coalescer.size()).isEqualTo(model.size());
        model.values().removeIf(sum -> sum == 0);
        Map<String, Long> packed = new HashMap<>();
        coalescer.entries(0, coalescer.size()).addTo(packed);
        assertThat(packed).isEqualTo(model);
        model.forEach((key, sum) -> {
            byte[] utf8 = key.getBytes(StandardCharsets.UTF_8);
            assertThat(coalescer.sum(coalescer.find(utf8, 0, utf8.length))).isEqualTo(sum);
        });
    }

    @Test
    void ordinary_keys_need_no_other_hash() {
        Coalescer coalescer = new Coalescer(16);
        for (int i = 0; i < 300_000; i++) {
            byte[] utf8 = ("page:/item/" + i).getBytes(StandardCharsets.UTF_8);
            coalescer.add(utf8, 0, utf8.length, 1);
        }
        assertThat(coalescer.size()).isEqualTo(300_000);
        assertThat(coalescer.isKeyed()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "1, 2, 0", "1, 10, 0", "1, 200, 0", "1, 2147483647, 0", "1, 1, 1", "1, 50, 1"})
    void backoff_stays_within_its_bounds(int firstMillis, int failures, int fatal) {
        Random random = new Random(5);
        long max = 10_000_000_000L;
        long first = firstMillis * 1_000_000L;
        Backoff backoff = new Backoff(first, max, random);
        AtomicBoolean spread = new AtomicBoolean();
        long previous = -1;
        for (int i = 0; i < 1_000; i++) {
            long wait = backoff.nanos(failures, fatal == 1);
            double bound = Math.min((double) max, first * Math.pow(2, failures - 1));
            assertThat((double) wait).isBetween(fatal == 1 ? max / 2.0 : 0, fatal == 1 ? (double) max : bound);
            spread.compareAndSet(false, previous >= 0 && previous != wait);
            previous = wait;
        }
        assertThat(spread).isTrue();
    }
}
