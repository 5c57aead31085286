// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import org.jspecify.annotations.Nullable;

/** Prefixes as ranges of keys in byte order, which for UTF-8 is the order of code points. */
final class KeyRange {
    private KeyRange() {}

    /**
     * The least text above every text that begins with a prefix; null if there is none. No character has a
     * meaning of its own, as some have in LIKE.
     */
    static @Nullable String end(String prefix) {
        int length = prefix.length();
        while (length > 0) {
            int last = prefix.codePointBefore(length);
            length -= Character.charCount(last);
            if (last < Character.MAX_CODE_POINT) {
                return new StringBuilder(prefix)
                        .delete(length, prefix.length())
                        .appendCodePoint(next(last))
                        .toString();
            }
        }
        return null;
    }

    /** Surrogates are no characters of their own. */
    private static int next(int codePoint) {
        return codePoint == Character.MIN_SURROGATE - 1 ? Character.MAX_SURROGATE + 1 : codePoint + 1;
    }
}
