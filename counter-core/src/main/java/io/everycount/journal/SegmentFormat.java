// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * What the bytes of a segment mean. All numbers are big-endian.
 *
 * <p>A segment is a header and then frames, each of which begins at a multiple of 8. Behind the last frame are zeros,
 * or the end of the file, or what a write left behind that did not come to its end.
 *
 * <pre>
 * header, 128 bytes                                    frame, 64 bytes and its entries
 *   0   8  magic, "EVERYCNT"                             0  4  length of the frame, a multiple of 8
 *   8   4  version of the format                         4  4  CRC32C, see below
 *  12   4  1 if an opening begins with it, or 0          8  1  kind: 1 record, 2 piece, 3 note, 4 repeated
 *  16  16  instance id                                   9  3  zero
 *  32   8  incarnation                                  12  4  count of entries
 *  40   8  number of the segment in it                  16  8  applied: what sinks were known to have
 *  48   8  salt of the incarnation                      24  8  from
 *  56   8  base: number before the first frame          32  8  number
 *  64   8  digest at base                               40  8  digest at number
 *  72   8  end: the last number when it was begun       48  8  since, in milliseconds since 1970
 *  80   8  digest at end                                56  4  index of a piece in its set, from 0
 *  88   8  sum of all deltas up to base               60  4  how many pieces are in its set
 * 124   4  CRC32C of the bytes before                   64     entries: length of the key as a varint, the key
 *                                                              in UTF-8, the delta as a zigzag varint; then
 *                                                              zeros up to the multiple of 8
 * </pre>
 *
 * <p>Magic, version, and length and checksum of the header stay where they are in every version.
 *
 * <p>The CRC of a frame is that of instance id, incarnation and number of the segment (32 bytes, as in the header),
 * then of its length, then of everything behind the CRC. So no frame is valid in another segment than its own.
 *
 * <p>A record follows the one before: from is its number - 1. A note has no entries and says that number is the last.
 * A set of pieces replaces all records after the first piece's from, up to the last piece's number; a set is the first
 * thing in its segment, whose base is that from, and whose end is that number. In every other segment end is base.
 *
 * <p>An opening writes the last group that it read once more, as a set of pieces of the kind repeated, since what it
 * read may not be on the disk. Its header has a 1.
 */
final class SegmentFormat {
    static final int VERSION = 1;
    static final int HEADER_BYTES = 128;
    static final int FRAME_HEADER_BYTES = 64;

    /** No frame is longer. */
    static final int FRAME_BYTES_MAX = 1 << 26;

    /** "EVERYCNT". */
    static final long MAGIC = 0x45_56_45_52_59_43_4e_54L;

    static final byte RECORD = 1;
    static final byte PIECE = 2;
    static final byte NOTE = 3;
    static final byte REPEATED = 4;

    static boolean isPiece(byte kind) {
        return kind == PIECE || kind == REPEATED;
    }

    static final VarHandle LONG_AT = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle INT_AT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private SegmentFormat() {}

    static long longAt(byte[] bytes, int offset) {
        return (long) LONG_AT.get(bytes, offset);
    }

    static int intAt(byte[] bytes, int offset) {
        return (int) INT_AT.get(bytes, offset);
    }

    static void putLong(byte[] bytes, int offset, long value) {
        LONG_AT.set(bytes, offset, value);
    }

    static void putInt(byte[] bytes, int offset, int value) {
        INT_AT.set(bytes, offset, value);
    }

    static int padded(int length) {
        return length + 7 & -8;
    }
}
