// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * One instance's history, read from all segments it ever wrote, by the description of the format and not by the code
 * that is tested. A record counts if it is whole. The same number must always come with the same digest, and pieces must
 * have the sums of what they replace.
 */
final class ArchivedJournal {
    private static final int HEADER_BYTES = 128;
    private static final int FRAME_HEADER_BYTES = 64;
    private static final byte RECORD = 1;
    private static final byte PIECE = 2;
    private static final byte REPEATED = 4;

    /** Records after one number, and up to another. */
    private record Part(long from, long number, long digest, String[] keys, long[] deltas) {
        void addTo(Map<String, Long> sums, int sign) {
            for (int i = 0; i < keys.length; i++) {
                sums.merge(keys[i], sign * deltas[i], Long::sum);
            }
        }
    }

    private final UUID instanceId;
    private final List<String> violations = new ArrayList<>();

    /** What counts, by number. */
    private final NavigableMap<Long, Part> parts = new TreeMap<>();

    /** Every digest that was seen at a number. */
    private final Map<Long, Long> digests = new HashMap<>();

    private final Map<String, String> allKeys = new HashMap<>();
    private int summaries;

    private ArchivedJournal(UUID instanceId) {
        this.instanceId = instanceId;
        digests.put(0L, 0L);
    }

    /**
     * @param segments in the order of their names
     */
    static ArchivedJournal read(UUID instanceId, List<Path> segments) {
        ArchivedJournal journal = new ArchivedJournal(instanceId);
        try {
            for (Path segment : segments) {
                journal.read(segment.getFileName().toString(), ByteBuffer.wrap(Files.readAllBytes(segment)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        journal.requireNoHoles();
        return journal;
    }

    /** Whether the first thing in a segment is a piece in place of several records. */
    static boolean beginsWithSummary(Path segment) {
        ByteBuffer start = ByteBuffer.allocate(HEADER_BYTES + FRAME_HEADER_BYTES);
        try (FileChannel file = FileChannel.open(segment)) {
            while (start.hasRemaining() && file.read(start) >= 0) {
                // Until it is there.
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return start.get(HEADER_BYTES + 8) == PIECE
                && start.getLong(HEADER_BYTES + 32) - start.getLong(HEADER_BYTES + 24) > 1;
    }

    /** What is wrong with it. */
    List<String> violations() {
        return violations;
    }

    /** The last record's number; 0 if there is none. */
    long lastNumber() {
        return parts.isEmpty() ? 0 : parts.lastKey();
    }

    /** The digest at the last record. */
    long lastDigest() {
        return parts.isEmpty() ? 0 : parts.lastEntry().getValue().digest;
    }

    int records() {
        return parts.size();
    }

    /** How often several records were replaced by fewer. */
    int summaries() {
        return summaries;
    }

    /** Adds everything after a number and up to another to sums by key. */
    void addTo(Map<String, Long> sums, long after, long upTo, int sign) {
        for (Part part : parts.subMap(after, false, upTo, true).values()) {
            part.addTo(sums, sign);
        }
    }

    private void read(String name, ByteBuffer file) {
        if (file.limit() < HEADER_BYTES || crc(file, 0, 124) != file.getInt(124)) {
            // A segment that was never begun, or whose first write was cut off.
            return;
        }
        byte[] own = new byte[32];
        file.get(16, own);
        long base = file.getLong(56);
        long baseDigest = file.getLong(64);
        long end = file.getLong(72);
        agree(name, base, baseDigest);
        int position = HEADER_BYTES;
        if (end > base) {
            List<Part> set = new ArrayList<>();
            int length = frame(file, position, own);
            while (length > 0 && (file.get(position + 8) == PIECE || file.get(position + 8) == REPEATED)) {
                set.add(part(file, position, length));
                int count = file.getInt(position + 60);
                position += length;
                if (set.size() == count) {
                    replace(name, base, set);
                    set = null;
                    break;
                }
                length = frame(file, position, own);
            }
            if (set != null) {
                // Cut off: what it was to replace is still there.
                return;
            }
        }
        for (int length = frame(file, position, own); length > 0; length = frame(file, position, own)) {
            if (file.get(position + 8) == RECORD) {
                record(name, part(file, position, length));
            }
            position += length;
        }
    }

    /** The length of the whole frame at a position; 0 if there is none. */
    private static int frame(ByteBuffer file, int position, byte[] own) {
        if (file.limit() - position < FRAME_HEADER_BYTES) {
            return 0;
        }
        int length = file.getInt(position);
        if (length < FRAME_HEADER_BYTES || length > file.limit() - position) {
            return 0;
        }
        CRC32C crc = new CRC32C();
        crc.update(own);
        crc.update(file.array(), position, 4);
        crc.update(file.array(), position + 8, length - 8);
        return (int) crc.getValue() == file.getInt(position + 4) ? length : 0;
    }

    private static int crc(ByteBuffer file, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(file.array(), from, length);
        return (int) crc.getValue();
    }

    private Part part(ByteBuffer file, int position, int length) {
        ByteBuffer in = file.duplicate().position(position + FRAME_HEADER_BYTES).limit(position + length);
        String[] keys = new String[file.getInt(position + 12)];
        long[] deltas = new long[keys.length];
        for (int i = 0; i < keys.length; i++) {
            byte[] key = new byte[(int) varint(in)];
            in.get(key);
            // One object for each key, however many records it is in.
            keys[i] = allKeys.computeIfAbsent(new String(key, StandardCharsets.UTF_8), k -> k);
            long zigzag = varint(in);
            deltas[i] = zigzag >>> 1 ^ -(zigzag & 1);
        }
        return new Part(
                file.getLong(position + 24), file.getLong(position + 32), file.getLong(position + 40), keys, deltas);
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        int shift = 0;
        byte b;
        do {
            b = in.get();
            value |= (b & 0x7fL) << shift;
            shift += 7;
        } while (b < 0);
        return value;
    }

    private boolean agree(String where, long number, long digest) {
        Long known = digests.putIfAbsent(number, digest);
        if (known == null || known == digest) {
            return true;
        }
        violations.add(
                "instance " + instanceId + " has two different records " + number + ", the second one in " + where);
        return false;
    }

    private void record(String where, Part record) {
        boolean first = !digests.containsKey(record.number);
        if (agree(where, record.number, record.digest) && first) {
            parts.put(record.number, record);
        }
    }

    private void replace(String where, long base, List<Part> set) {
        Part last = set.get(set.size() - 1);
        if (!agree(where, last.number, last.digest)) {
            return;
        }
        NavigableMap<Long, Part> replaced = parts.subMap(base, false, last.number, true);
        // Some may have come and gone before they were archived; then there is nothing to compare with.
        long reached = base;
        Map<String, Long> difference = new HashMap<>();
        for (Part part : replaced.values()) {
            reached = part.from == reached ? part.number : -1;
            part.addTo(difference, 1);
        }
        set.forEach(piece -> piece.addTo(difference, -1));
        difference.values().removeIf(delta -> delta == 0);
        if (reached == last.number && !difference.isEmpty()) {
            violations.add("pieces of instance " + instanceId + " up to " + last.number + " in " + where
                    + " differ from what they replace by " + difference);
        }
        if (set.stream().anyMatch(piece -> piece.number - piece.from > 1)) {
            summaries++;
        }
        replaced.clear();
        for (Part piece : set) {
            parts.put(piece.number, piece);
            // Where a piece ends other than the last one, its digest takes the place of the record's.
            digests.put(piece.number, piece.digest);
        }
    }

    private void requireNoHoles() {
        long reached = 0;
        for (Part part : parts.values()) {
            if (part.from != reached) {
                violations.add("instance " + instanceId + " has no records after " + reached + " up to " + part.from);
            }
            reached = part.number;
        }
    }
}
