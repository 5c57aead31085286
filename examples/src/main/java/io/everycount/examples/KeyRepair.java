// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Makes a key of whatever bytes a log has: well-formed UTF-8, without NUL, not too long. The same bytes
 * always become the same key. Used by one thread.
 */
final class KeyRepair {
    private static final byte[] ELLIPSIS = "…".getBytes(StandardCharsets.UTF_8);

    private final int bytesMax;
    private long shortened;
    private long replaced;

    /**
     * @param bytesMax how long a key may be
     */
    KeyRepair(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** Keys that were cut so far, and end in an ellipsis. */
    long shortened() {
        return shortened;
    }

    /** Keys so far of which bytes were replaced by U+FFFD. */
    long replaced() {
        return replaced;
    }

    void repair(KeySpan key) {
        if (key.length <= bytesMax && isAscii(key)) {
            return;
        }
        // Cutting may split the last character, which then lies where the ellipsis goes.
        int length = Math.min(key.length, bytesMax);
        String text = new String(key.bytes, key.offset, length, StandardCharsets.UTF_8).replace('\0', '\uFFFD');
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int end = utf8.length;
        boolean tooLong = key.length > bytesMax || end > bytesMax;
        if (tooLong) {
            end = Math.min(end, bytesMax - ELLIPSIS.length);
            while (end > 0 && end < utf8.length && (utf8[end] & 0xC0) == 0x80) {
                end--;
            }
            shortened++;
        }
        if (!Arrays.equals(utf8, 0, end, key.bytes, key.offset, key.offset + Math.min(end, length))) {
            replaced++;
        }
        if (tooLong) {
            utf8 = Arrays.copyOf(utf8, end + ELLIPSIS.length);
            System.arraycopy(ELLIPSIS, 0, utf8, end, ELLIPSIS.length);
        }
        key.set(utf8, 0, utf8.length);
    }

    private static boolean isAscii(KeySpan key) {
        byte[] bytes = key.bytes;
        int end = key.offset + key.length;
        for (int i = key.offset; i < end; i++) {
            if (bytes[i] <= 0) {
                return false;
            }
        }
        return true;
    }
}
