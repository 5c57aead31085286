// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How a segment begins, see {@link SegmentFormat}.
 *
 * @param repeats whether it begins with what an opening read and wrote once more
 * @param salt of the incarnation's digests
 * @param base the number before the first frame
 * @param end the last number when the segment was begun: all records up to it were durable then, or up to the base if
 *     it repeats them
 * @param baseSum of all deltas up to the base, modulo 2^64
 */
record SegmentHeader(
        UUID instanceId,
        SegmentName name,
        boolean repeats,
        long salt,
        long base,
        long baseDigest,
        long end,
        long endDigest,
        long baseSum) {
    private static final int CRC_AT = SegmentFormat.HEADER_BYTES - 4;

    /** Whether the segment begins with a set of pieces. */
    boolean isCheckpoint() {
        return end > base;
    }

    /** What the pieces are that it begins with. */
    byte pieceKind() {
        return repeats ? SegmentFormat.REPEATED : SegmentFormat.PIECE;
    }

    /** Writes it to the first bytes, which are zero. */
    void encode(byte[] into) {
        SegmentFormat.putLong(into, 0, SegmentFormat.MAGIC);
        SegmentFormat.putInt(into, 8, SegmentFormat.VERSION);
        SegmentFormat.putInt(into, 12, repeats ? 1 : 0);
        SegmentFormat.putLong(into, 16, instanceId.getMostSignificantBits());
        SegmentFormat.putLong(into, 24, instanceId.getLeastSignificantBits());
        SegmentFormat.putLong(into, 32, name.incarnation());
        SegmentFormat.putLong(into, 40, name.number());
        SegmentFormat.putLong(into, 48, salt);
        SegmentFormat.putLong(into, 56, base);
        SegmentFormat.putLong(into, 64, baseDigest);
        SegmentFormat.putLong(into, 72, end);
        SegmentFormat.putLong(into, 80, endDigest);
        SegmentFormat.putLong(into, 88, baseSum);
        SegmentFormat.putInt(into, CRC_AT, crc(into));
    }

    /** The version of a header, whatever it is; 0 if this is no whole header. */
    static int version(byte[] header) {
        boolean whole = SegmentFormat.longAt(header, 0) == SegmentFormat.MAGIC
                && SegmentFormat.intAt(header, CRC_AT) == crc(header);
        return whole ? SegmentFormat.intAt(header, 8) : 0;
    }

    /** Reads it; null if it is not a whole header of this version, or says what cannot be. */
    static @Nullable SegmentHeader decode(byte[] from) {
        if (version(from) != SegmentFormat.VERSION) {
            return null;
        }
        SegmentHeader header = new SegmentHeader(
                new UUID(SegmentFormat.longAt(from, 16), SegmentFormat.longAt(from, 24)),
                new SegmentName(SegmentFormat.longAt(from, 32), SegmentFormat.longAt(from, 40)),
                SegmentFormat.intAt(from, 12) == 1,
                SegmentFormat.longAt(from, 48),
                SegmentFormat.longAt(from, 56),
                SegmentFormat.longAt(from, 64),
                SegmentFormat.longAt(from, 72),
                SegmentFormat.longAt(from, 80),
                SegmentFormat.longAt(from, 88));
        return header.base >= 0 && header.end >= header.base ? header : null;
    }

    private static int crc(byte[] header) {
        CRC32C crc = new CRC32C();
        crc.update(header, 0, CRC_AT);
        return (int) crc.getValue();
    }
}
