// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;
import java.util.Objects;

/**
 * Lines of text, each a key, blanks, and a delta: {@code page:/home 5}. The last blanks of a line separate,
 * so that a key may have blanks within. A carriage return before the line feed, blanks before that, a
 * missing last line feed, and empty lines do not matter. Other control characters are refused: a carriage
 * return alone would make one long key of many lines.
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
        Objects.checkFromIndexSize(offset, length, body.length);
        int end = offset + length;
        ByteOrderMark.refuse(body, offset, end);
        int count = 0;
        int line = offset;
        while (line < end) {
            int lineEnd = lineEnd(body, offset, line, end, count);
            int to = lineEnd;
            while (to > line && isBlank(body[to - 1])) {
                to--;
            }
            if (to > line) {
                if (count == incrementsMax) {
                    throw BodyException.tooMany(incrementsMax, line - offset);
                }
                line(body, offset, line, to, count, into);
                count++;
            } else if (lineEnd > line) {
                throw malformed("a line has nothing but blanks", body, offset, line, lineEnd, count);
            }
            line = lineEnd < end && body[lineEnd] == '\r' ? lineEnd + 2 : lineEnd + 1;
        }
    }

    /** Where the line ends that begins at {@code line}: at its carriage return, its line feed or {@code end}. */
    private static int lineEnd(byte[] body, int offset, int line, int end, int index) throws BodyException {
        int at = Scan.control(body, line, end);
        while (at < end && body[at] == '\t') {
            at = Scan.control(body, at + 1, end);
        }
        if (at == end || body[at] == '\n' || body[at] == '\r' && (at + 1 == end || body[at + 1] == '\n')) {
            return at;
        }
        throw malformed("a line has a control character", body, offset, at, end, index);
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
