// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Lines of files and streams, for several threads at once: each has a {@link Reader} of its own. A plain file is
 * shared out in ranges that begin and end with lines; a stream (standard input, a pipe, a compressed file) is
 * read by turns.
 */
final class Input {
    /** Large enough that finding where lines begin costs nothing, small enough that all threads finish together. */
    static final long RANGE_BYTES = 16L << 20;

    /** How much of a line is looked at. */
    static final int BLOCK_BYTES = 1 << 20;

    private static final int MAGIC_BYTES = 6;

    private final Deque<Source> sources = new ArrayDeque<>();
    private final List<String> failures = new ArrayList<>();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder overlong = new LongAdder();
    private final long rangeBytes;
    private final int blockBytes;
    private final long totalBytes;

    /**
     * @param files what to read, in order; "-" for standard input
     * @throws UserError if one of them cannot be read
     */
    Input(List<String> files, InputStream standardInput) {
        this(files, standardInput, RANGE_BYTES, BLOCK_BYTES);
    }

    Input(List<String> files, InputStream standardInput, long rangeBytes, int blockBytes) {
        this.rangeBytes = rangeBytes;
        this.blockBytes = blockBytes;
        long total = 0;
        for (String file : files) {
            try {
                Source source = file.equals("-")
                        ? new StreamSource("standard input", () -> standardInput)
                        : source(Path.of(file));
                sources.add(source);
                total = source.size() < 0 || total < 0 ? -1 : total + source.size();
            } catch (AccessDeniedException e) {
                throw new UserError(file + " cannot be read: permission denied");
            } catch (IOException e) {
                throw new UserError(file + " cannot be read: " + e.getMessage());
            }
        }
        totalBytes = total;
    }

    /** How many bytes there are, or -1 if only the end will tell. */
    long totalBytes() {
        return totalBytes;
    }

    /** How many bytes were read so far. */
    long bytesRead() {
        return bytes.sum();
    }

    /** How many lines were longer than {@link #BLOCK_BYTES}. */
    long overlong() {
        return overlong.sum();
    }

    /** What could not be read to its end, and why. */
    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    /** A reader for one thread. */
    Reader reader() {
        return new Reader();
    }

    /** One thread's way to lines that no other thread gets. */
    final class Reader {
        private final LineBlocks.Block block = new LineBlocks.Block(blockBytes);
        private @Nullable Source source;
        private @Nullable LineBlocks part;

        /** The next lines, good until the next call; null at the end of everything. */
        LineBlocks.@Nullable Block next() {
            while (true) {
                Source from = source;
                LineBlocks lines = part;
                if (from == null || lines == null) {
                    from = current();
                    if (from == null) {
                        return null;
                    }
                }
                try {
                    if (lines == null) {
                        lines = from.nextPart();
                        if (lines == null) {
                            drop(from);
                            continue;
                        }
                    }
                    boolean found;
                    // Nobody else has this part, unless it is a stream: then readers take turns.
                    synchronized (lines) {
                        long before = lines.overlong();
                        found = lines.next(block);
                        overlong.add(lines.overlong() - before);
                    }
                    if (found) {
                        source = from;
                        part = lines;
                        return block;
                    }
                    from.ended(lines);
                } catch (IOException e) {
                    fail(from, e);
                }
                source = null;
                part = null;
            }
        }
    }

    private synchronized @Nullable Source current() {
        return sources.peek();
    }

    private synchronized void drop(Source source) {
        sources.remove(source);
    }

    private synchronized void fail(Source source, IOException e) {
        if (sources.remove(source)) {
            String why = e instanceof EOFException
                    ? "the compressed data ends too soon"
                    : e instanceof ZipException ? "it is not valid gzip data (" + e.getMessage() + ")" : e.getMessage();
            failures.add(source.name() + " could not be read to its end: " + why);
        }
    }

    /** Something to read. */
    private interface Source {
        String name();

        /** Bytes, or -1 if unknown. */
        long size();

        /** A part that is the caller's, or that it shares; null if there is none left. */
        @Nullable
        LineBlocks nextPart() throws IOException;

        /** Hears that a part has no more lines. */
        void ended(LineBlocks part) throws IOException;
    }

