// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads an instance's segments and decides what counts. It changes nothing; what it found is forced before it returns.
 *
 * <p>What a crash can leave, and so what is accepted:
 *
 * <ol>
 *   <li>Only the last thing written to a segment may be damaged, as it was the only one that was not forced: a frame;
 *       or, as one force is for all of it, the header and the first frame; or the header and a set of pieces. Behind
 *       the damage no valid frame may follow, but for what belongs to the same force.
 *   <li>When a segment is begun, everything up to its end is durable elsewhere, or in the set that it begins with. So a
 *       segment whose end is not reached by what was read before shows that records are missing; whether its own first
 *       frame is whole or not.
 *   <li>A write that failed is repeated in a new segment. So the first record of a segment may be the last one known;
 *       then it has the same digest.
 *   <li>A whole set of pieces replaces all records that counted when it was written. One more may be there, which
 *       could not be written at the time.
 *   <li>A whole set of pieces makes earlier segments superfluous whose records it replaces all. They are deleted, one
 *       after the other, so any of them may be missing; they are not looked at.
 *   <li>Records that nobody needs any more go with their segments, oldest first. So what is there may begin anywhere;
 *       with a segment of which nothing counts, too, if a later one begins behind it.
 * </ol>
 *
 * <p>Everything else is damage, which is reported and not passed over.
 */
final class Recovery {
    private static final long PROGRESS_NANOS = 100_000_000;

    private final JournalFiles files;
    private final UUID instanceId;
    private final Path directory;
    private final RecoveryProgress progress;
    private final LongSupplier clockNanos;

    private final SegmentReader reader = new SegmentReader();
    private final List<Found> found = new ArrayList<>();
    private final History history = new History();
    private long bytesTotal;
    private long bytesDone;
    private long toldNanos;

    /** A segment, and what its first look showed. */
    private static final class Found {
        final Segment segment;
        final @Nullable SegmentHeader header;

        /** Behind the set of pieces that it begins with; 0 if there is no whole one. */
        long setEnd;

        /** Up to this number a later set of pieces has everything. */
        long covered;

        Found(Segment segment, @Nullable SegmentHeader header) {
            this.segment = segment;
            this.header = header;
        }
    }

    Recovery(JournalFiles files, UUID instanceId, Path directory, RecoveryProgress progress, LongSupplier clockNanos) {
        this.files = files;
        this.instanceId = instanceId;
        this.directory = directory;
        this.progress = progress;
        this.clockNanos = clockNanos;
    }

    /** Reads everything. Call once, and first. */
    void run() throws IOException {
        toldNanos = clockNanos.getAsLong();
        List<SegmentName> names = new ArrayList<>();
        for (String name : files.list(directory)) {
            SegmentName segment = SegmentName.parse(name);
            if (segment != null) {
                names.add(segment);
            }
        }
        names.sort(null);
        for (SegmentName name : names) {
            found.add(look(name));
        }
        findReplaced();
        requireSomeHeader();
        for (Found segment : found) {
            if (!segment.segment.spent) {
                read(segment);
            }
            bytesDone += segment.segment.bytes;
            tell(false);
        }
        // Even if there is nothing: what an earlier process made and deleted must not come back beside what we make.
        files.force(directory);
        tell(true);
    }

    /** What counts. */
    History history() {
        return history;
    }

    /** The segments that are there, in order. */
    List<Segment> segments() {
        return found.stream().map(f -> f.segment).toList();
    }

    /** The greatest incarnation that has a segment; 0 if there is none. */
    long incarnation() {
        return found.isEmpty() ? 0 : found.get(found.size() - 1).segment.name.incarnation();
    }

    private Found look(SegmentName name) throws IOException {
        Path path = directory.resolve(name.fileName());
        try (JournalFiles.JournalFile file = files.open(path, false)) {
            long size = file.size();
            bytesTotal += size;
            byte[] bytes = new byte[SegmentFormat.HEADER_BYTES];
            file.read(ByteBuffer.wrap(bytes), 0);
            int version = SegmentHeader.version(bytes);
            if (version != 0 && version != SegmentFormat.VERSION) {
                throw new JournalOpenException(
                        instanceId,
                        path + " has version " + version + " of the format, and this program knows version "
                                + SegmentFormat.VERSION
                                + ". Nothing was changed; open it with the program that wrote it",
                        null);
            }
            SegmentHeader header = SegmentHeader.decode(bytes);
            if (header != null && !header.instanceId().equals(instanceId)) {
                throw corrupt(path, 0, "it belongs to instance " + header.instanceId());
            }
            if (header != null && !header.name().equals(name)) {
                throw corrupt(path, 0, "it was written as " + header.name().fileName());
            }
            Segment segment = new Segment(name, path, header == null ? 0 : header.base());
            segment.bytes = size;
            Found looked = new Found(segment, header);
            if (header != null && header.isCheckpoint()) {
                reader.open(file, new FrameChecksum(instanceId, name));
                looked.setEnd = setEnd(header);
            }
            return looked;
        }
    }

