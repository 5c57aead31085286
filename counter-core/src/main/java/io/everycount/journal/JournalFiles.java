// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a journal needs of a file system, and no more, so that tests can lose writes that were not forced, tear
 * them, and fill the disk. Thread-safe.
 */
public interface JournalFiles {
    /** The names in a directory, in no particular order; empty if there is no such directory. */
    List<String> list(Path directory) throws IOException;

    /** Creates a directory and those above it, durably; nothing if it is there. */
    void createDirectories(Path directory) throws IOException;

    /**
     * Creates a directory and those above it, durably; if it is there, makes sure that it is durable, as who made it may
     * have been killed before. Levels that are on another file system, or may not be read, are somebody else's.
     */
    void createRoot(Path directory) throws IOException;

    /** Opens a file for reading and writing; it has to exist, or must not, as {@code fresh} says. */
    JournalFile open(Path file, boolean fresh) throws IOException;

    /** Renames within one directory, atomically; replaces what is there. Durable after {@link #force(Path)}. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty directory; nothing if there is none. Durable after {@link #force(Path)}. */
    void delete(Path path) throws IOException;

    /** Makes what happened to the names in a directory durable. */
    void force(Path directory) throws IOException;

    /**
     * Takes a lock that ends with the process at the latest, and writes down who has it; null if another process, or
     * somebody else in this one, has it. The file is created if need be and never deleted.
     *
     * @param holder what {@link #holder} tells others
     */
    @Nullable
    Closeable lock(Path file, String holder) throws IOException;

    /** What the last one who locked a file wrote down; empty if nobody did. */
    String holder(Path file) throws IOException;

    /** An open file. Not thread-safe. */
    interface JournalFile extends Closeable {
        /** The length in bytes. */
        long size() throws IOException;

        /** Reads from a position until the buffer is full or the file ends. */
        void read(ByteBuffer into, long position) throws IOException;

        /** Writes the whole buffer at a position; the file grows if need be. */
        void write(ByteBuffer from, long position) throws IOException;

        /** Makes everything written so far durable. After it has failed nothing is known, and it must not be repeated. */
        void force() throws IOException;
    }
}
