// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ByteCellsTest {
    private static final int LENGTH_MAX = 40;
    private static final int OFFSET = 3;

    @Test
    void keys_are_told_apart_by_any_one_byte_and_by_their_length() {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        for (int length = 0; length <= LENGTH_MAX; length++) {
            byte[] request = new byte[OFFSET + length + 1];
            random.nextBytes(request);
            byte[] key = Arrays.copyOfRange(request, OFFSET, OFFSET + length);
            assertThat(ByteCells.isKey(key, request, OFFSET, length)).isTrue();
            assertThat(ByteCells.isKey(key, request, OFFSET, length + 1)).isFalse();
            for (int position = 0; position < length; position++) {
                byte[] other = key.clone();
                other[position] ^= (byte) (1 << random.nextInt(Byte.SIZE));
                assertThat(ByteCells.isKey(other, request, OFFSET, length))
                        .as("length %d, byte %d", length, position)
                        .isFalse();
            }
        }
    }
}
