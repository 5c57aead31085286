// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * What is written and then forced as a whole: a record, a set of pieces, or a note.
 *
 * @param records none if it is a note
 * @param base the number before the first record
 * @param end the last number that was durable before; below the last record's if it is an ordinary record
 * @param applied what the sinks are known to have applied
 */
record Group(
        byte kind, List<JournalRecord> records, long base, long baseDigest, long end, long endDigest, long applied) {
    /** More than this of a set is not held in memory. */
    private static final int SET_BYTES_MAX = 1 << 20;

    static Group record(JournalRecord record, long lastDigest, long applied) {
        return new Group(
                SegmentFormat.RECORD, List.of(record), record.from(), lastDigest, record.from(), lastDigest, applied);
    }

    static Group set(List<JournalRecord> pieces, long baseDigest, long applied) {
        return set(SegmentFormat.PIECE, pieces, baseDigest, applied);
    }

    /** What an opening found last, which may not be on the disk. */
    static Group repeated(List<JournalRecord> found, long baseDigest, long applied) {
        return set(SegmentFormat.REPEATED, found, baseDigest, applied);
    }

    private static Group set(byte kind, List<JournalRecord> pieces, long baseDigest, long applied) {
        JournalRecord last = pieces.get(pieces.size() - 1);
        return new Group(
                kind, List.copyOf(pieces), pieces.get(0).from(), baseDigest, last.number(), last.digest(), applied);
    }

    static Group note(long number, long digest, long applied) {
        return new Group(SegmentFormat.NOTE, List.of(), number, digest, number, digest, applied);
    }

    boolean isSet() {
        return SegmentFormat.isPiece(kind);
    }

    /** The number after it. */
    long last() {
        return records.isEmpty() ? end : records.get(records.size() - 1).number();
    }

    /**
     * The header of a segment that begins with it.
     *
     * @param lastSum of all deltas up to the last record that counts
     */
    SegmentHeader header(UUID instanceId, SegmentName name, long salt, long lastSum) {
        long baseSum = lastSum;
        if (isSet()) {
            for (JournalRecord record : records) {
                baseSum -= record.entries().deltaSum();
            }
        }
        return new SegmentHeader(
                instanceId, name, kind == SegmentFormat.REPEATED, salt, base, baseDigest, end, endDigest, baseSum);
    }

    /** Encodes one frame, which is all there is unless it is a set. */
    void encode(FrameEncoder encoder, FrameChecksum checksum) {
        if (kind == SegmentFormat.NOTE) {
            encoder.note(checksum, applied, end, endDigest);
        } else {
            encoder.record(checksum, applied, records.get(0));
        }
    }

    /** Encodes a set, and writes what is there when it has become much. */
    void encodeSet(FrameEncoder encoder, SegmentWriter writer) throws IOException {
        for (int i = 0; i < records.size(); i++) {
            encoder.piece(kind, writer.checksum(), applied, records.get(i), i, records.size());
            if (encoder.size() > SET_BYTES_MAX) {
                writer.write(encoder);
            }
        }
    }
}
