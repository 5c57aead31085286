// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds the frames of one segment after the other. It trusts no length before it has seen that the file is that long,
 * and nothing else before the checksum says so. Not thread-safe.
 */
final class SegmentReader {
    private static final int READ_BYTES_MIN = 1 << 16;

    /** With its header, an array of that length fills whole regions of a garbage collector that has such. */
    private static final int READ_BYTES_MAX = (1 << 22) - 64;

    private byte[] buffer = {};

    /** Records share the buffer, so it must not be written to again. */
    private boolean shared;

    private long bufferStart;
    private int bufferLength;

    private JournalFiles.@Nullable JournalFile file;
    private @Nullable FrameChecksum checksum;
    private long size;

    /** The frame that was found last: where in the file, where in the buffer, how long. */
    private long offset;

    private int at;
    private int length;

    /** Turns to a segment. */
    void open(JournalFiles.JournalFile segment, FrameChecksum checksumOfIt) throws IOException {
        file = segment;
        checksum = checksumOfIt;
        size = segment.size();
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
    JournalRecord record() {
        if (from() < 0 || number() <= from()) {
            return null;
        }
        shared = true;
        Entries entries = Entries.in(
                buffer, at + SegmentFormat.FRAME_HEADER_BYTES, at + length, SegmentFormat.intAt(buffer, at + 12));
        return entries == null
                ? null
                : new JournalRecord(from(), number(), digest(), entries, SegmentFormat.longAt(buffer, at + 48));
    }

    /**
     * How much to read from somewhere on: the more, the more was read before. So what the buffers take that are shared
     * by records is not much more than what the records take, and where it is much, it is in few, large arrays, which
     * garbage collectors do not move about.
     */
    private int useful(long position, int wanted) {
        long most = Math.max(READ_BYTES_MIN, Math.min(READ_BYTES_MAX, position));
        return (int) Math.max(wanted, Math.min(size - position, most));
    }

    /** Makes bytes of the file that are there available, and returns where in the buffer they begin. */
    private int load(long position, int wanted) throws IOException {
        if (position >= bufferStart && position + wanted <= bufferStart + bufferLength) {
            return (int) (position - bufferStart);
        }
        int kept = 0;
        if (position >= bufferStart && position < bufferStart + bufferLength) {
            kept = (int) (bufferStart + bufferLength - position);
        }
        byte[] before = buffer;
        int useful = useful(position, wanted);
        if (shared || buffer.length < useful) {
            buffer = new byte[useful];
            shared = false;
        }
        System.arraycopy(before, bufferLength - kept, buffer, 0, kept);
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
