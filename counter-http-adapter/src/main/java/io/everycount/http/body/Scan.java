// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds the bytes that end an ordinary stretch of text, eight bytes at a step. In a word, a byte is below
 * {@code n} if subtracting {@code n} from it borrows, and its own highest bit is not set. A borrow can make
 * that come out wrong for bytes after the first match, never for the first, and only the first is looked at:
 * the words are read with the first byte lowest.
 */
final class Scan {
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHEST_BITS = ONES << 7;

    private Scan() {}

    /** Where the first quote, backslash or control character (below a space) is; {@code end} if there is none. */
    static int stringStop(byte[] bytes, int from, int end) {
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long word = (long) WORD.get(bytes, i);
            long quote = word ^ '"' * ONES;
            long backslash = word ^ '\\' * ONES;
            // A highest bit that is set stays set by ^, so that ~word serves all three.
            long found = ((quote - ONES) | (backslash - ONES) | (word - ' ' * ONES)) & ~word & HIGHEST_BITS;
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (i < end && bytes[i] != '"' && bytes[i] != '\\' && !isControl(bytes[i])) {
            i++;
        }
        return i;
    }

    /** Where the first control character (below a space) is; {@code end} if there is none. */
    static int control(byte[] bytes, int from, int end) {
        int i = from;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            long word = (long) WORD.get(bytes, i);
            long found = (word - ' ' * ONES) & ~word & HIGHEST_BITS;
            if (found != 0) {
                return i + (Long.numberOfTrailingZeros(found) >>> 3);
            }
        }
        while (i < end && !isControl(bytes[i])) {
            i++;
        }
        return i;
    }

    /** Whether a short text, at most eight bytes packed by {@link #packed}, begins at a place. */
    static boolean begins(byte[] bytes, int at, int end, long packed) {
        int unused = Long.numberOfLeadingZeros(packed) & -Byte.SIZE;
        return at <= end - Long.BYTES && ((long) WORD.get(bytes, at) << unused) == packed << unused;
    }

    /** A short text of ASCII, at most eight characters, as {@link #begins} takes it. */
    static long packed(String ascii) {
        long packed = 0;
        for (int i = 0; i < ascii.length(); i++) {
            packed |= (long) ascii.charAt(i) << i * Byte.SIZE;
        }
        return packed;
    }

    /** Whether a byte is a control character; no part of a longer UTF-8 sequence is one. */
    static boolean isControl(byte b) {
        return b >= 0 && b < ' ';
    }
}
