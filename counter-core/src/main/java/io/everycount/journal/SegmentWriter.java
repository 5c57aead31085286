// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;

/**
 * The segment in use. What is written is forced before anything else is written; after a failure nothing is. Not
 * thread-safe.
 */
final class SegmentWriter implements Closeable {
    private final Segment segment;
    private final JournalFiles.JournalFile file;
    private final FrameChecksum checksum;
    private final long bytesMax;
    private long position;

    /**
     * @param bytesMax how long the segment should become
     */
    SegmentWriter(Segment segment, JournalFiles.JournalFile file, FrameChecksum checksum, long bytesMax) {
        this.segment = segment;
        this.file = file;
        this.checksum = checksum;
        this.bytesMax = bytesMax;
    }

    Segment segment() {
        return segment;
    }

    FrameChecksum checksum() {
        return checksum;
    }

    /** How much was written. */
    long position() {
        return position;
    }

    /** Whether so much more keeps within the length a segment should have. */
    boolean fits(int bytes) {
        return position + bytes <= bytesMax;
    }

    /** Writes what the encoder holds, and clears it. */
    void write(FrameEncoder encoder) throws IOException {
        int bytes = encoder.size();
        file.write(encoder.content(), position);
        position += bytes;
        encoder.clear();
    }

    void force() throws IOException {
        file.force();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