    /** Where the set of pieces ends with which the segment begins; 0 if it is not whole. */
    private long setEnd(SegmentHeader header) throws IOException {
        long position = SegmentFormat.HEADER_BYTES;
        long number = header.base();
        for (int index = 0; reader.find(position); index++) {
            if (reader.kind() != header.pieceKind()
                    || reader.from() != number
                    || reader.pieceIndex() != index
                    || reader.pieceCount() <= index) {
                return 0;
            }
            number = reader.number();
            position = reader.end();
            if (reader.pieceCount() == index + 1) {
                return number == header.end() && reader.digest() == header.endDigest() ? position : 0;
            }
        }
        return 0;
    }

    private void findReplaced() {
        long covered = 0;
        long replacedFrom = Long.MAX_VALUE;
        for (int i = found.size() - 1; i >= 0; i--) {
            Found f = found.get(i);
            f.covered = covered;
            if (f.header != null) {
                f.segment.spent = f.header.base() >= replacedFrom;
                if (f.setEnd > 0) {
                    covered = Math.max(covered, f.header.end());
                    replacedFrom = Math.min(replacedFrom, f.header.base());
                }
            }
        }
    }

    /** Before a segment is deleted there is a later one whose header is durable. */
    private void requireSomeHeader() throws CorruptJournalException {
        boolean some = found.isEmpty() || found.stream().anyMatch(f -> f.header != null);
        if (!some && found.get(0).segment.name.incarnation() > 1) {
            throw corrupt(
                    found.get(0).segment.path,
                    0,
                    "it has no valid header, nor has a later segment, and earlier ones are gone");
        }
    }

    private void read(Found f) throws IOException {
        Segment segment = f.segment;
        try (JournalFiles.JournalFile file = files.open(segment.path, false)) {
            reader.open(file, new FrameChecksum(instanceId, segment.name));
            if (f.header == null) {
                segment.spent = true;
                readWithoutHeader(f);
            } else if (!f.header.isCheckpoint()) {
                enter(segment, f.header);
                readFrames(segment, f.header, SegmentFormat.HEADER_BYTES);
            } else if (f.setEnd > 0) {
                replace(segment, f.header, f.setEnd);
                readFrames(segment, f.header, f.setEnd);
            } else {
                segment.spent = true;
                readTornSet(f, f.header);
            }
            segment.last = history.lastNumber();
            file.force();
        }
    }

    /** Header and first frame did not reach the disk; what else did may not speak of records that are missing. */
    private void readWithoutHeader(Found f) throws IOException {
        long known = Math.max(history.lastNumber(), f.covered);
        for (long position = SegmentFormat.HEADER_BYTES; reader.search(position); position = reader.end()) {
            boolean piece = SegmentFormat.isPiece(reader.kind());
            if (!piece && reader.offset() != SegmentFormat.HEADER_BYTES) {
                throw corrupt(
                        f.segment.path, 0, "the header is not valid, but the frame at " + reader.offset() + " is");
            }
            long needed = switch (reader.kind()) {
                case SegmentFormat.RECORD -> reader.from();
                // What it repeats may be as lost as itself, but not what was before.
                case SegmentFormat.REPEATED -> reader.pieceIndex() == 0 ? reader.from() : 0;
                default -> reader.number();
            };
            if (needed > known && !isForgotten(f, needed)) {
                throw corrupt(
                        f.segment.path,
                        0,
                        "the header is not valid, and records after " + known + " up to " + needed + " are missing");
            }
        }
    }

    /**
     * A set of pieces did not reach the disk as a whole; so what it replaces has to be there, but for what nobody needed
     * any more later on. If it only repeats what was read, that may be lost too, and what was before has to be there.
     */
    private void readTornSet(Found f, SegmentHeader header) throws IOException {
        long needed = header.repeats() ? header.base() : header.end();
        if (!isThere(header) && f.covered < needed && !isForgotten(f, needed)) {
            throw corrupt(
                    f.segment.path,
                    SegmentFormat.HEADER_BYTES,
                    "the pieces that replace records " + (header.base() + 1) + " to " + header.end()
                            + " are not whole, and not all records up to " + needed + " are there");
        }
        for (long position = SegmentFormat.HEADER_BYTES; reader.search(position); position = reader.end()) {
            if (!SegmentFormat.isPiece(reader.kind())) {
                throw corrupt(
                        f.segment.path,
                        SegmentFormat.HEADER_BYTES,
                        "a set of pieces is not whole, but the frame behind it at " + reader.offset() + " is valid");
            }
        }
    }

    /** Whether what has to be there is there if a set that begins with this header is not whole. */
    private boolean isThere(SegmentHeader header) {
        if (header.repeats()) {
            return history.isKnown() ? history.isBoundary(header.base(), header.baseDigest()) : header.base() == 0;
        }
        return history.isBoundary(header.end(), header.endDigest())
                && (history.isBoundary(header.base(), header.baseDigest()) || header.base() < history.base());
    }

