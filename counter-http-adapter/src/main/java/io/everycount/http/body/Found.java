// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import java.nio.charset.StandardCharsets;

/** Says what is at a place of a body, for messages: bounded, and harmless wherever it is shown. */
final class Found {
    private static final int SHOWN_MAX = 40;

    private Found() {}

    /** What begins at a place: the end of the body, or at most 40 characters in double quotes. */
    static String at(byte[] bytes, int from, int end) {
        return from >= end ? "the end" : quoted(bytes, from, end);
    }

    /** A range, at most 40 characters of it, in double quotes; whatever is not plain ASCII is escaped. */
    static String quoted(byte[] bytes, int from, int end) {
        int to = Math.min(end, from + SHOWN_MAX);
        StringBuilder out = new StringBuilder("\"");
        String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
                out.append(c);
            } else {
                out.append("\\x").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 0xf, 16));
            }
        }
        return out.append(to < end ? "…\"" : "\"").toString();
    }
}
