// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

/** Where a key lies: a range of some bytes. Reused from line to line by one thread. */
final class KeySpan {
    byte[] bytes = new byte[0];
    int offset;
    int length;

    void set(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.offset = from;
        this.length = to - from;
    }
}
