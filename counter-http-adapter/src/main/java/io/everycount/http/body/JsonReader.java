// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;
import java.util.Arrays;
import java.util.Objects;

/**
 * Reads what there is of JSON (RFC 8259) in increments: objects, strings and whole numbers, strictly. Strings
 * are decoded in place. Whether they are well-formed UTF-8 is for the cache to say. For one body, all of it or
 * line by line.
 */
final class JsonReader {
    private static final byte[] KEY = {'k', 'e', 'y'};
    private static final byte[] VALUE = {'v', 'a', 'l', 'u', 'e'};
    private static final long KEY_IN_QUOTES = Scan.packed("\"key\"");
    private static final long VALUE_IN_QUOTES = Scan.packed("\"value\"");

    private enum Member {
        KEY,
        VALUE,
        OTHER
    }

    private final byte[] bytes;
    private final int begin;
    private final int end;
    private final boolean byLine;
    private int at;
    private int index = -1;
    private int stringFrom;
    private int stringLength;

    private JsonReader(byte[] bytes, int offset, int length, boolean byLine) throws BodyException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        this.bytes = bytes;
        this.begin = offset;
        this.at = offset;
        this.end = offset + length;
        this.byLine = byLine;
        ByteOrderMark.refuse(bytes, begin, end);
    }

    /** Reads a document: line feeds are white space. */
    static JsonReader ofDocument(byte[] bytes, int offset, int length) throws BodyException {
        return new JsonReader(bytes, offset, length, false);
    }

    /** Reads a document on each line: nothing but {@link #takeLineFeed} takes a line feed. */
    static JsonReader ofLines(byte[] bytes, int offset, int length) throws BodyException {
        return new JsonReader(bytes, offset, length, true);
    }

    /** Which increment is being read, for messages; -1 for none. */
    void index(int index) {
        this.index = index;
    }

    /** Where the string that was read last begins. */
    int stringFrom() {
        return stringFrom;
    }

    /** How many bytes it has. */
    int stringLength() {
        return stringLength;
    }

    /** Where reading is, in bytes from the beginning of the body. */
    int offset() {
        return at - begin;
    }

    /** Skips white space, and returns the byte that follows without taking it; -1 at the end. */
    int peek() {
        int i = at;
        while (i < end && isSpace(bytes[i])) {
            i++;
        }
        at = i;
        return i < end ? bytes[i] & 0xff : -1;
    }

    private boolean isSpace(byte b) {
        return b == ' ' || b == '\t' || b == '\r' || b == '\n' && !byLine;
    }

    /** Takes one character, after white space. */
    void take(char wanted, String what) throws BodyException {
        if (peek() != wanted) {
            throw unexpected(what);
        }
        at++;
    }

    /** Takes a comma or the closing character, after white space; tells whether it was the comma. */
    boolean takeCommaOr(char closing) throws BodyException {
        int c = peek();
        if (c != ',' && c != closing) {
            throw unexpected("a comma or " + closing);
        }
        at++;
        return c == ',';
    }

    /** Makes sure that nothing but white space follows. */
    void takeEnd() throws BodyException {
        if (peek() >= 0) {
            throw unexpected("nothing more");
        }
    }

    /** Makes sure that nothing but white space follows on this line, and goes on to the next. */
    void takeLineFeed() throws BodyException {
        int c = peek();
        if (c == '\n') {
            at++;
        } else if (c >= 0) {
            throw unexpected("nothing more on this line");
        }
    }

    /** Takes an object {@code {"key": …, "value": …}}, whose value is 1 if there is none. */
    void increment(Increments into) throws BodyException {
        take('{', "an object with a key and a value");
        int keyFrom = -1;
        int keyLength = 0;
        boolean hasValue = false;
        long value = 1;
        if (peek() == '}') {
            throw unexpected("\"key\"");
        }
        do {
            peek();
            int nameAt = at;
            Member member = member();
            if (member == Member.KEY) {
                if (keyFrom >= 0) {
                    throw malformed("there is a second key", nameAt);
                }
                take(':', "a colon");
                peek();
                string("a string as key");
                keyFrom = stringFrom;
                keyLength = stringLength;
            } else if (member == Member.VALUE) {
                if (hasValue) {
                    throw malformed("there is a second value", nameAt);
                }
                take(':', "a colon");
                value = whole();
                hasValue = true;
            } else {
                throw malformed(
                        "there is a member " + Found.quoted(bytes, stringFrom, stringFrom + stringLength)
                                + "; key and value are allowed",
                        nameAt);
            }
        } while (takeCommaOr('}'));
        if (keyFrom < 0) {
            throw malformed("the object has no key", at - 1);
        }
        into.add(keyFrom, keyLength, value);
    }

    private Member member() throws BodyException {
        // Nearly every name is written this way: no need to look for its end.
        if (Scan.begins(bytes, at, end, KEY_IN_QUOTES)) {
            at += KEY.length + 2;
            return Member.KEY;
        }
        if (Scan.begins(bytes, at, end, VALUE_IN_QUOTES)) {
            at += VALUE.length + 2;
            return Member.VALUE;
        }
        string("\"key\" or \"value\"");
        if (Arrays.equals(bytes, stringFrom, stringFrom + stringLength, KEY, 0, KEY.length)) {
            return Member.KEY;
        }
        return Arrays.equals(bytes, stringFrom, stringFrom + stringLength, VALUE, 0, VALUE.length)
                ? Member.VALUE
                : Member.OTHER;
    }

    /** Takes a string that begins here. */
    void string(String what) throws BodyException {
        if (at >= end || bytes[at] != '"') {
            throw unexpected(what);
        }
        int from = at + 1;
        int stop = Scan.stringStop(bytes, from, end);
        if (stop == end) {
            throw malformed("a string has no closing quote", at);
        }
        if (bytes[stop] == '"') {
            stringFrom = from;
            stringLength = stop - from;
            at = stop + 1;
        } else if (bytes[stop] == '\\') {
            escapedString(from, stop);
        } else {
            throw controlCharacter(stop);
        }
    }

    /** The rest of a string from its first escape on: what is decoded moves down. */
    private void escapedString(int from, int firstEscape) throws BodyException {
        int into = firstEscape;
        int i = firstEscape;
        while (i < end) {
            byte c = bytes[i];
            if (c == '"') {
                stringFrom = from;
                stringLength = into - from;
                at = i + 1;
                return;
            }
            if (Scan.isControl(c)) {
                throw controlCharacter(i);
            }
            if (c != '\\') {
                bytes[into++] = c;
                i++;
                continue;
            }
            byte escape = i + 1 < end ? bytes[i + 1] : 0;
            switch (escape) {
                case '"', '\\', '/' -> bytes[into++] = escape;
                case 'b' -> bytes[into++] = '\b';
                case 'f' -> bytes[into++] = '\f';
                case 'n' -> bytes[into++] = '\n';
                case 'r' -> bytes[into++] = '\r';
                case 't' -> bytes[into++] = '\t';
                case 'u' -> {
                    int unit = unit(i);
                    if (Character.isHighSurrogate((char) unit)) {
                        int low = i + 7 < end && bytes[i + 6] == '\\' && bytes[i + 7] == 'u' ? unit(i + 6) : 0;
                        if (!Character.isLowSurrogate((char) low)) {
                            throw malformed("half a surrogate pair is escaped", i);
                        }
                        into = utf8(Character.toCodePoint((char) unit, (char) low), into);
                        i += 6;
                    } else if (Character.isLowSurrogate((char) unit)) {
                        throw malformed("half a surrogate pair is escaped", i);
                    } else {
                        into = utf8(unit, into);
                    }
                    i += 4;
                }
                default -> throw malformed("there is no such escape", i);
            }
            i += 2;
        }
        throw malformed("a string has no closing quote", from - 1);
    }

    private int unit(int escape) throws BodyException {
        int unit = 0;
        for (int i = escape + 2; i < escape + 6; i++) {
            int digit = i < end ? Hex.digit(bytes[i]) : -1;
            if (digit < 0) {
                throw malformed("four hexadecimal digits must follow", escape);
            }
            unit = unit << 4 | digit;
        }
        return unit;
    }

    private int utf8(int codePoint, int into) {
        int next = into;
        if (codePoint < 0x80) {
            bytes[next++] = (byte) codePoint;
        } else if (codePoint < 0x800) {
            bytes[next++] = (byte) (0xc0 | codePoint >> 6);
            bytes[next++] = (byte) (0x80 | codePoint & 0x3f);
        } else {
            if (codePoint < 0x10000) {
                bytes[next++] = (byte) (0xe0 | codePoint >> 12);
            } else {
                bytes[next++] = (byte) (0xf0 | codePoint >> 18);
                bytes[next++] = (byte) (0x80 | codePoint >> 12 & 0x3f);
            }
            bytes[next++] = (byte) (0x80 | codePoint >> 6 & 0x3f);
            bytes[next++] = (byte) (0x80 | codePoint & 0x3f);
        }
        return next;
    }

    /** Takes a whole number of 64 bits, after white space. */
    long whole() throws BodyException {
        peek();
        int from = at;
        int i = from;
        if (i < end && bytes[i] == '-') {
            i++;
        }
        int digits = i;
        while (i < end && bytes[i] >= '0' && bytes[i] <= '9') {
            i++;
        }
        boolean continues = i < end && (bytes[i] == '.' || (bytes[i] | 0x20) == 'e' || bytes[i] == '+');
        boolean leadingZero = i - digits > 1 && bytes[digits] == '0';
        if (i == digits || continues || leadingZero || !Decimal.is(bytes, from, i)) {
            throw unexpected("a whole number of 64 bits, without quotes, fraction or exponent");
        }
        at = i;
        return Decimal.parse(bytes, from, i);
    }

    private BodyException controlCharacter(int where) {
        return malformed("a control character in a string is not escaped", where);
    }

    /** Says what was expected at this place, and what is there. */
    BodyException unexpected(String expected) {
        String found = byLine && at < end && bytes[at] == '\n' ? "the end of the line" : Found.at(bytes, at, end);
        return BodyException.malformed("expected " + expected + ", found " + found, index, at - begin);
    }

    private BodyException malformed(String what, int where) {
        return BodyException.malformed(what + ", at " + Found.at(bytes, where, end), index, where - begin);
    }
}