    /** Looks at a file; opens it for reading only when its turn comes. */
    private Source source(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new UserError(path + " does not exist");
        }
        if (Files.isDirectory(path)) {
            throw new UserError(path + " is a directory; name the files in it");
        }
        if (!Files.isRegularFile(path)) {
            // Not Files.newInputStream, which seeks, and a pipe cannot do that.
            return new StreamSource(path.toString(), () -> new FileInputStream(path.toFile()));
        }
        try (InputStream in = Files.newInputStream(path)) {
            return compression(path.toString(), in.readNBytes(MAGIC_BYTES))
                    ? new StreamSource(path.toString(), () -> Files.newInputStream(path))
                    : new FileSource(path, Files.size(path));
        }
    }

    /**
     * Whether bytes are compressed with gzip.
     *
     * @throws UserError if they are compressed in a way that Java cannot read
     */
    private static boolean compression(String name, byte[] start) {
        String hex = HexFormat.of().formatHex(start);
        String tool = hex.startsWith("28b52ffd") ? "zstd" : hex.startsWith("fd377a585a00") ? "xz" : "";
        if (hex.startsWith("425a68")) {
            tool = "bzip2";
        }
        if (!tool.isEmpty()) {
            throw new UserError(name + " is compressed with " + tool + "; of compressed files only gzip is read."
                    + " Decompress it on the way: " + tool + " -dc FILE | examples/count-lines.sh");
        }
        return hex.startsWith("1f8b");
    }

    /** Opens a stream. */
    private interface Opening {
        InputStream open() throws IOException;
    }

    /** Read by turns, and looked at only when its turn comes: it may be a pipe that nobody has written to yet. */
    private final class StreamSource implements Source {
        private final String name;
        private final Opening opening;
        private final LineBlocks lines = new LineBlocks(this::read);
        private @Nullable InputStream plain;
        private boolean ended;

        StreamSource(String name, Opening opening) {
            this.name = name;
            this.opening = opening;
        }

        /** Within the monitor of {@link #lines}, as {@link Reader#next} holds it. */
        private int read(byte[] into, int offset, int length) throws IOException {
            InputStream from = plain;
            if (from == null) {
                BufferedInputStream buffered = new BufferedInputStream(opening.open(), 1 << 16);
                buffered.mark(MAGIC_BYTES);
                byte[] magic = buffered.readNBytes(MAGIC_BYTES);
                buffered.reset();
                try {
                    from = compression(name, magic) ? new GZIPInputStream(buffered, 1 << 16) : buffered;
                } catch (UserError e) {
                    throw new IOException(e.getMessage(), e);
                }
                plain = from;
            }
            int read = from.read(into, offset, length);
            bytes.add(Math.max(0, read));
            return read;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long size() {
            return -1;
        }

        @Override
        public synchronized @Nullable LineBlocks nextPart() {
            return ended ? null : lines;
        }

        @Override
        public synchronized void ended(LineBlocks part) throws IOException {
            InputStream open = plain;
            if (!ended && open != null) {
                open.close();
            }
            ended = true;
        }
    }

    /** Shared out in ranges; what is appended while it is read is left for another time. */
    private final class FileSource implements Source {
        private final Path path;
        private final long size;
        private final byte[] window = new byte[1 << 16];
        private @Nullable FileChannel channel;
        private long shared;
        private int partsInUse;

        FileSource(Path path, long size) {
            this.path = path;
            this.size = size;
        }

        @Override
        public String name() {
            return path.toString();
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public synchronized @Nullable LineBlocks nextPart() throws IOException {
            if (shared >= size) {
                return null;
            }
            FileChannel open = channel;
            if (open == null) {
                open = FileChannel.open(path, StandardOpenOption.READ);
                channel = open;
            }
            FileChannel file = open;
            long from = shared;
            long to = lineStart(file, from + rangeBytes);
            shared = to;
            partsInUse++;
            long[] at = {from};
            return new LineBlocks((into, offset, length) -> {
                int wanted = (int) Math.min(length, to - at[0]);
                int read = wanted == 0 ? -1 : file.read(ByteBuffer.wrap(into, offset, wanted), at[0]);
                at[0] += Math.max(0, read);
                bytes.add(Math.max(0, read));
                return read;
            });
        }

        @Override
        public synchronized void ended(LineBlocks part) throws IOException {
            if (--partsInUse == 0 && shared >= size && channel != null) {
                channel.close();
            }
        }

        /** Where the first line begins that does so at a position or after it. */
        private long lineStart(FileChannel file, long position) throws IOException {
            long at = position - 1;
            while (at < size) {
                int read = file.read(ByteBuffer.wrap(window), at);
                int lineFeed = LineBlocks.firstLineFeed(window, 0, read);
                if (lineFeed >= 0) {
                    return Math.min(size, at + lineFeed + 1);
                }
                if (read < 0) {
                    break;
                }
                at += read;
            }
            return size;
        }
    }
}
