// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The file system of the machine. Files are written, never mapped: what fails then is an {@link IOException}.
 *
 * <p>A process that closes any channel to a file loses its lock on it. So whether somebody in this JVM has a lock is
 * known without opening the file.
 *
 * <p>Who interrupts a thread while it is in here would close its file; so an interrupt that came before waits until
 * afterwards, and one that comes while the disk is at work makes that fail.
 */
public final class DiskFiles implements JournalFiles {
    /** More at once would stay in memory, once for each thread. */
    private static final int TRANSFER_BYTES_MAX = 1 << 20;

    private static final String DEVICE = "unix:dev";
    private static final boolean WINDOWS = File.separatorChar == '\\';

    /** The locks this JVM has, by real path, with their holders. It guards itself, and tests hold it to stop time. */
    static final Map<Path, String> HELD = new HashMap<>();

    /** Channels to files that a class of the same JVM, loaded a second time, has locked: closing would free them. */
    private static final Map<Path, FileChannel> LEFT_OPEN = new HashMap<>();

    /** The file system. */
    public DiskFiles() {}

    @Override
    public List<String> list(Path directory) throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.map(path -> path.getFileName().toString()).toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            return;
        }
        Path parent = absolute.getParent();
        if (parent != null) {
            createDirectories(parent);
        }
        Files.createDirectories(absolute);
        if (parent != null) {
            force(parent);
        }
    }

    @Override
    public void createRoot(Path directory) throws IOException {
        createDirectories(directory);
        if (WINDOWS) {
            return;
        }
        Path real = directory.toRealPath();
        Object device = Files.getAttribute(real, DEVICE);
        for (Path above = real.getParent(); above != null; above = above.getParent()) {
            if (!Files.getAttribute(above, DEVICE).equals(device)) {
                return;
            }
            try {
                force(above);
            } catch (AccessDeniedException e) {
                return;
            }
        }
    }

    @Override
    public JournalFile open(Path file, boolean fresh) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            return new DiskFile(
                    fresh
                            ? FileChannel.open(
                                    file,
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE,
                                    StandardOpenOption.CREATE_NEW)
                            : FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
        } finally {
            restore(interrupted);
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.deleteIfExists(path);
    }

    @Override
    public void force(Path directory) throws IOException {
        if (WINDOWS) {
            // There a directory cannot be opened, and its changes are in the file system's own log.
            return;
        }
        boolean interrupted = Thread.interrupted();
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } finally {
            restore(interrupted);
        }
    }

    @Override
    public @Nullable Closeable lock(Path file, String holder) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            synchronized (HELD) {
                Path real = real(file);
                if (HELD.containsKey(real)) {
                    return null;
                }
                while (true) {
                    interrupted |= Thread.interrupted();
                    FileChannel left = LEFT_OPEN.remove(real);
                    FileChannel channel = left != null
                            ? left
                            : FileChannel.open(
                                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
                    if (!tryLock(real, channel)) {
                        return null;
                    }
                    writeHolder(channel, holder);
                    // An interrupt closes the channel, and the lock is gone.
                    if (channel.isOpen()) {
                        HELD.put(real, holder);
                        return () -> unlock(real, channel);
                    }
                }
            }
        } finally {
            restore(interrupted);
        }
    }

    /** Leaves the channel open if it has the lock, and where closing would free somebody else's. */
    private static boolean tryLock(Path real, FileChannel channel) throws IOException {
        boolean keep = false;
        try {
            FileLock lock = channel.tryLock();
            keep = lock != null;
            return keep;
        } catch (OverlappingFileLockException e) {
            keep = true;
            LEFT_OPEN.put(real, channel);
            return false;
        } finally {
            if (!keep) {
                channel.close();
            }
        }
    }

    private static void writeHolder(FileChannel channel, String holder) {
        try {
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((holder + "\n").getBytes(StandardCharsets.UTF_8)), 0);
        } catch (IOException e) {
            // The lock is what counts; a full disk shall not stop anybody from getting at a journal.
        }
    }

    private static void unlock(Path real, FileChannel channel) throws IOException {
        synchronized (HELD) {
            // A second time it may be another one's.
            if (channel.isOpen()) {
                HELD.remove(real);
                channel.close();
            }
        }
    }

    @Override
    public String holder(Path file) throws IOException {
        synchronized (HELD) {
            Path real = real(file);
            String held = HELD.get(real);
            if (held != null) {
                return held;
            }
            if (LEFT_OPEN.containsKey(real)) {
                // To open it, and then close it, would free the lock.
                return "another class loader of process "
                        + ProcessHandle.current().pid();
            }
            try {
                return Files.readString(file).strip();
            } catch (NoSuchFileException e) {
                return "";
            }
        }
    }

    private static Path real(Path file) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path parent = absolute.getParent();
        return parent == null ? absolute : parent.toRealPath().resolve(absolute.getFileName());
    }

    private static void restore(boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class DiskFile implements JournalFile {
        private final FileChannel channel;

        DiskFile(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            boolean interrupted = Thread.interrupted();
            try {
                int end = into.limit();
                long at = position;
                while (into.position() < end) {
                    into.limit(Math.min(end, into.position() + TRANSFER_BYTES_MAX));
                    int read = channel.read(into, at);
                    into.limit(end);
                    if (read < 0) {
                        return;
                    }
                    at += read;
                }
            } finally {
                restore(interrupted);
            }
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            boolean interrupted = Thread.interrupted();
            try {
                int end = from.limit();
                long at = position;
                while (from.position() < end) {
                    from.limit(Math.min(end, from.position() + TRANSFER_BYTES_MAX));
                    at += channel.write(from, at);
                    from.limit(end);
                }
            } finally {
                restore(interrupted);
            }
        }

        @Override
        public void force() throws IOException {
            boolean interrupted = Thread.interrupted();
            try {
                channel.force(false);
            } finally {
                restore(interrupted);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
