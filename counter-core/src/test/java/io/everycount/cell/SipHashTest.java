// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SipHashTest {
    private static final long K0 = 0x0706050403020100L;
    private static final long K1 = 0x0f0e0d0c0b0a0908L;

    /** SipHash as the paper gives it: c rounds for each word, d at the end. */
    private static long reference(int c, int d, long k0, long k1, long... words) {
        long[] v = {
            k0 ^ 0x736f6d6570736575L, k1 ^ 0x646f72616e646f6dL, k0 ^ 0x6c7967656e657261L, k1 ^ 0x7465646279746573L
        };
        for (long word : words) {
            v[3] ^= word;
            for (int i = 0; i < c; i++) {
                round(v);
            }
            v[0] ^= word;
        }
        v[2] ^= 0xff;
        for (int i = 0; i < d; i++) {
            round(v);
        }
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }

    private static void round(long[] v) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = Long.rotateLeft(v[1], 13);
        v[3] = Long.rotateLeft(v[3], 16);
        v[1] ^= v[0];
        v[3] ^= v[2];
        v[0] = Long.rotateLeft(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = Long.rotateLeft(v[1], 17);
        v[3] = Long.rotateLeft(v[3], 21);
        v[1] ^= v[2];
        v[3] ^= v[0];
        v[2] = Long.rotateLeft(v[2], 32);
    }

    @Test
    void the_reference_gives_the_papers_known_answer() {
        // Appendix A: SipHash-2-4 of the bytes 00 to 0e.
        assertThat(reference(2, 4, K0, K1, 0x0706050403020100L, 0x0f0e0d0c0b0a0908L))
                .isEqualTo(0xa129ca6149be45e5L);
    }

    @Test
    void agrees_with_the_reference_on_words_bytes_and_strings() {
        Random random = new Random(3);
        for (int n = 0; n < 10_000; n++) {
            long k0 = random.nextLong();
            long k1 = random.nextLong();
            byte[] bytes = new byte[random.nextInt(30)];
            random.nextBytes(bytes);
            long word = random.nextLong();
            int whole = bytes.length / 8;
            long[] words = new long[whole + 4];
            words[0] = bytes.length;
            for (int i = 0; i < bytes.length; i++) {
                words[1 + i / 8] |= (bytes[i] & 0xffL) << i % 8 * 8;
            }
            words[whole + 2] = word;
            words[whole + 3] = (long) (whole + 3) << 56;
            byte[] shifted = new byte[bytes.length + 3];
            System.arraycopy(bytes, 0, shifted, 2, bytes.length);
            assertThat(new SipHash(k0, k1)
                            .update(shifted, 2, bytes.length)
                            .update(word)
                            .finish())
                    .isEqualTo(reference(1, 3, k0, k1, words));
        }
    }

    @Test
    void strings_are_hashed_by_their_chars() {
        String s = "k\u00e4\ud83d\ude00yz";
        long[] words = new long[4];
        words[0] = s.length();
        for (int i = 0; i < s.length(); i++) {
            words[1 + i / 4] |= (long) s.charAt(i) << i % 4 * 16;
        }
        words[3] = 3L << 56;
        assertThat(new SipHash(K0, K1).update(s).finish()).isEqualTo(reference(1, 3, K0, K1, words));
    }

    @Test
    void two_inputs_in_a_row_cannot_run_into_each_other() {
        Set<Long> hashes = new HashSet<>();
        byte[] bytes = "aaaaaaaaaaaaaaaaaaaa".getBytes(StandardCharsets.UTF_8);
        for (int split = 0; split <= bytes.length; split++) {
            hashes.add(new SipHash(K0, K1)
                    .update(bytes, 0, split)
                    .update(bytes, split, bytes.length - split)
                    .finish());
        }
        assertThat(hashes).hasSize(bytes.length + 1);
    }

    @Test
    void another_key_gives_other_hashes() {
        Set<Long> hashes = new HashSet<>();
        for (long k = 0; k < 1_000; k++) {
            hashes.add(new SipHash(k, 0).update("key").finish());
            hashes.add(new SipHash(0, ~k).update("key").finish());
        }
        assertThat(hashes).hasSize(2_000);
    }

    @Test
    void the_quick_hash_spreads_keys_of_every_length() {
        for (int length = 1; length <= 40; length++) {
            Set<Integer> slots = new HashSet<>();
            byte[] key = new byte[length];
            for (int i = 0; i < 256; i++) {
                key[length - 1] = (byte) i;
                key[0] ^= (byte) (length > 1 ? i : 0);
                slots.add(FastHash.hash(key, 0, length, 42) & 1023);
            }
            // 256 balls in 1,024 bins leave about 226 bins taken.
            assertThat(slots.size()).as("length %d", length).isGreaterThan(190);
        }
    }
}
