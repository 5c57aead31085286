// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * What a counting process says about itself, in a file that survives it: a line for each step, each by one write of its
 * own, so that only the last line can be torn. Thread-safe.
 *
 * <pre>
 * o                        the journal is about to be opened
 * r instance               counting begins
 * E message                it could not be opened
 * ? step key delta …       about to be counted
 * j step                   acknowledged at JOURNAL
 * s step                   acknowledged at SINK
 * x step                   rejected: not counted
 * a instance records       adopted
 * w / g / q                the store went back; a gap was declared; something is in quarantine
 * ! message                stopped for good
 * p                        told to pause: nobody counts, and everything is in the sink
 * c complete journaled     closed
 * </pre>
 */
final class Report {
    private final FileChannel file;

    Report(Path path) {
        try {
            file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In the hands of the operating system when this returns. */
    void line(String text) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.replace('\n', ' ') + "\n");
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void attempt(String step, Map<String, Long> deltas) {
        StringBuilder line = new StringBuilder("? ").append(step);
        deltas.forEach((key, delta) -> line.append(' ').append(key).append(' ').append(delta));
        line(line.toString());
    }
}
