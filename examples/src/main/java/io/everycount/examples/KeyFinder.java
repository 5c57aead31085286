// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds what to count in a line. One thread uses one finder. */
interface KeyFinder {
    /**
     * Looks at one line, without its line feed.
     *
     * @param key set to where the key lies: in the line, or in bytes of the finder's own that stay as they
     *     are until the next call
     * @return whether there is one; a key is never empty
     */
    boolean find(byte[] bytes, int from, int to, KeySpan key);

    /**
     * The path of the request in an access log (common or combined format): what follows the method in the
     * first quoted field, without the query.
     */
    static KeyFinder requestPath() {
        return (bytes, from, to, key) -> {
            int i = from;
            while (i < to && bytes[i] != '"') {
                i++;
            }
            int method = ++i;
            while (i < to && bytes[i] >= 'A' && bytes[i] <= 'Z') {
                i++;
            }
            if (i == method || i >= to || bytes[i] != ' ') {
                return false;
            }
            int path = ++i;
            while (i < to && bytes[i] != ' ' && bytes[i] != '"' && bytes[i] != '?') {
                // A quote within the field is escaped by a backslash.
                i += bytes[i] == '\\' && i + 1 < to ? 2 : 1;
            }
            key.set(bytes, path, i);
            return i > path;
        };
    }

    /**
     * A field between spaces and tabs.
     *
     * @param number 1 for the first
     */
    static KeyFinder field(int number) {
        return (bytes, from, to, key) -> {
            int i = from;
            for (int n = 1; ; n++) {
                while (i < to && isBlank(bytes[i])) {
                    i++;
                }
                int start = i;
                while (i < to && !isBlank(bytes[i])) {
                    i++;
                }
                if (start == i) {
                    return false;
                }
                if (n == number) {
                    key.set(bytes, start, i);
                    return true;
                }
            }
        };
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r';
    }

    /** What the first group of a pattern captures, or all that it matches if it has no group. */
    static KeyFinder regex(Pattern pattern) {
        Matcher matcher = pattern.matcher("");
        int group = Math.min(1, matcher.groupCount());
        return (bytes, from, to, key) -> {
            int end = to > from && bytes[to - 1] == '\r' ? to - 1 : to;
            matcher.reset(new String(bytes, from, end - from, StandardCharsets.UTF_8));
            String found;
            try {
                found = matcher.find() ? matcher.group(group) : null;
            } catch (StackOverflowError e) {
                // java.util.regex recurses: some patterns cannot be matched against a very long line.
                return false;
            }
            if (found == null || found.isEmpty()) {
                return false;
            }
            byte[] utf8 = found.getBytes(StandardCharsets.UTF_8);
            key.set(utf8, 0, utf8.length);
            return true;
        };
    }
}
