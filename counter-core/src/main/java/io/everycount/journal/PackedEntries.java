// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import io.everycount.cell.SipHash;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Entries as a frame has them, see {@link SegmentFormat}. A start may find millions, most of which no sink will ask
 * for; so they are looked through once and made into objects when somebody needs them.
 */
final class PackedEntries implements Entries {
    private final byte[] bytes;
    private final int start;
    private final int end;
    private final int size;
    private final long deltaSum;
    private final long keyBytes;

    private PackedEntries(byte[] bytes, int start, int end, int size, long deltaSum, long keyBytes) {
        this.bytes = bytes;
        this.start = start;
        this.end = end;
        this.size = size;
        this.deltaSum = deltaSum;
        this.keyBytes = keyBytes;
    }

    /** The entries in a part of an array that stays as it is; null if there are not so many. */
    static @Nullable PackedEntries in(byte[] bytes, int start, int end, int size) {
        // Each entry takes two bytes at least.
        if (size < 0 || size > end - start >>> 1) {
            return null;
        }
        Cursor cursor = new Cursor(bytes, start, end);
        long deltaSum = 0;
        long keyBytes = 0;
        for (int i = 0; i < size; i++) {
            if (!cursor.next()) {
                return null;
            }
            deltaSum += cursor.delta;
            keyBytes += cursor.keyLength;
        }
        return new PackedEntries(bytes, start, cursor.at, size, deltaSum, keyBytes);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public byte[][] keys() {
        byte[][] keys = new byte[size][];
        Cursor cursor = new Cursor(bytes, start, end);
        for (int i = 0; cursor.next(); i++) {
            keys[i] = Arrays.copyOfRange(bytes, cursor.keyStart, cursor.keyStart + cursor.keyLength);
        }
        return keys;
    }

    @Override
    public long[] deltas() {
        long[] deltas = new long[size];
        Cursor cursor = new Cursor(bytes, start, end);
        for (int i = 0; cursor.next(); i++) {
            deltas[i] = cursor.delta;
        }
        return deltas;
    }

    @Override
    public long delta(byte[] key) {
        Cursor cursor = new Cursor(bytes, start, end);
        while (cursor.next()) {
            int from = cursor.keyStart;
            if (Arrays.equals(bytes, from, from + cursor.keyLength, key, 0, key.length)) {
                return cursor.delta;
            }
        }
        return 0;
    }

    @Override
    public long deltaSum() {
        return deltaSum;
    }

    @Override
    public long keyBytes() {
        return keyBytes;
    }

    @Override
    public void feed(SipHash hash) {
        hash.update(size);
        Cursor cursor = new Cursor(bytes, start, end);
        while (cursor.next()) {
            hash.update(bytes, cursor.keyStart, cursor.keyLength).update(cursor.delta);
        }
    }

    /** Goes from one entry to the next. */
    private static final class Cursor {
        private final byte[] bytes;
        private final int end;
        private int at;
        private int keyStart;
        private int keyLength;
        private long delta;

        Cursor(byte[] bytes, int start, int end) {
            this.bytes = bytes;
            this.at = start;
            this.end = end;
        }

        /** Whether there is a further one. */
        boolean next() {
            long length = varint();
            if (length < 0 || length > end - at) {
                return false;
            }
            keyLength = (int) length;
            keyStart = at;
            at += keyLength;
            long zigzag = varint();
            delta = zigzag >>> 1 ^ -(zigzag & 1);
            return at <= end;
        }

        /** The next varint; leaves {@link #at} behind the end if there is none. */
        private long varint() {
            long value = 0;
            for (int shift = 0; shift < 64 && at < end; shift += 7) {
                byte b = bytes[at++];
                value |= (b & 0x7fL) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            at = end + 1;
            return 0;
        }
    }
}
