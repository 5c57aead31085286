// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeyOrderTest {
    private final long seed = Long.getLong("everycount.seed", new Random().nextLong());
    private final Random random = new Random(seed);

    @Test
    void sorts_as_comparing_every_key_with_every_other_does() {
        for (int round = 0; round < 400; round++) {
            // Few letters and short parts, so that keys share beginnings of all lengths, up to whole keys.
            int letters = 1 + random.nextInt(3);
            int lengthMax = 1 + random.nextInt(random.nextInt(4) == 0 ? 60 : 12);
            byte[] prefix = letters(random.nextInt(20), 200);
            byte[][] keys = new byte[random.nextInt(round % 40 == 0 ? 10_000 : 700)][];
            for (int i = 0; i < keys.length; i++) {
                byte[] rest = letters(random.nextInt(lengthMax), letters);
                keys[i] = Arrays.copyOf(prefix, prefix.length + rest.length);
                System.arraycopy(rest, 0, keys[i], prefix.length, rest.length);
            }
            check(keys);
        }
    }

    @Test
    void keys_that_part_after_hundreds_of_bytes_are_sorted_too() {
        byte[][] keys = new byte[1_000][];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = new byte[1 + random.nextInt(1_024)];
            Arrays.fill(keys[i], (byte) 'a');
            keys[i][keys[i].length - 1] = (byte) random.nextInt(256);
        }
        check(keys);
    }

    @Test
    void keys_that_begin_with_another_one_and_go_on_with_zeros_are_sorted_too() {
        for (int size : new int[] {20, 300, 3_000}) {
            byte[][] keys = new byte[size][];
            keys[0] = new byte[] {'p'};
            keys[1] = Arrays.copyOf(keys[0], 12);
            for (int i = 2; i < size; i++) {
                byte[] rest = letters(1 + random.nextInt(20), 200);
                keys[i] = Arrays.copyOf(keys[0], 12 + rest.length);
                System.arraycopy(rest, 0, keys[i], 12, rest.length);
            }
            check(keys);
        }
    }

    @Test
    void a_key_that_is_there_twice_and_that_others_begin_with_is_seen() {
        byte[][] keys = new byte[100][];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = new byte[12 + i];
            keys[i][0] = 'p';
        }
        keys[7] = new byte[] {'p'};
        assertThat(order(keys).isStrict()).isTrue();
        keys[8] = keys[7].clone();
        assertThat(order(keys).isStrict()).isFalse();
    }

    @Test
    void no_keys_are_in_order() {
        assertThat(order(new byte[0][]).isStrict()).isTrue();
    }

    @Test
    void a_key_that_is_there_twice_is_seen() {
        for (int size : new int[] {2, 10, 100, 10_000}) {
            for (int round = 0; round < 40_000 / size; round++) {
                byte[][] keys = new byte[size][];
                for (int i = 0; i < size; i++) {
                    // Trailing zeros look like nothing at all in the digits.
                    keys[i] = Arrays.copyOf(Integer.toString(i).getBytes(), 8 + random.nextInt(9));
                }
                assertThat(order(keys).isStrict()).isTrue();
                int one = random.nextInt(size);
                int other = (one + 1 + random.nextInt(size - 1)) % size;
                keys[one] = keys[other].clone();
                assertThat(order(keys).isStrict()).as("seed %d", seed).isFalse();
            }
        }
    }

    /** Of keys one after the other in an array, with or without something in between, up to its end. */
    private KeyOrder order(byte[][] keys) {
        int gap = random.nextInt(3);
        int[] starts = new int[keys.length];
        int[] ends = new int[keys.length];
        int end = 0;
        for (int i = 0; i < keys.length; i++) {
            starts[i] = end + gap;
            end = starts[i] + keys[i].length;
            ends[i] = end;
        }
        byte[] bytes = new byte[end];
        random.nextBytes(bytes);
        for (int i = 0; i < keys.length; i++) {
            System.arraycopy(keys[i], 0, bytes, starts[i], keys[i].length);
        }
        return KeyOrder.of(bytes, starts, ends);
    }

    private byte[] letters(int length, int letters) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            int letter = random.nextInt(letters);
            bytes[i] = (byte) (letter == 0 ? random.nextInt(2) * 0xff : 0x7f + letter);
        }
        return bytes;
    }

    private void check(byte[][] keys) {
        int[] order = IntStream.range(0, keys.length).map(order(keys)::position).toArray();
        byte[][] sorted = new byte[keys.length][];
        for (int i = 0; i < keys.length; i++) {
            sorted[i] = keys[order[i]];
        }
        byte[][] expected = keys.clone();
        Arrays.sort(expected, Arrays::compareUnsigned);
        assertThat(sorted).as("seed %d", seed).isDeepEqualTo(expected);
        assertThat(Arrays.stream(order).distinct().count()).isEqualTo(keys.length);
    }
}
