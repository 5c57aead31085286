// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the frames of one segment after the other. It trusts no length before it has seen that the file is that long,
 * and nothing else before the checksum says so. Not thread-safe.
 */
final class SegmentReader {
    private static final int READ_BYTES = 1 << 20;

    private byte[] buffer = {};
    private long bufferStart;
    private int bufferLength;

    private JournalFiles.@Nullable JournalFile file;
    private @Nullable FrameChecksum checksum;
    private long size;

    /** The frame that was found last: where in the file, where in the buffer, how long. */
    private long offset;

    private int at;
    private int length;
    private int entry;

    /** Turns to a segment. */
    void open(JournalFiles.JournalFile segment, FrameChecksum checksumOfIt) throws IOException {
        file = segment;
        checksum = checksumOfIt;
        size = segment.size();
        int useful = (int) Math.min(READ_BYTES, Math.max(size, SegmentFormat.HEADER_BYTES));
        if (buffer.length < useful) {
            buffer = new byte[useful];
        }
        bufferStart = 0;
        bufferLength = 0;
    }

    /** Whether a valid frame begins there; if so, it is the one that the other methods speak of. */
    boolean find(long position) throws IOException {
        if (size - position < SegmentFormat.FRAME_HEADER_BYTES) {
            return false;
        }
        int start = load(position, SegmentFormat.FRAME_HEADER_BYTES);
        int frameLength = SegmentFormat.intAt(buffer, start);
        if (frameLength < SegmentFormat.FRAME_HEADER_BYTES
                || frameLength > SegmentFormat.FRAME_BYTES_MAX
                || (frameLength & 7) != 0
                || frameLength > size - position) {
            return false;
        }
        start = load(position, frameLength);
        if (checksum == null || checksum.of(buffer, start, frameLength) != SegmentFormat.intAt(buffer, start + 4)) {
            return false;
        }
        offset = position;
        at = start;
        length = frameLength;
        return true;
    }

    /** Goes to the next valid frame at or behind a position; false if there is none in the segment. */
    boolean search(long from) throws IOException {
        long position = from + 7 & -8L;
        while (size - position >= SegmentFormat.FRAME_HEADER_BYTES) {
            int start = load(position, SegmentFormat.FRAME_HEADER_BYTES);
            int zeros = start;
            while (zeros + 8 <= bufferLength && SegmentFormat.longAt(buffer, zeros) == 0) {
                zeros += 8;
            }
            if (zeros > start) {
                position += zeros - start;
            } else if (find(position)) {
                return true;
            } else {
                position += 8;
            }
        }
        return false;
    }

    /** Where the frame begins. */
    long offset() {
        return offset;
    }

    /** Where it ends. */
    long end() {
        return offset + length;
    }

    byte kind() {
        return buffer[at + 8];
    }

    long applied() {
        return SegmentFormat.longAt(buffer, at + 16);
    }

    long from() {
        return SegmentFormat.longAt(buffer, at + 24);
    }

    long number() {
        return SegmentFormat.longAt(buffer, at + 32);
    }

    long digest() {
        return SegmentFormat.longAt(buffer, at + 40);
    }

    int pieceIndex() {
        return SegmentFormat.intAt(buffer, at + 56);
    }

    int pieceCount() {
        return SegmentFormat.intAt(buffer, at + 60);
    }

    /** What the frame holds; null if that is no record, although the checksum is right. */
    @Nullable
    JournalRecord record(KeyCache cache) {
        int count = SegmentFormat.intAt(buffer, at + 12);
        // Each entry takes two bytes at least.
        if (count < 0 || count > length / 2 || from() < 0 || number() <= from()) {
            return null;
        }
        byte[][] keys = new byte[count][];
        long[] deltas = new long[count];
        int end = at + length;
        entry = at + SegmentFormat.FRAME_HEADER_BYTES;
        for (int i = 0; i < count; i++) {
            long keyLength = varint(end);
            if (keyLength < 0 || keyLength > end - entry) {
                return null;
            }
            keys[i] = cache.get(buffer, entry, (int) keyLength);
            entry += (int) keyLength;
            long delta = varint(end);
            if (entry > end) {
                return null;
            }
            deltas[i] = delta >>> 1 ^ -(delta & 1);
        }
        return new JournalRecord(from(), number(), digest(), keys, deltas, SegmentFormat.longAt(buffer, at + 48));
    }

    /** The next varint; leaves {@link #entry} behind the end if there is none. */
    private long varint(int end) {
        long value = 0;
        for (int shift = 0; shift < 64 && entry < end; shift += 7) {
            byte b = buffer[entry++];
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return value;
            }
        }
        entry = end + 1;
        return 0;
    }

    /** Makes bytes of the file that are there available, and returns where in the buffer they begin. */
    private int load(long position, int wanted) throws IOException {
        if (position >= bufferStart && position + wanted <= bufferStart + bufferLength) {
            return (int) (position - bufferStart);
        }
        int kept = 0;
        if (position >= bufferStart && position < bufferStart + bufferLength) {
            kept = (int) (bufferStart + bufferLength - position);
            System.arraycopy(buffer, bufferLength - kept, buffer, 0, kept);
        }
        if (wanted > buffer.length) {
            buffer = Arrays.copyOf(buffer, wanted);
        }
        bufferStart = position;
        bufferLength = kept;
        int most = (int) Math.min(buffer.length, size - position);
        ByteBuffer into = ByteBuffer.wrap(buffer, kept, most - kept);
        if (file == null) {
            throw new IllegalStateException("no segment is open");
        }
        file.read(into, position + kept);
        if (into.hasRemaining()) {
            throw new IOException("the file became shorter while it was read");
        }
        bufferLength = most;
        return 0;
    }
}
