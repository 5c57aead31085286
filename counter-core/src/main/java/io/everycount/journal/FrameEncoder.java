// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Writes frames into memory, one behind the other. Not thread-safe. */
final class FrameEncoder {
    /** A buffer that grew beyond this for one large record is not kept. */
    private static final int KEPT_BYTES_MAX = 1 << 20;

    private byte[] bytes = new byte[1 << 14];
    private int size;

    void clear() {
        if (bytes.length > KEPT_BYTES_MAX) {
            bytes = new byte[1 << 14];
        }
        size = 0;
    }

    int size() {
        return size;
    }

    /** What was written since it was cleared; valid until something else is. */
    ByteBuffer content() {
        return ByteBuffer.wrap(bytes, 0, size);
    }

    void header(SegmentHeader header) {
        if (size != 0) {
            throw new IllegalStateException("a header is not the first");
        }
        begin(SegmentFormat.HEADER_BYTES, SegmentFormat.HEADER_BYTES);
        header.encode(bytes);
        size = SegmentFormat.HEADER_BYTES;
    }

    /** A frame that notes what was applied, and that a record is the last. */
    void note(FrameChecksum checksum, long applied, long number, long digest) {
        int start = begin(SegmentFormat.FRAME_HEADER_BYTES, SegmentFormat.FRAME_HEADER_BYTES);
        putHeader(start, SegmentFormat.NOTE, applied, number, number, digest, 0);
        seal(start, start + SegmentFormat.FRAME_HEADER_BYTES, checksum);
    }

    /** A frame with a record that follows the one before. */
    void record(FrameChecksum checksum, long applied, JournalRecord record) {
        int start = beginEntries(record);
        putHeader(
                start,
                SegmentFormat.RECORD,
                applied,
                record.from(),
                record.number(),
                record.digest(),
                record.sinceMillis());
        seal(start, putEntries(start, record), checksum);
    }

    /** A frame with one of the pieces of a set. */
    void piece(byte kind, FrameChecksum checksum, long applied, JournalRecord piece, int index, int count) {
        int start = beginEntries(piece);
        putHeader(start, kind, applied, piece.from(), piece.number(), piece.digest(), piece.sinceMillis());
        SegmentFormat.putInt(bytes, start + 56, index);
        SegmentFormat.putInt(bytes, start + 60, count);
        seal(start, putEntries(start, piece), checksum);
    }

    /** Refuses a record that does not fit into a frame. */
    static void requireFits(JournalRecord record) {
        long length = length(record);
        if (length > SegmentFormat.FRAME_BYTES_MAX) {
            throw new IllegalArgumentException("record " + record.number() + " takes " + length
                    + " bytes; a journal takes up to " + SegmentFormat.FRAME_BYTES_MAX);
        }
    }

    private static long length(JournalRecord record) {
        return SegmentFormat.FRAME_HEADER_BYTES + (long) record.entries().bytes();
    }

    private int beginEntries(JournalRecord record) {
        requireFits(record);
        return begin(SegmentFormat.padded((int) length(record)), SegmentFormat.FRAME_HEADER_BYTES);
    }

    /** Makes room, zeroes the first bytes of it, and returns where it starts. */
    private int begin(int room, int zeroed) {
        if (bytes.length - size < room) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, room), (int) Math.min(1L << 30, 2L * size)));
        }
        Arrays.fill(bytes, size, size + zeroed, (byte) 0);
        return size;
    }

    private void putHeader(int start, byte kind, long applied, long from, long number, long digest, long sinceMillis) {
        bytes[start + 8] = kind;
        SegmentFormat.putLong(bytes, start + 16, applied);
        SegmentFormat.putLong(bytes, start + 24, from);
        SegmentFormat.putLong(bytes, start + 32, number);
        SegmentFormat.putLong(bytes, start + 40, digest);
        SegmentFormat.putLong(bytes, start + 48, sinceMillis);
    }

    private int putEntries(int start, JournalRecord record) {
        Entries entries = record.entries();
        SegmentFormat.putInt(bytes, start + 12, entries.size());
        int at = start + SegmentFormat.FRAME_HEADER_BYTES;
        entries.copyTo(bytes, at);
        return at + entries.bytes();
    }

    private void seal(int start, int end, FrameChecksum checksum) {
        int length = SegmentFormat.padded(end - start);
        Arrays.fill(bytes, end, start + length, (byte) 0);
        SegmentFormat.putInt(bytes, start, length);
        SegmentFormat.putInt(bytes, start + 4, checksum.of(bytes, start, length));
        size = start + length;
    }
}
