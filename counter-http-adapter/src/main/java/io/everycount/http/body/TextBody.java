// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;

/**
 * Lines of text, each a key, blanks, and a delta: {@code page:/home 5}. The last blanks of a line separate,
 * so that a key may have blanks within. A carriage return before the line feed, blanks before that, a
 * missing last line feed, and empty lines do not matter.
 */
public final class TextBody {
    private TextBody() {}

    /**
     * Parses a body.
     *
     * @param into is over {@code body}, and gets an increment for each line
     */
    public static void parse(byte[] body, int offset, int length, int incrementsMax, Increments into)
            throws BodyException {
        int end = offset + length;
        ByteOrderMark.refuse(body, offset, end);
        int count = 0;
        int line = offset;
        while (line < end) {
            int lineFeed = line;
            while (lineFeed < end && body[lineFeed] != '\n') {
                lineFeed++;
            }
            int to = lineFeed;
            if (to > line && body[to - 1] == '\r') {
                to--;
            }
            while (to > line && isBlank(body[to - 1])) {
                to--;
            }
            if (to > line) {
                if (count == incrementsMax) {
                    throw BodyException.tooMany(incrementsMax, line - offset);
                }
                line(body, offset, line, to, count, into);
                count++;
            } else if (lineFeed > line && isBlank(body[line])) {
                throw malformed("a line has nothing but blanks", body, offset, line, lineFeed, count);
            }
            line = lineFeed + 1;
        }
    }

    private static void line(byte[] body, int offset, int line, int to, int index, Increments into)
            throws BodyException {
        int delta = to;
        while (delta > line && !isBlank(body[delta - 1])) {
            delta--;
        }
        int keyEnd = delta;
        while (keyEnd > line && isBlank(body[keyEnd - 1])) {
            keyEnd--;
        }
        if (keyEnd == line) {
            throw malformed("a line has a single word", body, offset, line, to, index);
        }
        if (isBlank(body[line])) {
            throw malformed("a line begins with a blank", body, offset, line, to, index);
        }
        if (!Decimal.is(body, delta, to)) {
            throw malformed("a delta is not a whole number of 64 bits", body, offset, delta, to, index);
        }
        into.add(line, keyEnd - line, Decimal.parse(body, delta, to));
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    private static BodyException malformed(String what, byte[] body, int offset, int from, int to, int index) {
        return BodyException.malformed(
                what + ": " + Found.quoted(body, from, to) + "; a line is a key, a space or a tab, and a whole number",
                index,
                from - offset);
    }
}
