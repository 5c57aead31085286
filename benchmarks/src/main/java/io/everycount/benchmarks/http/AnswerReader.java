// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * Finds the ends of the answers on one connection, in whatever pieces they arrive, and takes no status but
 * 202. Knows as much of HTTP/1.1 as answers to POST need: lengths, and chunks. Not thread-safe.
 */
final class AnswerReader {
    private static final int LINE_BYTES_MAX = 8 << 10;
    private static final int STATUS_END = "HTTP/1.1 202".length();

    private enum Part {
        STATUS,
        HEADERS,
        BODY,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILERS
    }

    private final byte[] line = new byte[LINE_BYTES_MAX];
    private int lineLength;
    private Part part = Part.STATUS;
    private long remaining;
    private boolean chunked;

    /**
     * Takes bytes until an answer ends or none is left.
     *
     * @return whether an answer has ended; what is left is of the next one
     * @throws IllegalStateException if the answer is not 202, or not understood
     */
    boolean read(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            boolean ended;
            if (part == Part.BODY || part == Part.CHUNK) {
                int taken = (int) Math.min(remaining, bytes.remaining());
                bytes.position(bytes.position() + taken);
                remaining -= taken;
                ended = remaining == 0 && contentEnds();
            } else {
                ended = endsLine(bytes.get()) && lineEnds();
            }
            if (ended) {
                part = Part.STATUS;
                return true;
            }
        }
        return false;
    }

    private boolean contentEnds() {
        if (part == Part.CHUNK) {
            part = Part.CHUNK_END;
            return false;
        }
        return true;
    }

    private boolean endsLine(byte next) {
        if (next == '\n') {
            if (lineLength > 0 && line[lineLength - 1] == '\r') {
                lineLength--;
            }
            return true;
        }
        if (lineLength == LINE_BYTES_MAX) {
            throw new IllegalStateException("a line of an answer is longer than " + LINE_BYTES_MAX + " bytes");
        }
        line[lineLength++] = next;
        return false;
    }

    private boolean lineEnds() {
        boolean isEmpty = lineLength == 0;
        boolean ended = false;
        switch (part) {
            case STATUS -> {
                requireAccepted();
                remaining = -1;
                chunked = false;
                part = Part.HEADERS;
            }
            case HEADERS -> {
                if (isEmpty) {
                    ended = headersEnd();
                } else {
                    header();
                }
            }
            case CHUNK_SIZE -> {
                remaining = Long.parseLong(text().split(";", 2)[0].strip(), 16);
                part = remaining == 0 ? Part.TRAILERS : Part.CHUNK;
            }
            case CHUNK_END -> part = Part.CHUNK_SIZE;
            case TRAILERS -> ended = isEmpty;
            case BODY, CHUNK -> throw new AssertionError(part);
        }
        lineLength = 0;
        return ended;
    }

    private void requireAccepted() {
        if (lineLength < STATUS_END || line[9] != '2' || line[10] != '0' || line[11] != '2') {
            throw new IllegalStateException("answered: " + text());
        }
    }

    /** The lengths alone are looked at; other lines are not even made into text. */
    private void header() {
        int first = line[0] | 0x20;
        if (first != 'c' && first != 't') {
            return;
        }
        int colon = 0;
        while (colon < lineLength && line[colon] != ':') {
            colon++;
        }
        if (colon == "content-length".length() && nameIs("content-length")) {
            remaining = 0;
            for (int i = colon + 1; i < lineLength; i++) {
                if (line[i] != ' ') {
                    remaining = 10 * remaining + (line[i] - '0');
                }
            }
        } else if (colon == "transfer-encoding".length() && nameIs("transfer-encoding")) {
            chunked = text().toLowerCase(Locale.ROOT).endsWith("chunked");
        }
    }

    private boolean nameIs(String name) {
        for (int i = 0; i < name.length(); i++) {
            // Letters in lower case; the hyphen has this bit already.
            if ((line[i] | 0x20) != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean headersEnd() {
        if (chunked) {
            part = Part.CHUNK_SIZE;
            return false;
        }
        if (remaining < 0) {
            throw new IllegalStateException("an answer has neither a length nor chunks");
        }
        part = Part.BODY;
        return remaining == 0;
    }

    private String text() {
        return new String(Arrays.copyOf(line, lineLength), StandardCharsets.ISO_8859_1);
    }
}
