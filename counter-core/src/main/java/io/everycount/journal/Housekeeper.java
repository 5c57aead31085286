// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What is done in the background: segments that may go are deleted, and the next one is prepared, so that no append
 * has to wait for a file to grow. What fails here is told in the statistics and tried again the next time.
 *
 * <p>Segments go one after the other, oldest first, and each is durably gone before the next goes.
 */
final class Housekeeper {
    static final String SPARE = "spare";

    private static final int CHUNK_BYTES = 1 << 20;

    private final JournalFiles files;
    private final Path directory;
    private final Path sparePath;
    private final JournalSettings settings;
    private final Segments segments;
    private final JournalMeter meter;
    private final boolean spares;
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /** Held while a task is at work. */
    private final Object work = new Object();

    /** Whether a segment was deleted and the directory is not known to have been forced since. For tasks. */
    private boolean deletionPending;

    private volatile boolean closed;

    /** Guarded by this, with the next. */
    private JournalFiles.@Nullable JournalFile spare;

    /** Whether the name of the spare is being given away. */
    private boolean taking;

    Housekeeper(
            JournalFiles files,
            Path directory,
            JournalSettings settings,
            Segments segments,
            JournalMeter meter,
            boolean spares) {
        this.files = files;
        this.directory = directory;
        this.sparePath = directory.resolve(SPARE);
        this.settings = settings;
        this.segments = segments;
        this.meter = meter;
        this.spares = spares;
    }

    /** Sees to it that what there is to do is done. Does not wait for it. */
    void wake() {
        if (!closed && scheduled.compareAndSet(false, true)) {
            try {
                settings.housekeeping().execute(this::run);
            } catch (RejectedExecutionException | OutOfMemoryError e) {
                // There may be no thread to be had. What was appended is there all the same, and the next one wakes us.
                scheduled.set(false);
                meter.error("could not begin housekeeping: " + e);
            }
        }
    }

    private void run() {
        scheduled.set(false);
        synchronized (work) {
            try {
                deleteOld();
            } catch (IOException e) {
                meter.error("could not delete an old segment: " + e);
            }
            try {
                prepareSpare();
            } catch (IOException e) {
                meter.error("could not prepare the next segment: " + e);
            }
        }
    }

    private void deleteOld() throws IOException {
        if (deletionPending) {
            files.force(directory);
            deletionPending = false;
        }
        for (Segment old = segments.deletable(); old != null && !closed; old = segments.deletable()) {
            files.delete(old.path);
            deletionPending = true;
            segments.remove(old);
            files.force(directory);
            deletionPending = false;
        }
    }

    private void prepareSpare() throws IOException {
        synchronized (this) {
            if (spare != null || taking) {
                return;
            }
        }
        if (!spares || closed || segments.bytes() + settings.segmentBytes() > settings.bytesMax()) {
            return;
        }
        files.delete(sparePath);
        JournalFiles.JournalFile file = files.open(sparePath, true);
        boolean whole = false;
        try {
            whole = fill(file);
        } finally {
            if (!whole) {
                try (file) {
                    files.delete(sparePath);
                }
            }
        }
        if (whole) {
            synchronized (this) {
                spare = file;
            }
        }
    }

    /** Zeroes for real, so that nothing has to be found room for later; false if there is no need any more. */
    private boolean fill(JournalFiles.JournalFile file) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(Math.min(CHUNK_BYTES, settings.segmentBytes()));
        long position = 0;
        while (position < settings.segmentBytes()) {
            if (closed) {
                return false;
            }
            zeros.clear();
            zeros.limit((int) Math.min(zeros.capacity(), settings.segmentBytes() - position));
            position += zeros.limit();
            file.write(zeros, position - zeros.limit());
            // Bit by bit, as appends wait for the same disk.
            file.force();
        }
        return true;
    }

    /** Takes the spare, if it is ready, under a new name that is not durable yet; null if it is not. */
    JournalFiles.@Nullable JournalFile takeSpare(Path as) throws IOException {
        JournalFiles.JournalFile taken;
        synchronized (this) {
            if (spare == null) {
                return null;
            }
            taken = spare;
            spare = null;
            taking = true;
        }
        boolean renamed = false;
        try {
            files.rename(sparePath, as);
            renamed = true;
            return taken;
        } finally {
            synchronized (this) {
                taking = false;
            }
            if (!renamed) {
                taken.close();
            }
        }
    }

    synchronized boolean isSpareReady() {
        return spare != null;
    }

    /** Waits for a task at work to stop; there is none afterwards. */
    void close() throws IOException {
        closed = true;
        synchronized (work) {
            JournalFiles.JournalFile unused;
            synchronized (this) {
                unused = spare;
                spare = null;
            }
            if (unused != null) {
                unused.close();
            }
        }
    }
}
