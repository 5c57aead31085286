// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;

/** Increments as JSON, strictly by RFC 8259. */
public final class JsonBody {
    private JsonBody() {}

    /**
     * Parses one increment: {@code {"key": "abc", "value": 5}}, whose value is 1 if there is none.
     *
     * @param into is over {@code body}, and gets the increment
     */
    public static void parseOne(byte[] body, int offset, int length, Increments into) throws BodyException {
        JsonReader json = JsonReader.ofDocument(body, offset, length);
        json.increment(into);
        json.takeEnd();
    }

    /**
     * Parses many: an array of what {@link #parseOne} takes, or an object whose members are keys and deltas
     * (a name that comes twice is two increments).
     *
     * @param into is over {@code body}, and gets the increments
     */
    public static void parseMany(byte[] body, int offset, int length, int incrementsMax, Increments into)
            throws BodyException {
        JsonReader json = JsonReader.ofDocument(body, offset, length);
        switch (json.peek()) {
            case '[' -> array(json, incrementsMax, into);
            case '{' -> object(json, incrementsMax, into);
            default -> throw json.unexpected("an array of increments, or an object of keys and deltas");
        }
        json.index(-1);
        json.takeEnd();
    }

    private static void array(JsonReader json, int incrementsMax, Increments into) throws BodyException {
        json.take('[', "[");
        if (json.peek() == ']') {
            json.take(']', "]");
            return;
        }
        int index = 0;
        do {
            if (index == incrementsMax) {
                throw BodyException.tooMany(incrementsMax, json.offset());
            }
            json.index(index++);
            json.increment(into);
        } while (json.takeCommaOr(']'));
    }

    private static void object(JsonReader json, int incrementsMax, Increments into) throws BodyException {
        json.take('{', "{");
        if (json.peek() == '}') {
            json.take('}', "}");
            return;
        }
        int index = 0;
        do {
            if (index == incrementsMax) {
                throw BodyException.tooMany(incrementsMax, json.offset());
            }
            json.index(index++);
            json.peek();
            json.string("a key in quotes");
            int keyFrom = json.stringFrom();
            int keyLength = json.stringLength();
            json.take(':', "a colon");
            into.add(keyFrom, keyLength, json.whole());
        } while (json.takeCommaOr('}'));
    }
}
