// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Makes segments that a journal may have written, or nearly: checksums are right, and numbers and digests are often those
 * of one history, so that a fuzzer gets behind the first check.
 */
final class FuzzedSegments {
    private static final long SALT = 7;
    private static final int NUMBER_MAX = 9;

    private final UUID instanceId;
    private final FuzzedDataProvider data;

    /** One history; what is written of it, in which order and how often, is up to the data. */
    private final List<JournalRecord> history = new ArrayList<>();

    /** How far it was written. */
    private int written;

    FuzzedSegments(UUID instanceId, FuzzedDataProvider data) {
        this.instanceId = instanceId;
        this.data = data;
        long digest = 0;
        for (int number = 1; number <= NUMBER_MAX; number++) {
            TreeMap<String, Long> content = new TreeMap<>();
            content.put("k" + number % 3, (long) number);
            JournalRecord record = JournalModel.record(number - 1, number, digest, SALT, content);
            history.add(record);
            digest = record.digest();
        }
    }

    /** The whole file. */
    byte[] next(SegmentName name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] header = new byte[SegmentFormat.HEADER_BYTES];
        int base = data.consumeBoolean() ? written : number();
        int end = data.consumeBoolean() ? base : number();
        boolean repeats = data.consumeBoolean();
        new SegmentHeader(instanceId, name, repeats, SALT, base, digest(base), Math.max(base, end), digest(end), base)
                .encode(header);
        damage(header);
        out.writeBytes(header);
        FrameChecksum checksum = new FrameChecksum(instanceId, name);
        if (end > base) {
            int half = data.consumeInt(base, end);
            int pieces = half > base && half < end ? 2 : 1;
            if (pieces == 2) {
                out.writeBytes(piece(checksum, repeats, base, half, 0, 2));
            }
            out.writeBytes(piece(checksum, repeats, pieces == 2 ? half : base, end, pieces - 1, pieces));
        }
        int at = end;
        for (int frames = data.consumeInt(0, 6); frames > 0; frames--) {
            switch (data.consumeInt(0, 7)) {
                case 0 -> out.writeBytes(anyFrame(checksum));
                case 1 -> {
                    FrameEncoder encoder = new FrameEncoder();
                    encoder.note(checksum, number(), at, digest(at));
                    out.writeBytes(bytes(encoder));
                }
                case 2 -> out.write(0);
                case 3 -> out.writeBytes(new byte[data.consumeInt(0, 20) * 8]);
                case 4 -> out.writeBytes(data.consumeBytes(data.consumeInt(0, 80)));
                default -> {
                    if (at < NUMBER_MAX) {
                        FrameEncoder encoder = new FrameEncoder();
                        encoder.record(checksum, number(), history.get(at++));
                        out.writeBytes(bytes(encoder));
                    }
                }
            }
        }
        written = Math.max(written, at);
        return out.toByteArray();
    }

    private int number() {
        return data.consumeInt(0, NUMBER_MAX);
    }

    private long digest(int number) {
        return number == 0 ? 0 : history.get(number - 1).digest();
    }

    private byte[] piece(FrameChecksum checksum, boolean repeats, int from, int to, int index, int count) {
        TreeMap<String, Long> sums = new TreeMap<>();
        for (int i = from; i < to; i++) {
            sums.merge("k" + (i + 1) % 3, (long) i + 1, Long::sum);
        }
        JournalRecord sum = JournalModel.record(from, to, 0, SALT, sums);
        JournalRecord piece = new JournalRecord(from, to, digest(to), sum.entries(), sum.sinceMillis());
        FrameEncoder encoder = new FrameEncoder();
        byte kind = repeats ? SegmentFormat.REPEATED : SegmentFormat.PIECE;
        encoder.piece(kind, checksum, number(), piece, index, count);
        byte[] frame = bytes(encoder);
        damage(frame);
        return frame;
    }

    /** Fields and entries as they come, in a frame of the right length and checksum. */
    private byte[] anyFrame(FrameChecksum checksum) {
        byte[] entries = data.consumeBytes(data.consumeInt(0, 40));
        byte[] frame = new byte[SegmentFormat.padded(SegmentFormat.FRAME_HEADER_BYTES + entries.length)];
        System.arraycopy(entries, 0, frame, SegmentFormat.FRAME_HEADER_BYTES, entries.length);
        SegmentFormat.putInt(frame, 0, frame.length);
        frame[8] = data.consumeByte((byte) 0, (byte) 5);
        SegmentFormat.putInt(frame, 12, data.consumeBoolean() ? data.consumeInt() : data.consumeInt(0, 3));
        SegmentFormat.putLong(frame, 16, data.consumeBoolean() ? data.consumeLong() : number());
        SegmentFormat.putLong(frame, 24, number());
        int number = number();
        SegmentFormat.putLong(frame, 32, number);
        SegmentFormat.putLong(frame, 40, data.consumeBoolean() ? digest(number) : data.consumeLong());
        SegmentFormat.putInt(frame, 56, data.consumeInt(-1, 3));
        SegmentFormat.putInt(frame, 60, data.consumeInt(-1, 3));
        SegmentFormat.putInt(frame, 4, checksum.of(frame, 0, frame.length));
        return frame;
    }

    /** Now and then. */
    private void damage(byte[] bytes) {
        if (data.consumeInt(0, 7) == 0) {
            bytes[data.consumeInt(0, bytes.length - 1)] ^= data.consumeByte();
        }
    }

    private static byte[] bytes(FrameEncoder encoder) {
        return Arrays.copyOfRange(encoder.content().array(), 0, encoder.size());
    }
}
