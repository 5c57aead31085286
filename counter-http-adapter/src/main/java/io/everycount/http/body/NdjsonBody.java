// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;

/** Increments as lines of JSON, each what {@link JsonBody#parseOne} takes. Blank lines do not matter. */
public final class NdjsonBody {
    private NdjsonBody() {}

    /**
     * Parses a body.
     *
     * @param into is over {@code body}, and gets an increment for each line
     */
    public static void parse(byte[] body, int offset, int length, int incrementsMax, Increments into)
            throws BodyException {
        JsonReader json = JsonReader.ofLines(body, offset, length);
        int index = 0;
        while (json.peek() >= 0) {
            if (json.peek() != '\n') {
                if (index == incrementsMax) {
                    throw BodyException.tooMany(incrementsMax, json.offset());
                }
                json.index(index++);
                json.increment(into);
            }
            json.takeLineFeed();
        }
    }
}