    /** Whether nothing from before this segment is left because nobody needs it up to a number at least: what follows shows it. */
    private boolean isForgotten(Found f, long number) {
        return !history.isKnown()
                && found.subList(found.indexOf(f) + 1, found.size()).stream()
                        .anyMatch(later -> later.header != null && later.header.base() >= number);
    }

    /** An ordinary segment goes on where the last one ended, or repeats its last record. */
    private void enter(Segment segment, SegmentHeader header) throws CorruptJournalException {
        if (!history.isKnown()) {
            history.begin(header);
        } else if (header.base() > history.lastNumber()) {
            throw corrupt(
                    segment.path,
                    0,
                    "it begins after record " + header.base() + ", but the records before end with "
                            + history.lastNumber() + ", so some are missing");
        } else if (header.base() < history.lastFrom() || !history.isBoundary(header.base(), header.baseDigest())) {
            throw corrupt(
                    segment.path,
                    0,
                    "it begins after record " + header.base() + " with a digest, or at a place, that does not agree"
                            + " with the records before");
        }
    }

    private void replace(Segment segment, SegmentHeader header, long setEnd) throws IOException {
        if (!history.isKnown()) {
            history.begin(header);
        } else if (!history.isBoundary(header.base(), header.baseDigest())) {
            throw corrupt(
                    segment.path,
                    0,
                    "it replaces the records after " + header.base() + ", which does not agree with the records"
                            + " before: they end with " + history.lastNumber());
        } else if (history.lastNumber() > header.end() + 1) {
            throw corrupt(
                    segment.path,
                    0,
                    "it replaces the records up to " + header.end() + ", but there are records up to "
                            + history.lastNumber() + " before it, so two histories have been mixed");
        }
        history.dropAfter(header.base());
        for (Found earlier : found) {
            earlier.segment.last = Math.min(earlier.segment.last, header.base());
        }
        long position = SegmentFormat.HEADER_BYTES;
        boolean first = true;
        while (position < setEnd && reader.find(position)) {
            history.add(record(segment), first);
            history.noteApplied(reader.applied());
            first = false;
            position = reader.end();
        }
    }

    private void readFrames(Segment segment, SegmentHeader header, long start) throws IOException {
        long position = start;
        long number = start == SegmentFormat.HEADER_BYTES ? header.base() : header.end();
        long digest = start == SegmentFormat.HEADER_BYTES ? header.baseDigest() : header.endDigest();
        for (; reader.find(position); position = reader.end()) {
            switch (reader.kind()) {
                case SegmentFormat.RECORD -> {
                    JournalRecord record = record(segment);
                    if (record.from() != number || record.isCheckpoint()) {
                        throw corrupt(
                                segment.path,
                                position,
                                "record " + record.number() + " follows record " + number + ", which cannot be");
                    }
                    requireDigest(segment, record, digest, header.salt());
                    if (number == history.lastNumber()) {
                        history.add(record, true);
                    } else if (record.number() != history.lastNumber() || record.digest() != history.lastDigest()) {
                        throw corrupt(
                                segment.path, position, "record " + record.number() + " is another one than before");
                    }
                }
                case SegmentFormat.NOTE -> {
                    if (reader.number() != history.lastNumber() || reader.digest() != history.lastDigest()) {
                        throw corrupt(
                                segment.path,
                                position,
                                "a note says that record " + reader.number() + " is the last, but that is "
                                        + history.lastNumber());
                    }
                    history.noted();
                }
                default ->
                    throw corrupt(segment.path, position, "a valid frame of kind " + reader.kind() + " cannot be here");
            }
            history.noteApplied(reader.applied());
            number = reader.number();
            digest = reader.digest();
            tell(false);
        }
        if (reader.search(position)) {
            throw corrupt(
                    segment.path, position, "no valid frame is here, but there is one behind it at " + reader.offset());
        }
    }

    private JournalRecord record(Segment segment) throws CorruptJournalException {
        JournalRecord record = reader.record();
        if (record == null) {
            throw corrupt(segment.path, reader.offset(), "a frame's checksum is right, but it holds no record");
        }
        return record;
    }

    private void requireDigest(Segment segment, JournalRecord record, long before, long salt)
            throws CorruptJournalException {
        if (DigestChain.next(before, salt, record.number(), record.entries()) != record.digest()) {
            throw corrupt(segment.path, reader.offset(), "the digest of record " + record.number() + " does not agree");
        }
    }

    private CorruptJournalException corrupt(Path file, long offset, String what) {
        return new CorruptJournalException(instanceId, file, offset, what);
    }

    private void tell(boolean last) {
        long now = clockNanos.getAsLong();
        if (last || now - toldNanos >= PROGRESS_NANOS) {
            toldNanos = now;
            progress.recovering(instanceId, bytesDone, bytesTotal, history.recordCount());
        }
    }
}
