// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import io.everycount.Increments;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a parser made of a body that sits in the middle of a larger array. */
record Parsed(List<Entry> entries) {
    record Entry(String key, long delta) {}

    private static final int MARGIN = 7;
    private static final byte GUARD = 0x55;
    private static final int MESSAGE_MAX = 400;

    @FunctionalInterface
    interface Parser {
        void parse(byte[] body, int offset, int length, Increments into) throws BodyException;
    }

    static Parsed of(Parser parser, String body) throws BodyException {
        return of(parser, body.getBytes(StandardCharsets.UTF_8));
    }

    /** Parses, and checks that nothing outside the body was touched. */
    static Parsed of(Parser parser, byte[] body) throws BodyException {
        byte[] array = new byte[body.length + 2 * MARGIN];
        Arrays.fill(array, GUARD);
        System.arraycopy(body, 0, array, MARGIN, body.length);
        Increments increments = new Increments().over(array);
        try {
            parser.parse(array, MARGIN, body.length, increments);
        } catch (BodyException e) {
            if (e.offset() < 0 || e.offset() > body.length || e.index() < -1 || !isShort(e.getMessage())) {
                throw new AssertionError("a useless or dangerous error: " + e.getMessage() + " at " + e.offset(), e);
            }
            throw e;
        } finally {
            for (int i = 0; i < MARGIN; i++) {
                if (array[i] != GUARD || array[array.length - 1 - i] != GUARD) {
                    throw new AssertionError("something outside the body was changed");
                }
            }
        }
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < increments.size(); i++) {
            int from = increments.offset(i);
            int length = increments.length(i);
            if (from < MARGIN || from + length > MARGIN + body.length) {
                throw new AssertionError("a key outside the body");
            }
            entries.add(new Entry(new String(array, from, length, StandardCharsets.UTF_8), increments.delta(i)));
        }
        return new Parsed(entries);
    }

    /** Whether a message is short, and has nothing that a terminal or a log would take for more than a letter. */
    private static boolean isShort(String message) {
        return !message.isEmpty()
                && message.length() <= MESSAGE_MAX
                && message.chars().allMatch(c -> c >= ' ' && c <= '~' || c == '…');
    }
}
