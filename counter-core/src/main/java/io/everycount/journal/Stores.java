// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which store each sink of an instance leads to: in the file {@code stores}, one line for each after the first, which
 * has the version. Thread-safe.
 */
final class Stores {
    static final String FILE = "stores";

    private static final String FIRST_LINE = "everycount stores 1";

    private final JournalFiles files;
    private final Path directory;
    private final Map<Integer, UUID> bound;

    private Stores(JournalFiles files, Path directory, Map<Integer, UUID> bound) {
        this.files = files;
        this.directory = directory;
        this.bound = bound;
    }

    static Stores read(JournalFiles files, UUID instanceId, Path directory) throws IOException {
        Map<Integer, UUID> bound = new TreeMap<>();
        if (files.list(directory).contains(FILE)) {
            Path file = directory.resolve(FILE);
            String text = TextFile.read(files, file);
            String[] lines = text.split("\n");
            if (!lines[0].equals(FIRST_LINE)) {
                throw new JournalOpenException(
                        instanceId,
                        file + " begins with \"" + lines[0] + "\", and this program knows \"" + FIRST_LINE
                                + "\". Nothing was changed",
                        null);
            }
            for (int i = 1; i < lines.length; i++) {
                try {
                    int space = lines[i].indexOf(' ');
                    bound.put(
                            Integer.parseInt(lines[i].substring(0, space)),
                            UUID.fromString(lines[i].substring(space + 1)));
                } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                    throw new CorruptJournalException(
                            instanceId, file, text.indexOf(lines[i]), "\"" + lines[i] + "\" is no number and store id");
                }
            }
        }
        return new Stores(files, directory, bound);
    }

    synchronized @Nullable UUID get(int sink) {
        return bound.get(sink);
    }

    /** See {@link Journal#bindStore}. */
    synchronized void bind(int sink, UUID store) throws IOException {
        UUID known = bound.get(sink);
        if (store.equals(known)) {
            return;
        }
        if (known != null) {
            throw new IllegalStateException("sink " + sink + " is bound to store " + known + ", not to " + store);
        }
        Map<Integer, UUID> next = new TreeMap<>(bound);
        next.put(sink, store);
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        next.forEach((number, id) -> text.append(number).append(' ').append(id).append('\n'));
        TextFile.write(files, directory, FILE, text.toString());
        bound.put(sink, store);
    }
}
