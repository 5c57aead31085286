// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A file system in memory that knows of each byte and each name whether it is durable, so that it can lose what is not.
 * What it does by chance comes from the random numbers it is given. Thread-safe.
 *
 * <p>It does what the worst of real ones do: unforced writes reach the disk in any order, in part, or not; so do
 * unforced names. A force that fails leaves its data readable and not durable, and the next force succeeds without it.
 */
public final class MemoryFiles implements JournalFiles {
    private static final int[] SECTORS = {512, 4096};

    private static final int ERRORS_ONE_IN = 4;
    private static final int ERRORS_BEHIND_ONE_IN = 200;

    private final Random random;
    private final Dir top = new Dir();
    private final Map<Path, String> held = new HashMap<>();
    private final Map<Path, String> holders = new HashMap<>();
    private Faults faults = (operation, path) -> false;
    private long bytesMax = Long.MAX_VALUE;
    private long forces;
    private boolean errors;
    private long operationsLeft = Long.MAX_VALUE;
    private int process;

    /** What can go wrong. */
    public enum Operation {
        CREATE_DIRECTORY,
        OPEN,
        WRITE,
        FORCE,
        RENAME,
        DELETE,
        FORCE_DIRECTORY
    }

    /** Decides what goes wrong. */
    @FunctionalInterface
    public interface Faults {
        boolean strikes(Operation operation, Path path);
    }

