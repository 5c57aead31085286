// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

/** What a caller sent, as it is shown in a problem: bounded, and without characters that could deceive. */
final class Shown {
    private static final int CODE_POINTS_MAX = 64;

    private Shown() {}

    /** The text in double quotes; at most 64 characters of it. */
    static String text(String given) {
        StringBuilder out = new StringBuilder("\"");
        int shown = 0;
        for (int i = 0; i < given.length(); ) {
            if (shown++ == CODE_POINTS_MAX) {
                out.append('…');
                break;
            }
            int c = given.codePointAt(i);
            i += Character.charCount(c);
            boolean plain = switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR,
                        Character.UNASSIGNED,
                        Character.PRIVATE_USE -> false;
                default -> true;
            };
            if (plain) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format("\\u%04x", c));
            }
        }
        return out.append('"').toString();
    }
}
