// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Every segment that was ever in a journal, kept by a second name: whoever deletes, retires or damages a journal leaves
 * these. What is still written to a segment shows here, too. Looks for new ones all the time.
 */
final class Archive implements AutoCloseable {
    private static final long INTERVAL_NANOS = 20_000_000;

    private final Path root;
    private final Path archive;
    private final Thread thread = new Thread(this::run, "archive");
    private volatile boolean closed;
    private volatile RuntimeException failure;

    /**
     * @param root of the journals
     * @param archive on the same disk
     */
    Archive(Path root, Path archive) {
        this.root = root;
        this.archive = archive;
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (!closed) {
                sweep();
                LockSupport.parkNanos(INTERVAL_NANOS);
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** Takes everything that is there now. */
    synchronized void sweep() {
        for (Path directory : list(root)) {
            String name = directory.getFileName().toString().replace(".retired", "");
            if (!name.endsWith(".lock")) {
                for (Path file : segments(directory)) {
                    keep(file, archive.resolve(name));
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static void keep(Path segment, Path directory) {
        Path kept = directory.resolve(segment.getFileName());
        try {
            if (!Files.exists(kept)) {
                Files.createDirectories(directory);
                Files.createLink(kept, segment);
            }
        } catch (NoSuchFileException | FileAlreadyExistsException e) {
            // It was deleted meanwhile.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Path> list(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The segments in an instance's directory, in order. */
    static List<Path> segments(Path directory) {
        return list(directory).stream()
                .filter(file -> file.toString().endsWith(".seg"))
                .toList();
    }

    /** How many segments of an instance begin with pieces that replace more records than there are pieces. */
    int summaries(UUID instanceId) {
        sweep();
        return (int) list(archive.resolve(instanceId.toString())).stream()
                .filter(ArchivedJournal::beginsWithSummary)
                .count();
    }

    /** Reads all of it. */
    Map<UUID, ArchivedJournal> read() {
        sweep();
        Map<UUID, ArchivedJournal> journals = new TreeMap<>();
        for (Path directory : list(archive)) {
            UUID id = UUID.fromString(directory.getFileName().toString());
            journals.put(id, ArchivedJournal.read(id, segments(directory)));
        }
        return journals;
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
