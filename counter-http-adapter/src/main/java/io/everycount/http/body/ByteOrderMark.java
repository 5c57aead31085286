// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

/** A byte order mark at the beginning of a body: an editor's doing, and never part of a key. */
final class ByteOrderMark {
    private ByteOrderMark() {}

    static void refuse(byte[] body, int from, int end) throws BodyException {
        if (end - from >= 3
                && body[from] == (byte) 0xEF
                && body[from + 1] == (byte) 0xBB
                && body[from + 2] == (byte) 0xBF) {
            throw BodyException.malformed(
                    "the body begins with a byte order mark; UTF-8 without one is allowed", -1, 0);
        }
    }
}
