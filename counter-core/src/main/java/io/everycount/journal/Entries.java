// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import io.everycount.cell.SipHash;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a record, distinct, UTF-8, in no particular order, and one delta for each, never 0. Immutable and
 * thread-safe.
 *
 * <p>They are kept as a frame has them, see {@link SegmentFormat}, in one array: there can be a million of them for
 * minutes, and as objects they would be copied by the garbage collector again and again.
 */
public final class Entries {
    private final byte[] bytes;
    private final int start;
    private final int end;
    private final int size;
    private final long deltaSum;
    private final long keyBytes;

    private Entries(byte[] bytes, int start, int end, int size, long deltaSum, long keyBytes) {
        this.bytes = bytes;
        this.start = start;
        this.end = end;
        this.size = size;
        this.deltaSum = deltaSum;
        this.keyBytes = keyBytes;
    }

    /**
     * Of keys, and a delta for each.
     *
     * @throws IllegalArgumentException if there is not one delta for each key
     */
    public static Entries of(byte[][] keys, long[] deltas) {
        if (keys.length != deltas.length) {
            throw new IllegalArgumentException(keys.length + " keys but " + deltas.length + " deltas");
        }
        Packer packer = new Packer();
        for (int i = 0; i < keys.length; i++) {
            packer.add(keys[i], deltas[i]);
        }
        return packer.take();
    }

    /** The entries in a part of an array that stays as it is; null if there are not so many. */
    static @Nullable Entries in(byte[] bytes, int start, int end, int size) {
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
            keyBytes += cursor.keyEnd - cursor.keyStart;
        }
        return new Entries(bytes, start, cursor.at, size, deltaSum, keyBytes);
    }

    /** How many there are. */
    public int size() {
        return size;
    }

    /** How long all of them are together, as a frame has them, in bytes. */
    public int bytes() {
        return end - start;
    }

    /** How long all keys are together, in bytes. */
    public long keyBytes() {
        return keyBytes;
    }

    /** Of all deltas, modulo 2^64. */
    public long deltaSum() {
        return deltaSum;
    }

    /** Goes through them. */
    public Cursor cursor() {
        return new Cursor(bytes, start, end);
    }

    /** The delta of a key; 0 if it has none. Looks at all keys. */
    public long delta(byte[] key) {
        Cursor cursor = cursor();
        while (cursor.next()) {
            int length = cursor.keyEnd - cursor.keyStart;
            if (length == key.length && Arrays.equals(bytes, cursor.keyStart, cursor.keyEnd, key, 0, length)) {
                return cursor.delta;
            }
        }
        return 0;
    }

    /** Adds each delta to the sum of its key. */
    public void addTo(Map<String, Long> sums) {
        Cursor cursor = cursor();
        while (cursor.next()) {
            sums.merge(cursor.keyText(), cursor.delta, Long::sum);
        }
    }

    /** Adds their number, and then each key and its delta. */
    void feed(SipHash hash) {
        hash.update(size);
        Cursor cursor = cursor();
        while (cursor.next()) {
            hash.update(bytes, cursor.keyStart, cursor.keyEnd - cursor.keyStart).update(cursor.delta);
        }
    }

    /** Copies {@link #bytes} bytes, as a frame has them. */
    void copyTo(byte[] into, int at) {
        System.arraycopy(bytes, start, into, at, end - start);
    }

    /** Makes entries of keys and deltas. Not thread-safe. */
    public static final class Packer {
        private static final int VARINT_BYTES_MAX = 10;

        private byte[] bytes = new byte[1 << 10];
        private int at;
        private int size;
        private long deltaSum;
        private long keyBytes;

        /** Begins with none. */
        public Packer() {}

        /** How many there are since the last {@link #take}. */
        public int size() {
            return size;
        }

        /**
         * Adds one more.
         *
         * @param key not there yet; is copied
         * @param delta not 0
         */
        public void add(byte[] key, long delta) {
            add(key, 0, key.length, delta);
        }

        /** As {@link #add(byte[], long)}, with a key that is a part of an array. */
        public void add(byte[] source, int start, int end, long delta) {
            int length = end - start;
            int room = Math.addExact(at, length + 2 * VARINT_BYTES_MAX);
            if (room > bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.max(room, Math.min(2L * bytes.length, 1 << 30)));
            }
            putVarint(length);
            System.arraycopy(source, start, bytes, at, length);
            at += length;
            putVarint(delta << 1 ^ delta >> 63);
            size++;
            deltaSum += delta;
            keyBytes += length;
        }

        private void putVarint(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                bytes[at++] = (byte) (rest | 0x80);
                rest >>>= 7;
            }
            bytes[at++] = (byte) rest;
        }

        /** Those that were added; from here on there are none. */
        public Entries take() {
            Entries taken = new Entries(Arrays.copyOf(bytes, at), 0, at, size, deltaSum, keyBytes);
            at = 0;
            size = 0;
            deltaSum = 0;
            keyBytes = 0;
            return taken;
        }
    }

    /** Goes from one entry to the next. Not thread-safe. */
    public static final class Cursor {
        private final byte[] bytes;
        private final int end;
        private int at;
        private int keyStart;
        private int keyEnd;
        private long delta;

        private Cursor(byte[] bytes, int start, int end) {
            this.bytes = bytes;
            this.at = start;
            this.end = end;
        }

        /** Goes to the next one; false if there is none. */
        public boolean next() {
            long length = varint();
            if (length < 0 || length > end - at) {
                return false;
            }
            keyStart = at;
            keyEnd = at + (int) length;
            at = keyEnd;
            long zigzag = varint();
            delta = zigzag >>> 1 ^ -(zigzag & 1);
            return at <= end;
        }

        /** The array with all keys; to be read only. */
        public byte[] bytes() {
            return bytes;
        }

        /** Where this one's key begins in it. */
        public int keyStart() {
            return keyStart;
        }

        /** Where it ends, exclusively. */
        public int keyEnd() {
            return keyEnd;
        }

        /** This one's key, as a new array. */
        public byte[] key() {
            return Arrays.copyOfRange(bytes, keyStart, keyEnd);
        }

        /** This one's key as a String. */
        public String keyText() {
            return new String(bytes, keyStart, keyEnd - keyStart, StandardCharsets.UTF_8);
        }

        /** This one's delta. */
        public long delta() {
            return delta;
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
