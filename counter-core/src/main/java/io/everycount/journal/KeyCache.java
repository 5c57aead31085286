// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Gives equal keys of many records one array, as far as it remembers them: of two keys that want the same place, the
 * later has it. Not thread-safe.
 */
final class KeyCache {
    private static final int PLACES = 1 << 16;

    private final byte[] @Nullable [] keys = new byte @Nullable [PLACES][];

    byte[] get(byte[] from, int offset, int length) {
        int place = hash(from, offset, length) & PLACES - 1;
        byte[] known = keys[place];
        if (known != null && known.length == length && Arrays.equals(known, 0, length, from, offset, offset + length)) {
            return known;
        }
        byte[] key = Arrays.copyOfRange(from, offset, offset + length);
        keys[place] = key;
        return key;
    }

    /** Collisions cost memory and nothing else, so any quick hash will do. */
    private static int hash(byte[] from, int offset, int length) {
        long hash = length;
        int end = offset + length;
        int i = offset;
        for (; i + 8 <= end; i += 8) {
            hash = (hash ^ SegmentFormat.longAt(from, i)) * 0x9e3779b97f4a7c15L;
            hash ^= hash >>> 32;
        }
        for (; i < end; i++) {
            hash = (hash ^ from[i]) * 0x9e3779b97f4a7c15L;
        }
        return (int) (hash >>> 40);
    }
}
