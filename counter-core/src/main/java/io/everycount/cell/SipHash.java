// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

/**
 * SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) over a sequence of
 * 64-bit words. Not thread-safe; one object hashes one input.
 */
public final class SipHash {
    private long v0;
    private long v1;
    private long v2;
    private long v3;
    private long words;

    /**
     * @param k0 the first half of the key
     * @param k1 the second half of the key
     */
    public SipHash(long k0, long k1) {
        v0 = k0 ^ 0x736f6d6570736575L;
        v1 = k1 ^ 0x646f72616e646f6dL;
        v2 = k0 ^ 0x6c7967656e657261L;
        v3 = k1 ^ 0x7465646279746573L;
    }

    /** Adds one word. */
    public SipHash update(long word) {
        v3 ^= word;
        round();
        v0 ^= word;
        words++;
        return this;
    }

    /** Adds the length and then the bytes, so that two inputs in a row cannot run into each other. */
    public SipHash update(byte[] bytes, int offset, int length) {
        update(length);
        int end = offset + length;
        int i = offset;
        for (; i + 8 <= end; i += 8) {
            update(FastHash.longAt(bytes, i));
        }
        long tail = 0;
        for (int shift = 0; i < end; i++, shift += 8) {
            tail |= (bytes[i] & 0xffL) << shift;
        }
        return update(tail);
    }

    /** Adds the length and then the UTF-16 code units of a String. */
    public SipHash update(String s) {
        int length = s.length();
        update(length);
        int i = 0;
        for (; i + 4 <= length; i += 4) {
            update(s.charAt(i)
                    | (long) s.charAt(i + 1) << 16
                    | (long) s.charAt(i + 2) << 32
                    | (long) s.charAt(i + 3) << 48);
        }
        long tail = 0;
        for (int shift = 0; i < length; i++, shift += 16) {
            tail |= (long) s.charAt(i) << shift;
        }
        return update(tail);
    }

    /** The hash of everything added; the object is spent afterwards. */
    public long finish() {
        update(words << 56);
        v2 ^= 0xff;
        round();
        round();
        round();
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private void round() {
        v0 += v1;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v3;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v2 = Long.rotateLeft(v2, 32);
    }
}
