// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Small files that are there as a whole or not at all. */
final class TextFile {
    private static final int BYTES_MAX = 1 << 16;

    private TextFile() {}

    /** Writes it durably, and replaces what is there. */
    static void write(JournalFiles files, Path directory, String name, String text) throws IOException {
        Path unfinished = directory.resolve(name + ".new");
        files.delete(unfinished);
        try (JournalFiles.JournalFile file = files.open(unfinished, true)) {
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
            file.force();
        }
        files.rename(unfinished, directory.resolve(name));
        files.force(directory);
    }

    static String read(JournalFiles files, Path path) throws IOException {
        try (JournalFiles.JournalFile file = files.open(path, false)) {
            if (file.size() > BYTES_MAX) {
                throw new IOException(
                        path + " has " + file.size() + " bytes, and should have " + BYTES_MAX + " at most");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(bytes, 0);
            return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
        }
    }
}
