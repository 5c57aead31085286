// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A quick seeded hash of short byte ranges by folded 64x64 multiplication (the idea of wyhash, Wang
 * Yi). It spreads well; against somebody who hunts for collisions a table falls back to
 * {@link SipHash}.
 */
public final class FastHash {
    private static final VarHandle LONG_AT =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_AT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long K0 = 0x9e3779b97f4a7c15L;
    private static final long K1 = 0xe7037ed1a0b428dbL;

    private FastHash() {}

    /** The eight bytes at an offset, the first one lowest. */
    public static long longAt(byte[] bytes, int offset) {
        return (long) LONG_AT.get(bytes, offset);
    }

    /** The hash of a range of bytes, which depends on the seed. */
    public static int hash(byte[] bytes, int offset, int length, long seed) {
        long h = seed ^ length * K0;
        int end = offset + length;
        if (length >= 8) {
            for (int i = offset; i < end - 8; i += 8) {
                h = fold(h ^ longAt(bytes, i), K1);
            }
            h = fold(h ^ longAt(bytes, end - 8), K1);
        } else if (length >= 4) {
            long first = (int) INT_AT.get(bytes, offset) & 0xffff_ffffL;
            long last = (int) INT_AT.get(bytes, end - 4) & 0xffff_ffffL;
            h = fold(h ^ (first << 32 | last), K1);
        } else if (length > 0) {
            long all = (bytes[offset] & 0xffL) << 16
                    | (bytes[offset + (length >> 1)] & 0xffL) << 8
                    | (bytes[end - 1] & 0xffL);
            h = fold(h ^ all, K1);
        }
        h = fold(h, K0);
        return (int) (h ^ h >>> 32);
    }

    private static long fold(long a, long b) {
        return Math.multiplyHigh(a, b) ^ a * b;
    }
}
