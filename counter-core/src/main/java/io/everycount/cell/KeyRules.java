// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import org.jspecify.annotations.Nullable;

/**
 * What a key may be: 1 to a limit of bytes in UTF-8, well-formed, without NUL. Anything else would be
 * refused or, worse, merged with another key by a store.
 */
public final class KeyRules {
    private static final long ONES = 0x0101_0101_0101_0101L;

    private KeyRules() {}

    /**
     * @param key any String
     * @param bytesMax the most bytes of UTF-8 allowed
     * @return null if the key is fine, otherwise what is wrong with it and what is allowed
     */
    public static @Nullable String problem(String key, int bytesMax) {
        int chars = key.length();
        if (chars == 0) {
            return "the key is empty; a key has 1 to " + bytesMax + " bytes of UTF-8";
        }
        int bytes = chars;
        for (int i = 0; i < chars; i++) {
            char c = key.charAt(i);
            if (c == 0) {
                return "the key has a NUL character at index " + i + ", which no store can hold";
            }
            if (c >= 0x80) {
                bytes += c >= 0x800 ? 2 : 1;
                if (Character.isSurrogate(c)) {
                    if (Character.isLowSurrogate(c) || i + 1 == chars || !Character.isLowSurrogate(key.charAt(i + 1))) {
                        return "the key has an unpaired surrogate (\\u" + Integer.toHexString(c) + ") at index " + i
                                + ", so it is not text; stores would merge it with other keys";
                    }
                    // A pair is 4 bytes for 2 chars: with the high one's 2 extra the count is right.
                    i++;
                }
            }
        }
        return bytes > bytesMax ? tooLong(bytes, bytesMax) : null;
    }

    /**
     * @param utf8 holds the key
     * @param offset where it starts
     * @param length how many bytes it has
     * @param bytesMax the most bytes allowed
     * @return null if the key is fine, otherwise what is wrong with it and what is allowed
     */
    public static @Nullable String problem(byte[] utf8, int offset, int length, int bytesMax) {
        if (length == 0) {
            return "the key is empty; a key has 1 to " + bytesMax + " bytes of UTF-8";
        }
        if (length > bytesMax) {
            return tooLong(length, bytesMax);
        }
        int end = offset + length;
        for (int i = plainUntil(utf8, offset, end); i < end; ) {
            int size = sequenceLength(utf8, i, end);
            if (size == 0) {
                return "the key is not well-formed UTF-8 at byte " + (i - offset) + " (0x"
                        + Integer.toHexString(utf8[i] & 0xff) + ")";
            }
            if (utf8[i] == 0) {
                return "the key has a NUL character at byte " + (i - offset) + ", which no store can hold";
            }
            i += size;
        }
        return null;
    }

    /** Where, eight bytes at a time, something other than ASCII without NUL may begin. */
    private static int plainUntil(byte[] utf8, int offset, int end) {
        int i = offset;
        while (end - i >= Long.BYTES) {
            long eight = FastHash.longAt(utf8, i);
            // A byte's high bit is set by itself, or by borrowing: then it, or one before it, is 0.
            if (((eight - ONES | eight) & ONES << 7) != 0) {
                break;
            }
            i += Long.BYTES;
        }
        return i;
    }

    private static String tooLong(int bytes, int bytesMax) {
        return "the key has " + bytes + " bytes of UTF-8; at most " + bytesMax + " are allowed (maxKeyBytes)";
    }

    /** The bytes of the well-formed sequence that starts at {@code i} (Unicode, table 3-7), or 0. */
    private static int sequenceLength(byte[] b, int i, int end) {
        int first = b[i] & 0xff;
        if (first < 0x80) {
            return 1;
        }
        int size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
        if (size == 0 || i + size > end) {
            return 0;
        }
        int second = b[i + 1] & 0xff;
        int low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        int high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (second < low || second > high) {
            return 0;
        }
        for (int k = 2; k < size; k++) {
            if ((b[i + k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return size;
    }
}
