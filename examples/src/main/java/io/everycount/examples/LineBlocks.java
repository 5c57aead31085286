// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.io.IOException;
import java.util.Arrays;

/**
 * Cuts a stream of bytes into blocks of whole lines. Of a line longer than a block only the first block
 * is handed out, as a line. Used by one thread at a time.
 */
final class LineBlocks {
    /** Where the bytes come from. */
    interface Bytes {
        /** As {@link java.io.InputStream#read(byte[], int, int)}. */
        int read(byte[] into, int offset, int length) throws IOException;
    }

    /** A reader's own buffer. */
    static final class Block {
        final byte[] bytes;
        int length;

        Block(int capacity) {
            bytes = new byte[capacity];
        }
    }

    private final Bytes in;
    private byte[] carried = new byte[0];
    private boolean skipping;
    private boolean ended;
    private long overlong;

    LineBlocks(Bytes in) {
        this.in = in;
    }

    /** Lines so far that were longer than a block. */
    long overlong() {
        return overlong;
    }

    /**
     * Reads whole lines; only the last one of all may lack its line feed.
     *
     * @param block of the same capacity at every call
     * @return false at the end
     */
    boolean next(Block block) throws IOException {
        if (ended) {
            return false;
        }
        byte[] bytes = block.bytes;
        int length = carried.length;
        System.arraycopy(carried, 0, bytes, 0, length);
        carried = new byte[0];
        while (length < bytes.length) {
            int read = in.read(bytes, length, bytes.length - length);
            if (read < 0) {
                ended = true;
                block.length = length;
                return length > 0;
            }
            int fresh = length;
            length += read;
            if (skipping) {
                int start = firstLineFeed(bytes, 0, length) + 1;
                if (start == 0) {
                    length = 0;
                    continue;
                }
                skipping = false;
                System.arraycopy(bytes, start, bytes, 0, length - start);
                length -= start;
            }
            for (int i = length - 1; i >= fresh; i--) {
                if (bytes[i] == '\n') {
                    carried = Arrays.copyOfRange(bytes, i + 1, length);
                    block.length = i + 1;
                    return true;
                }
            }
        }
        skipping = true;
        overlong++;
        block.length = length;
        return true;
    }

    /** The index of the first line feed, or -1. */
    static int firstLineFeed(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }
}
