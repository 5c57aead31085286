// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An instance's segments, in order, and which of them may go. Thread-safe; nobody waits for the disk in here.
 *
 * <p>The newest segment that was forced never goes, nor any later one: its header says where the numbers are when all
 * records are gone.
 */
final class Segments {
    private final List<Segment> segments;
    private @Nullable Segment proven;
    private long forgotten;

    Segments(List<Segment> found) {
        segments = new ArrayList<>(found);
    }

    /** A new segment is about to be written. */
    synchronized void begin(Segment segment) {
        segments.add(segment);
    }

    /** A segment takes so much on disk. */
    synchronized void grown(Segment segment, long bytes) {
        segment.bytes = bytes;
    }

    /** What was written to a segment is durable. */
    synchronized void forced(Segment segment, long last, long bytes) {
        segment.last = last;
        segment.bytes = Math.max(segment.bytes, bytes);
        proven = segment;
    }

    /** A segment that was never forced is gone. */
    synchronized void remove(Segment segment) {
        segments.remove(segment);
    }

    /** Nothing in a segment counts. */
    synchronized void spend(Segment segment, long bytes) {
        segment.spent = true;
        segment.bytes = bytes;
    }

    /** A set of pieces in the given segment is durable that replaces all records after a number. */
    synchronized void replaced(Segment by, long after) {
        for (Segment segment : segments) {
            if (segment == by) {
                return;
            }
            if (segment.base >= after) {
                segment.spent = true;
            } else {
                segment.last = Math.min(segment.last, after);
            }
        }
    }

    /** Records up to a number need not be kept. */
    synchronized void forget(long upTo) {
        forgotten = Math.max(forgotten, upTo);
    }

    /** The oldest segment that may go; null if none may. */
    synchronized @Nullable Segment deletable() {
        if (proven != null) {
            for (Segment segment : segments) {
                if (segment == proven) {
                    return null;
                }
                if (segment.spent || segment.last <= forgotten) {
                    return segment;
                }
            }
        }
        return null;
    }

    /** Whether there is anything that has to be kept. */
    synchronized boolean hasNeeded() {
        return segments.stream().anyMatch(segment -> !segment.spent && segment.last > forgotten);
    }

    synchronized long bytes() {
        long sum = 0;
        for (Segment segment : segments) {
            sum += segment.bytes;
        }
        return sum;
    }

    synchronized int count() {
        return segments.size();
    }
}