    /** The machine or the process ends here. Nothing catches it but a test. */
    public static final class Crashed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Crashed() {
            super("crashed", null, false, false);
        }
    }

    private sealed interface Node permits Dir, Data {}

    private static final class Dir implements Node {
        Map<String, Node> names = new TreeMap<>();
        Map<String, Node> durable = new TreeMap<>();
        List<NameChange> pending = new ArrayList<>();
    }

    /** From null: created; to null: deleted. */
    private record NameChange(
            @Nullable String from, @Nullable String to, Node node) {
        void apply(Map<String, Node> names) {
            if (from != null && names.get(from) == node) {
                names.remove(from);
            }
            if (to != null) {
                names.put(to, node);
            }
        }
    }

    private static final class Data implements Node {
        byte[] cache = {};
        byte[] disk = {};
        List<Write> pending = new ArrayList<>();
        boolean lost;
    }

    private record Write(int position, byte[] bytes) {
        byte[] apply(byte[] to) {
            byte[] result = to.length < position + bytes.length ? Arrays.copyOf(to, position + bytes.length) : to;
            System.arraycopy(bytes, 0, result, position, bytes.length);
            return result;
        }
    }

    public MemoryFiles(Random random) {
        this.random = random;
    }

    /** From now on this decides what fails. */
    public synchronized void faults(Faults decide) {
        faults = decide;
    }

    /**
     * From now on, what fails does so with an Error instead of an exception once in a while, and Errors come right behind
     * what succeeded, as they do to who has no memory left.
     */
    public synchronized void errors(boolean some) {
        errors = some;
    }

    /** From now on all files together may take so much. */
    public synchronized void bytesMax(long bytes) {
        bytesMax = bytes;
    }

    /** How often something was forced. */
    public synchronized long forces() {
        return forces;
    }

    /** After so many more operations that change something the next one does not come to its end. */
    public synchronized void crashAfter(long operations) {
        operationsLeft = operations;
    }

    /** Whether an operation did not come to its end, and so no other will, until {@link #kill} or {@link #crash}. */
    public synchronized boolean hasCrashed() {
        return operationsLeft < 0;
    }

    /** The process ends; what it wrote is still in memory, and will be on the disk, unless a force of it failed. */
    public synchronized void kill() {
        process++;
        operationsLeft = Long.MAX_VALUE;
        held.clear();
        each(top, this::evict);
    }

    /** The machine ends; what was not forced may be lost or not, bit by bit. */
    public synchronized void crash() {
        process++;
        operationsLeft = Long.MAX_VALUE;
        held.clear();
        double kept = random.nextInt(5) / 4.0;
        crashNames(top, kept);
        each(top, data -> {
            writeSome(data, kept);
            data.cache = data.disk.clone();
        });
    }

    /** The bytes of a file as a process sees them. */
    public synchronized byte[] bytes(Path file) throws IOException {
        return data(file).cache.clone();
    }

    /** Damages a file, durably. */
    public synchronized void overwrite(Path file, byte[] bytes) throws IOException {
        Data data = data(file);
        data.pending.clear();
        data.cache = bytes.clone();
        data.disk = bytes.clone();
    }

    private void evict(Data data) {
        if (data.lost && random.nextBoolean()) {
            byte[] read = data.disk.clone();
            for (Write write : data.pending) {
                read = write.apply(read);
            }
            data.cache = read;
        }
    }

    private void crashNames(Dir dir, double kept) {
        for (NameChange change : dir.pending) {
            if (random.nextDouble() < kept) {
                change.apply(dir.durable);
            }
        }
        dir.pending.clear();
        dir.names = new TreeMap<>(dir.durable);
        for (Node node : dir.names.values()) {
            if (node instanceof Dir child) {
                crashNames(child, kept);
            }
        }
    }

    /** Writes each sector of what is pending to the disk, or not, or not all of it. */
    private void writeSome(Data data, double kept) {
        int sector = SECTORS[random.nextInt(SECTORS.length)];
        for (Write write : data.pending) {
            int end = write.position + write.bytes.length;
            int from = write.position;
            while (from < end) {
                int to = Math.min(end, (from / sector + 1) * sector);
                if (random.nextDouble() < kept) {
                    int torn = random.nextInt(20) == 0 ? random.nextInt(to - from + 1) : to - from;
                    byte[] part = Arrays.copyOfRange(write.bytes, from - write.position, from - write.position + torn);
                    data.disk = new Write(from, part).apply(data.disk);
                }
                from = to;
            }
        }
        data.pending.clear();
    }

    private static void each(Dir dir, java.util.function.Consumer<Data> action) {
        for (Node node : dir.names.values()) {
            if (node instanceof Data data) {
                action.accept(data);
            } else if (node instanceof Dir child) {
                each(child, action);
            }
        }
    }

    private @Nullable Node find(Path path) {
        Node node = top;
        for (Path name : path) {
            node = node instanceof Dir dir ? dir.names.get(name.toString()) : null;
        }
        return node;
    }

    private Dir parent(Path path) throws IOException {
        if (path.getParent() != null && find(path.getParent()) instanceof Dir dir) {
            return dir;
        }
        throw new NoSuchFileException(String.valueOf(path.getParent()));
    }

    private Data data(Path path) throws IOException {
        if (find(path) instanceof Data data) {
            return data;
        }
        throw new NoSuchFileException(path.toString());
    }

    /** Whether the operation is the last one. */
    private boolean isLast() {
        if (operationsLeft < 0) {
            throw new Crashed();
        }
        return operationsLeft-- == 0;
    }

    private void operate(Operation operation, Path path) throws IOException {
        boolean last = isLast();
        if (last && random.nextBoolean()) {
            throw new Crashed();
        }
        if (faults.strikes(operation, path)) {
            throw failure(operation, path);
        }
    }

    private IOException failure(Operation operation, Path path) {
        if (errors && random.nextInt(ERRORS_ONE_IN) == 0) {
            throw new OutOfMemoryError("planted");
        }
        return new IOException("Input/output error: " + operation + " " + path.getFileName());
    }

    /** To be called when the operation has come to its end. */
    private void operated() {
        if (operationsLeft < 0) {
            throw new Crashed();
        }
        if (errors && random.nextInt(ERRORS_BEHIND_ONE_IN) == 0) {
            throw new OutOfMemoryError("planted behind it");
        }
    }

    @Override
    public synchronized List<String> list(Path directory) {
        return find(directory) instanceof Dir dir ? List.copyOf(dir.names.keySet()) : List.of();
    }

    @Override
    public synchronized void createDirectories(Path directory) throws IOException {
        Node found = find(directory);
        if (found instanceof Dir) {
            return;
        }
        if (found != null) {
            throw new FileAlreadyExistsException(directory.toString());
        }
        createDirectories(directory.getParent());
        operate(Operation.CREATE_DIRECTORY, directory);
        change(parent(directory), new NameChange(null, directory.getFileName().toString(), new Dir()));
        operated();
        force(directory.getParent());
    }

    @Override
    public synchronized void createRoot(Path directory) throws IOException {
        createDirectories(directory);
        for (Path above = directory.getParent(); above != null; above = above.getParent()) {
            force(above);
        }
    }

    @Override
    public synchronized JournalFile open(Path file, boolean fresh) throws IOException {
        if (fresh) {
            if (find(file) != null) {
                throw new FileAlreadyExistsException(file.toString());
            }
            operate(Operation.OPEN, file);
            change(parent(file), new NameChange(null, file.getFileName().toString(), new Data()));
            operated();
        }
        return new Handle(file, data(file));
    }

    private void change(Dir dir, NameChange change) {
        change.apply(dir.names);
        dir.pending.add(change);
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        operate(Operation.RENAME, from);
        Node node = find(from);
        if (node == null) {
            throw new NoSuchFileException(from.toString());
        }
        change(
                parent(from),
                new NameChange(from.getFileName().toString(), to.getFileName().toString(), node));
        operated();
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        Node node = find(path);
        if (node == null) {
            return;
        }
        operate(Operation.DELETE, path);
        change(parent(path), new NameChange(path.getFileName().toString(), null, node));
        operated();
    }

    @Override
    public synchronized void force(Path directory) throws IOException {
        if (!(find(directory) instanceof Dir dir)) {
            throw new NoSuchFileException(directory.toString());
        }
        operate(Operation.FORCE_DIRECTORY, directory);
        forces++;
        dir.pending.forEach(change -> change.apply(dir.durable));
        dir.pending.clear();
        operated();
    }

    @Override
    public synchronized @Nullable Closeable lock(Path file, String holder) {
        if (held.putIfAbsent(file, holder) != null) {
            return null;
        }
        holders.put(file, holder);
        int owner = process;
        return () -> unlock(file, owner);
    }

    private synchronized void unlock(Path file, int owner) {
        if (owner == process) {
            held.remove(file);
        }
    }

    @Override
    public synchronized String holder(Path file) {
        return holders.getOrDefault(file, "");
    }

    private long used() {
        long[] sum = {0};
        each(top, data -> sum[0] += data.cache.length);
        return sum[0];
    }

    private final class Handle implements JournalFile {
        private final Path path;
        private final Data data;
        private final int owner = process;

        Handle(Path path, Data data) {
            this.path = path;
            this.data = data;
        }

        private void requireAlive() {
            if (owner != process) {
                throw new IllegalStateException(path + " was opened by a process that has ended");
            }
        }

        @Override
        public long size() {
            synchronized (MemoryFiles.this) {
                requireAlive();
                return data.cache.length;
            }
        }

        @Override
        public void read(ByteBuffer into, long position) {
            synchronized (MemoryFiles.this) {
                requireAlive();
                int length = (int) Math.max(0, Math.min(into.remaining(), data.cache.length - position));
                into.put(data.cache, (int) position, length);
            }
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            synchronized (MemoryFiles.this) {
                requireAlive();
                byte[] bytes = new byte[from.remaining()];
                from.get(bytes);
                boolean last = isLast();
                boolean fails = last || faults.strikes(Operation.WRITE, path);
                int length = fails ? random.nextInt(bytes.length + 1) : bytes.length;
                long grows = Math.max(0, position + length - data.cache.length);
                long room = bytesMax == Long.MAX_VALUE ? grows : Math.max(0, Math.min(grows, bytesMax - used()));
                length -= (int) (grows - room);
                Write write = new Write((int) position, Arrays.copyOf(bytes, Math.max(0, length)));
                data.cache = write.apply(data.cache);
                data.pending.add(write);
                if (last) {
                    throw new Crashed();
                }
                if (fails) {
                    throw failure(Operation.WRITE, path);
                }
                if (room < grows) {
                    throw new IOException("No space left on device: " + path.getFileName());
                }
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (MemoryFiles.this) {
                requireAlive();
                try {
                    operate(Operation.FORCE, path);
                } catch (IOException | OutOfMemoryError e) {
                    writeSome(data, 0.5);
                    data.lost = true;
                    throw e;
                }
                forces++;
                data.pending.forEach(write -> data.disk = write.apply(data.disk));
                data.pending.clear();
                operated();
            }
        }

        @Override
        public void close() {
            // Nothing depends on it.
        }
    }
}
