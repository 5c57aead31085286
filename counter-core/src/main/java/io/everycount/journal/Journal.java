// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One instance's journal, locked and recovered. A record that was appended survives the process and the machine, as far
 * as the disk keeps what it confirmed.
 *
 * <p>Appending, checkpoints and notes are for one thread at a time. {@link #close} and {@link #retire} are called when
 * none of these is under way. Everything else is for any thread.
 *
 * <ol>
 *   <li>One group of frames at a time is not forced: it is written, forced, and then counts.
 *   <li>A segment in which a write or a force failed is never written to again, as nobody knows what of it will reach
 *       the disk, and a second force says nothing about the first. The same group is written to a new segment. Until
 *       one has it, no other record is taken.
 *   <li>A new segment counts when its first group is forced, and then the directory. One that does not get there is
 *       deleted at once: nothing in it was confirmed. Its number is not used again.
 *   <li>What the last group of an earlier process was is not known to be on the disk although it was read, since its
 *       force may have failed. It is written again when the journal is opened, before anything relies on it.
 * </ol>
 */
public final class Journal implements Closeable {
    /** What is found in a directory that must not be opened again, with the reason in it. */
    static final String FORKED = "forked";

    static final String RETIRED_SUFFIX = ".retired";

    private static final int ATTEMPTS = 2;

    /** What it is opened for. */
    enum Use {
        /** To be read. */
        READ,
        /** To be read and then retired. What may not be on the disk is written again, as others rely on it. */
        ADOPT,
        /** To be appended to. */
        OWN
    }

    private final JournalFiles files;
    private final JournalSettings settings;
    private final Closeable lock;
    private final UUID instanceId;
    private final Path directory;
    private final boolean readOnly;
    private final long salt;
    private final long incarnation;
    private final Stores stores;
    private final Segments segments;
    private final JournalMeter meter = new JournalMeter();
    private final Housekeeper housekeeper;
    private final FrameEncoder encoder = new FrameEncoder();

    private volatile @Nullable Recovered recovered;
    private volatile boolean closed;

    /** Held while something is noted beside the segments, and while that comes to an end. */
    private final Object ending = new Object();

    private boolean retired;

    // For the appending thread, from here on.
    private @Nullable SegmentWriter writer;
    private long segmentNumber;
    private long lastNumber;
    private long lastDigest;
    private long lastSum;

    /** A record that could not be written yet, or pieces, which have to be before anything else is. */
    private @Nullable JournalRecord unwritten;

    private List<JournalRecord> unwrittenPieces = List.of();

    private Journal(
            JournalFiles files,
            JournalSettings settings,
            Closeable lock,
            UUID instanceId,
            Path directory,
            Use use,
            Recovery recovery,
            Stores stores) {
        this.files = files;
        this.settings = settings;
        this.lock = lock;
        this.instanceId = instanceId;
        this.directory = directory;
        this.readOnly = use == Use.READ;
        this.stores = stores;
        Recovered found = recovery.history().recovered();
        recovered = found;
        lastNumber = found.lastNumber();
        lastDigest = found.lastDigest();
        lastSum = found.lastSum();
        incarnation = recovery.incarnation() + 1;
        salt = readOnly ? 0 : settings.random().nextLong();
        segments = new Segments(recovery.segments());
        housekeeper = new Housekeeper(files, directory, settings, segments, meter, use == Use.OWN);
    }

    /**
     * Opens an instance's directory.
     *
     * @param lock the instance's, free to be closed by the caller if this throws
     */
    static Journal open(
            JournalFiles files,
            JournalSettings settings,
            Closeable lock,
            UUID instanceId,
            Path directory,
            Use use,
            RecoveryProgress progress)
            throws IOException {
        Recovery recovery = new Recovery(files, instanceId, directory, progress, settings.clockNanos());
        recovery.run();
        Stores stores = Stores.read(files, instanceId, directory);
        Journal journal = new Journal(files, settings, lock, instanceId, directory, use, recovery, stores);
        if (use != Use.READ) {
            journal.begin(recovery.history());
        }
        return journal;
    }

    /** Begins an incarnation; it is there at once if there is something for it to rely on. */
    private void begin(History history) throws IOException {
        files.delete(directory.resolve(Housekeeper.SPARE));
        if (history.isKnown()) {
            List<JournalRecord> unproven = history.unproven();
            long applied = history.recovered().appliedNumber();
            put(
                    unproven.isEmpty()
                            ? Group.note(lastNumber, lastDigest, applied)
                            : Group.repeated(unproven, history.digestBeforeUnproven(), applied));
        }
        housekeeper.wake();
    }

    /** Whose journal it is. */
    public UUID instanceId() {
        return instanceId;
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** What the digests of records to be appended are made with; random for each opening, 0 if it is read-only. */
    public long salt() {
        return salt;
    }

    /**
     * What was there when it was opened.
     *
     * @throws IllegalStateException after {@link #dropRecovered}
     */
    public Recovered recovered() {
        Recovered found = recovered;
        if (found == null) {
            throw new IllegalStateException("what was recovered has been dropped");
        }
        return found;
    }

    /** Lets go of what was recovered, as it may take much memory. */
    public void dropRecovered() {
        recovered = null;
    }

    /**
     * Appends the next record, which is durable when this returns; nothing if it is the last one already. If this throws, it may be or not, and has to be
     * appended again, the very same, before any other is.
     *
     * @param appliedNumber the sinks are known to have applied this much
     * @throws IOException if it cannot be written at the moment
     * @throws IllegalArgumentException if it is not the next record; this is the caller's defect
     */
    public void append(JournalRecord record, long appliedNumber) throws IOException {
        requireWritable();
        requireNoPieces();
        if (record.number() == lastNumber && record.digest() == lastDigest) {
            // It is durable, and who appended it could not go on then.
            return;
        }
        requireNext(record);
        FrameEncoder.requireFits(record);
        unwritten = record;
        put(Group.record(record, lastDigest, bounded(appliedNumber)));
        unwritten = null;
        lastNumber = record.number();
        lastDigest = record.digest();
        lastSum += record.entries().deltaSum();
        meter.appended();
    }

    private void requireNext(JournalRecord record) {
        if (record.from() != lastNumber || record.isCheckpoint()) {
            throw new IllegalArgumentException(
                    "record (" + record.from() + ", " + record.number() + "] does not follow record " + lastNumber);
        }
        JournalRecord first = unwritten;
        if (first != null && first.digest() != record.digest()) {
            throw new IllegalArgumentException(
                    "record " + record.number() + " is another one than the one that could not be written before");
        }
    }

    /** A hint about records that are not here would be of no use. */
    private long bounded(long appliedNumber) {
        return Math.min(appliedNumber, lastNumber);
    }

    /**
     * Replaces all records after a number by fewer that have the same sums, as a whole or not at all. It is durable
     * when this returns. If this throws, a power cut may still bring it about; so it has to be done again, with the very
     * same pieces, before anything else is, and until then nobody may rely on a number between theirs. Segments that it
     * makes superfluous are deleted later.
     *
     * @param pieces the first follows a record that is kept, each of the others the one before, and the last ends with
     *     the last record and has its digest
     * @param digestBefore the digest before the first piece
     * @param appliedNumber the sinks are known to have applied this much
     * @throws IllegalArgumentException if the pieces are not what they have to be; this is the caller's defect
     */
    public void checkpoint(List<JournalRecord> pieces, long digestBefore, long appliedNumber) throws IOException {
        requireWritable();
        requirePieces(pieces);
        if (!unwrittenPieces.isEmpty() && !unwrittenPieces.equals(pieces)) {
            throw new IllegalArgumentException(
                    "these are other pieces than the ones that could not be written before, up to record "
                            + lastNumber);
        }
        unwrittenPieces = List.copyOf(pieces);
        put(Group.set(pieces, digestBefore, bounded(appliedNumber)));
        unwrittenPieces = List.of();
    }

    private void requireNoPieces() {
        if (!unwrittenPieces.isEmpty()) {
            throw new IllegalStateException("pieces up to record " + lastNumber + " are not written");
        }
    }

    private void requirePieces(List<JournalRecord> pieces) {
        if (pieces.isEmpty()) {
            throw new IllegalArgumentException("no pieces");
        }
        for (int i = 0; i < pieces.size(); i++) {
            FrameEncoder.requireFits(pieces.get(i));
            if (i > 0 && pieces.get(i).from() != pieces.get(i - 1).number()) {
                throw new IllegalArgumentException("piece (" + pieces.get(i).from() + ", "
                        + pieces.get(i).number() + "] does not follow record "
                        + pieces.get(i - 1).number());
            }
        }
        JournalRecord last = pieces.get(pieces.size() - 1);
        if (last.number() != lastNumber || last.digest() != lastDigest) {
            throw new IllegalArgumentException(
                    "the pieces end with record " + last.number() + ", and not as the last record does, " + lastNumber);
        }
    }

    /**
     * Notes durably what the sinks have applied, so that less has to be looked at by who opens the journal next.
     *
     * @throws IOException if it cannot be written at the moment, or a record is still to be appended again
     */
    public void noteApplied(long number) throws IOException {
        requireWritable();
        if (unwritten != null || !unwrittenPieces.isEmpty()) {
            throw new IOException("what could not be written before is not written yet");
        }
        if (lastNumber > 0) {
            put(Group.note(lastNumber, lastDigest, bounded(number)));
        }
    }

    private void requireWritable() {
        if (readOnly || closed) {
            throw new IllegalStateException(readOnly ? "the journal is read-only" : "the journal is closed");
        }
    }

    private void put(Group group) throws IOException {
        IOException first = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                if (!putIntoCurrent(group)) {
                    // A set of unknown length, or the little that an opening writes, is no use for a spare.
                    putIntoNew(group, !group.isSet() || attempt > 0);
                }
                meter.failing(false);
                return;
            } catch (IOException e) {
                meter.poisoned();
                meter.error(String.valueOf(e));
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        meter.failing(true);
        throw first == null ? new IOException("nothing was tried") : first;
    }

    private boolean putIntoCurrent(Group group) throws IOException {
        SegmentWriter current = writer;
        if (current == null || group.isSet()) {
            return false;
        }
        encoder.clear();
        group.encode(encoder, current.checksum());
        if (!current.fits(encoder.size())) {
            return false;
        }
        // Whatever is thrown now, this segment is not used again.
        writer = null;
        boolean done = false;
        try {
            current.write(encoder);
            force(current);
            done = true;
        } finally {
            if (done) {
                writer = current;
            } else {
                abandon(current);
            }
        }
        segments.forced(current.segment(), group.last(), current.position());
        return true;
    }

    private void putIntoNew(Group group, boolean useSpare) throws IOException {
        SegmentWriter old = writer;
        writer = null;
        if (old != null) {
            abandon(old);
        }
        SegmentName name = new SegmentName(incarnation, ++segmentNumber);
        Segment segment = new Segment(name, directory.resolve(name.fileName()), group.base());
        SegmentWriter fresh = null;
        boolean done = false;
        segments.begin(segment);
        try {
            fresh = openSegment(segment, useSpare);
            encoder.clear();
            encoder.header(group.header(instanceId, name, salt, lastSum));
            if (group.isSet()) {
                group.encodeSet(encoder, fresh);
            } else {
                group.encode(encoder, fresh.checksum());
            }
            fresh.write(encoder);
            force(fresh);
            files.force(directory);
            done = true;
        } finally {
            if (!done) {
                if (fresh != null) {
                    abandon(fresh);
                }
                discard(segment, fresh == null ? 0 : fresh.position());
            }
        }
        writer = fresh;
        segments.forced(segment, group.last(), fresh.position());
        if (group.isSet()) {
            segments.replaced(segment, group.base());
        }
        housekeeper.wake();
    }

    private SegmentWriter openSegment(Segment segment, boolean useSpare) throws IOException {
        FrameChecksum checksum = new FrameChecksum(instanceId, segment.name);
        JournalFiles.JournalFile file = useSpare ? housekeeper.takeSpare(segment.path) : null;
        if (file != null) {
            segments.grown(segment, settings.segmentBytes());
        } else {
            file = files.open(segment.path, true);
        }
        return new SegmentWriter(segment, file, checksum, settings.segmentBytes());
    }

    private void force(SegmentWriter current) throws IOException {
        long start = settings.clockNanos().getAsLong();
        current.force();
        meter.forced(settings.clockNanos().getAsLong() - start);
    }

    private void abandon(SegmentWriter unused) {
        try {
            unused.close();
        } catch (IOException e) {
            meter.error("could not close " + unused.segment().path + ": " + e);
        }
    }

    /** Removes a segment in which nothing was confirmed. If that fails, it is removed later, or by who comes next. */
    private void discard(Segment segment, long bytes) {
        try {
            files.delete(segment.path);
            segments.remove(segment);
        } catch (IOException e) {
            segments.spend(segment, bytes);
        }
    }

    /**
     * Segments whose records are all at or below this number may be deleted. Returns at once; never deletes the segment
     * in use. While pieces are to be written, nothing behind the number that they begin after may be forgotten.
     */
    public void forget(long upToNumber) {
        if (!readOnly) {
            segments.forget(upToNumber);
            housekeeper.wake();
        }
    }

    /** The store that one of the instance's sinks leads to; null if that is not known yet. */
    public @Nullable UUID store(int sink) {
        return stores.get(sink);
    }

    /** The number of the last record that is durable. For the appending thread, or when none is under way. */
    public long lastRecord() {
        return lastNumber;
    }

    /** How many sinks the instance required at most; 0 if nobody said. */
    public int sinks() {
        return stores.sinks();
    }

    /** Notes durably how many sinks the instance requires, if it is more than are known. */
    void noteSinks(int sinks) throws IOException {
        stores.sinks(sinks);
    }

    /** Notes durably the sinks of another instance, all of which need what is to be appended. */
    void noteSinksOf(Journal other) throws IOException {
        stores.copy(other.stores);
    }

    /**
     * Notes durably that every sink that the instance requires has all that is here: whoever requires fewer may adopt it.
     * Nothing but {@link #close} may follow.
     */
    public void noteServed() throws IOException {
        stores.served();
    }

    /**
     * Notes durably which store a sink leads to; nothing if that is known.
     *
     * @param sink which of the instance's sinks, from 0
     * @throws IllegalStateException if it is known to be another one
     */
    public void bindStore(int sink, UUID storeId) throws IOException {
        // Once it is closed, its directory may be somebody else's.
        synchronized (ending) {
            if (closed) {
                throw new IllegalStateException("the journal is closed");
            }
            stores.bind(sink, storeId);
        }
    }

    /**
     * Notes durably that nobody may open this journal but a person with a tool. It goes on working. Does nothing once it
     * is closed: it may be somebody else's then, who finds out for himself.
     */
    public void markForked(String why) throws IOException {
        synchronized (ending) {
            if (!closed) {
                TextFile.write(files, directory, FORKED, why + "\n");
            }
        }
    }

    /**
     * Ends this journal for good, when nobody needs what it has: the directory gets another name, and its files are
     * deleted in the background. Nothing but {@link #close} may follow.
     */
    public void retire() throws IOException {
        synchronized (ending) {
            retired = true;
            closed = true;
        }
        stop();
        Path parent = directory.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IOException(directory + " is the root of a file system");
        }
        Path to = parent.resolve(instanceId + RETIRED_SUFFIX);
        files.force(parent);
        deleteDirectory(files, to);
        files.rename(directory, to);
        files.force(parent);
        settings.housekeeping().execute(() -> {
            try {
                deleteDirectory(files, to);
            } catch (IOException e) {
                // It is out of the way, and whoever opens a journal under this root next tries again.
                meter.error("could not delete " + to + ": " + e);
            }
        });
    }

    /** Deletes a directory with its files; nothing if there is none. */
    static void deleteDirectory(JournalFiles files, Path directory) throws IOException {
        for (String name : files.list(directory)) {
            files.delete(directory.resolve(name));
        }
        files.delete(directory);
    }

    /** How it is doing. */
    public JournalStats stats() {
        boolean spareReady = housekeeper.isSpareReady();
        return meter.stats(segments.bytes() + (spareReady ? settings.segmentBytes() : 0), segments.count(), spareReady);
    }

    /**
     * Whether the next segment would keep within the limit. If nothing that is there is needed, there is room in any
     * case: one record may be longer than the limit, and goes only when another one has been written.
     */
    public boolean hasRoom() {
        return segments.bytes() + settings.segmentBytes() <= settings.bytesMax() || !segments.hasNeeded();
    }

    /** The limit, in bytes on disk. */
    public long bytesMax() {
        return settings.bytesMax();
    }

    /** Closes the files and frees the lock. Deletes nothing. */
    @Override
    public void close() throws IOException {
        boolean first;
        synchronized (ending) {
            first = !closed || retired;
            closed = true;
            retired = false;
        }
        if (first) {
            try (lock) {
                stop();
            }
        }
    }

    private void stop() throws IOException {
        SegmentWriter current = writer;
        writer = null;
        try (current) {
            housekeeper.close();
        }
    }
}
