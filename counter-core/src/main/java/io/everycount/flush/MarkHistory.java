// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.sink.Mark;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The marks that a sink's ledger may have been moved to: the ends of what was sent to it, known for long after the
 * records are gone, in ascending order. When it is full, the older half goes. Not thread-safe.
 */
final class MarkHistory {
    /** So many at least are known. */
    static final int MARKS_MIN = 1 << 17;

    private static final int FIRST_LENGTH = 64;

    private long[] numbers = new long[FIRST_LENGTH];
    private long[] digests = new long[FIRST_LENGTH];
    private long[] deltaSums = new long[FIRST_LENGTH];
    private long[] keys = new long[FIRST_LENGTH];
    private long[] bytes = new long[FIRST_LENGTH];
    private int size;

    void add(RecordLog.Point point) {
        int at = find(point.record());
        if (at >= 0) {
            return;
        }
        makeRoom();
        at = -find(point.record()) - 1;
        int behind = size - at;
        System.arraycopy(numbers, at, numbers, at + 1, behind);
        System.arraycopy(digests, at, digests, at + 1, behind);
        System.arraycopy(deltaSums, at, deltaSums, at + 1, behind);
        System.arraycopy(keys, at, keys, at + 1, behind);
        System.arraycopy(bytes, at, bytes, at + 1, behind);
        numbers[at] = point.record();
        digests[at] = point.mark().digest();
        deltaSums[at] = point.deltaSum();
        keys[at] = point.keys();
        bytes[at] = point.bytes();
        size++;
    }

    private int find(long number) {
        // A new one is nearly always the last.
        return size == 0 || number > numbers[size - 1] ? -size - 1 : Arrays.binarySearch(numbers, 0, size, number);
    }

    private void makeRoom() {
        if (size < numbers.length) {
            return;
        }
        if (size == 2 * MARKS_MIN) {
            size = MARKS_MIN;
            System.arraycopy(numbers, size, numbers, 0, size);
            System.arraycopy(digests, size, digests, 0, size);
            System.arraycopy(deltaSums, size, deltaSums, 0, size);
            System.arraycopy(keys, size, keys, 0, size);
            System.arraycopy(bytes, size, bytes, 0, size);
        } else {
            int length = size * 2;
            numbers = Arrays.copyOf(numbers, length);
            digests = Arrays.copyOf(digests, length);
            deltaSums = Arrays.copyOf(deltaSums, length);
            keys = Arrays.copyOf(keys, length);
            bytes = Arrays.copyOf(bytes, length);
        }
    }

    /** The history at a mark with this number; null if nothing that is known here ended there. */
    RecordLog.@Nullable Point at(long number) {
        int at = find(number);
        return at < 0 ? null : new RecordLog.Point(new Mark(number, digests[at]), deltaSums[at], keys[at], bytes[at]);
    }

    /** The number of the oldest mark that is known; 0 if there is none. */
    long oldest() {
        return size == 0 ? 0 : numbers[0];
    }
}
