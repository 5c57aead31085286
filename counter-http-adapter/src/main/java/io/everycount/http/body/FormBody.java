// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;
import java.util.Arrays;
import java.util.Objects;

/**
 * One increment as a browser or {@code curl -d} sends it, {@code key=abc&value=5}, percent-encoded, a plus
 * for a space. The value is 1 if there is none. A control character has to be encoded: one that is not, such
 * as a last line feed, came by mistake.
 */
public final class FormBody {
    private static final byte[] KEY = {'k', 'e', 'y'};
    private static final byte[] VALUE = {'v', 'a', 'l', 'u', 'e'};

    private FormBody() {}

    /**
     * Parses a body.
     *
     * @param into is over {@code body}, and gets one increment
     */
    public static void parse(byte[] body, int offset, int length, Increments into) throws BodyException {
        Objects.checkFromIndexSize(offset, length, body.length);
        int end = offset + length;
        ByteOrderMark.refuse(body, offset, end);
        int control = Scan.control(body, offset, end);
        if (control < end) {
            throw malformed("a control character is not percent-encoded", body, offset, control, end);
        }
        int keyFrom = -1;
        int keyLength = 0;
        long delta = 1;
        boolean hasValue = false;
        int field = offset;
        while (field < end) {
            int equals = -1;
            int to = field;
            for (; to < end && body[to] != '&'; to++) {
                if (body[to] == '=' && equals < 0) {
                    equals = to;
                }
            }
            if (to > field) {
                if (equals < 0) {
                    throw malformed("a field has no =", body, offset, field, to);
                }
                int nameLength = decode(body, offset, field, equals);
                int valueFrom = equals + 1;
                int valueLength = decode(body, offset, valueFrom, to);
                if (is(body, field, nameLength, KEY)) {
                    if (keyFrom >= 0) {
                        throw malformed("there are two keys", body, offset, field, to);
                    }
                    keyFrom = valueFrom;
                    keyLength = valueLength;
                } else if (is(body, field, nameLength, VALUE)) {
                    if (hasValue) {
                        throw malformed("there are two values", body, offset, field, to);
                    }
                    hasValue = true;
                    if (!Decimal.is(body, valueFrom, valueFrom + valueLength)) {
                        throw malformed(
                                "the value is not a whole number of 64 bits",
                                body,
                                offset,
                                valueFrom,
                                valueFrom + valueLength);
                    }
                    delta = Decimal.parse(body, valueFrom, valueFrom + valueLength);
                } else {
                    throw malformed("there is an unknown field", body, offset, field, field + nameLength);
                }
            }
            field = to + 1;
        }
        if (keyFrom < 0) {
            throw malformed("there is no key", body, offset, offset, end);
        }
        into.add(keyFrom, keyLength, delta);
    }

    /** Decodes a range in place, and returns how long it is then. */
    private static int decode(byte[] body, int offset, int from, int to) throws BodyException {
        int at = from;
        while (at < to && body[at] != '%' && body[at] != '+') {
            at++;
        }
        int into = at;
        while (at < to) {
            byte c = body[at];
            if (c == '+') {
                body[into++] = ' ';
                at++;
            } else if (c == '%') {
                int high = at + 1 < to ? Hex.digit(body[at + 1]) : -1;
                int low = at + 2 < to ? Hex.digit(body[at + 2]) : -1;
                if (high < 0 || low < 0) {
                    throw malformed("a % is not followed by two hexadecimal digits", body, offset, at, to);
                }
                body[into++] = (byte) (high << 4 | low);
                at += 3;
            } else {
                body[into++] = c;
                at++;
            }
        }
        return into - from;
    }

    private static boolean is(byte[] body, int from, int length, byte[] name) {
        return Arrays.equals(body, from, from + length, name, 0, name.length);
    }

    private static BodyException malformed(String what, byte[] body, int offset, int from, int to) {
        return BodyException.malformed(
                what + ": " + Found.at(body, from, to) + "; allowed is key=…, and value=… with a whole number",
                -1,
                from - offset);
    }
}
