// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

/**
 * What somebody sent, as it is shown in problems and logs: bounded, on one line, and without characters that
 * could deceive.
 */
public final class Shown {
    private static final int CODE_POINTS_MAX = 64;

    private Shown() {}

    /**
     * The text in double quotes, at most 64 characters of it. Quotes and backslashes in it have a backslash
     * before them; what has no shape or changes that of others is shown as backslash, u and its number.
     */
    public static String text(String given) {
        StringBuilder out = new StringBuilder("\"");
        int shown = 0;
        for (int i = 0; i < given.length(); ) {
            if (shown++ == CODE_POINTS_MAX) {
                out.append('…');
                break;
            }
            int c = given.codePointAt(i);
            i += Character.charCount(c);
            if (c == '"' || c == '\\') {
                out.append('\\').append((char) c);
            } else if (isPlain(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(String.format("\\u%04x", c));
            }
        }
        return out.append('"').toString();
    }

    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED,
                    Character.PRIVATE_USE -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }
}
