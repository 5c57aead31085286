// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How many sinks an instance has, and which store each leads to: in the file {@code stores}. Its first line has the
 * version, the second the number of sinks; and then there is one for each sink of which the store is known. Thread-safe.
 */
final class Stores {
    static final String FILE = "stores";

    private static final String FIRST_LINE = "everycount stores 1";
    private static final String SINKS = "sinks";
    private static final String SERVED = "served";

    private final JournalFiles files;
    private final Path directory;
    private final Map<Integer, UUID> bound;
    private int sinks;
    private boolean served;

    private Stores(JournalFiles files, Path directory, int sinks, boolean served, Map<Integer, UUID> bound) {
        this.files = files;
        this.directory = directory;
        this.sinks = sinks;
        this.served = served;
        this.bound = bound;
    }

    static Stores read(JournalFiles files, UUID instanceId, Path directory) throws IOException {
        Map<Integer, UUID> bound = new TreeMap<>();
        int sinks = 0;
        boolean served = false;
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
                if (lines[i].equals(SERVED)) {
                    served = true;
                    continue;
                }
                try {
                    int space = lines[i].indexOf(' ');
                    String first = lines[i].substring(0, space);
                    String second = lines[i].substring(space + 1);
                    if (first.equals(SINKS)) {
                        sinks = Integer.parseInt(second);
                    } else {
                        bound.put(Integer.parseInt(first), UUID.fromString(second));
                    }
                } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                    throw new CorruptJournalException(
                            instanceId,
                            file,
                            text.indexOf(lines[i]),
                            "\"" + lines[i] + "\" is neither a number of sinks nor a sink's number and store");
                }
            }
        }
        return new Stores(files, directory, sinks, served, bound);
    }

    synchronized @Nullable UUID get(int sink) {
        return bound.get(sink);
    }

    /** How many sinks the instance required at most. */
    synchronized int sinks() {
        return sinks;
    }

    /** How many of them may lack something of what the journal has. */
    synchronized int sinksInNeed() {
        return served ? 0 : sinks;
    }

    /** Notes durably how many there are, if it is more than are known, and that they will need what is to come. */
    synchronized void sinks(int count) throws IOException {
        int more = Math.max(sinks, count);
        if (more != sinks || served) {
            write(more, false, bound);
            sinks = more;
            served = false;
        }
    }

    /** Notes durably that all of them have everything. */
    synchronized void served() throws IOException {
        if (!served) {
            write(sinks, true, bound);
            served = true;
        }
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
        write(sinks, served, next);
        bound.put(sink, store);
    }

    /** Takes over what another one has, all of whose sinks need what is to come. */
    synchronized void copy(Stores other) throws IOException {
        Map<Integer, UUID> theirs;
        int count;
        synchronized (other) {
            theirs = new TreeMap<>(other.bound);
            count = other.sinks;
        }
        write(count, false, theirs);
        bound.putAll(theirs);
        sinks = count;
    }

    private void write(int count, boolean all, Map<Integer, UUID> stores) throws IOException {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        text.append(SINKS).append(' ').append(count).append('\n');
        if (all) {
            text.append(SERVED).append('\n');
        }
        stores.forEach(
                (number, id) -> text.append(number).append(' ').append(id).append('\n'));
        TextFile.write(files, directory, FILE, text.toString());
    }
}
