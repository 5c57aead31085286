// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.nio.file.Path;

/** A segment on disk, as {@link Segments} knows it, which guards what changes. */
final class Segment {
    final SegmentName name;
    final Path path;

    /** The number before its first record. */
    final long base;

    /** No record in it that counts is above this. */
    long last;

    /** On disk. */
    long bytes;

    /** Whether nothing in it counts: a checkpoint replaced it, or it was never written to the end of its first frame. */
    boolean spent;

    Segment(SegmentName name, Path path, long base) {
        this.name = name;
        this.path = path;
        this.base = base;
        this.last = base;
    }
}
