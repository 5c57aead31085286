// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;

/** Increments as lines of JSON, each what {@link JsonBody#parseOne} takes. Empty lines do not matter. */
public final class NdjsonBody {
    private NdjsonBody() {}

    /**
     * Parses a body.
     *
     * @param into is over {@code body}, and gets an increment for each line
     */
    public static void parse(byte[] body, int offset, int length, int incrementsMax, Increments into)
            throws BodyException {
        int end = offset + length;
        ByteOrderMark.refuse(body, offset, end);
        int index = 0;
        int line = offset;
        while (line < end) {
            int lineFeed = line;
            while (lineFeed < end && body[lineFeed] != '\n') {
                lineFeed++;
            }
            JsonReader json = new JsonReader(body, offset, line, lineFeed);
            if (json.peek() >= 0) {
                if (index == incrementsMax) {
                    throw BodyException.tooMany(incrementsMax, line - offset);
                }
                json.index(index++);
                json.increment(into);
                json.takeEnd();
            }
            line = lineFeed + 1;
        }
    }
}
