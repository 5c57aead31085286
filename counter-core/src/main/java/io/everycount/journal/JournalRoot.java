// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A directory that the journals of many instances share, of this process and of others: for each a directory of its
 * own, and a lock file. Thread-safe.
 */
public final class JournalRoot {
    private static final String LOCK_SUFFIX = ".lock";

    private final Path root;
    private final JournalFiles files;
    private final JournalSettings settings;
    private final CarryOver carryOver;

    /** What can be done with an instance's directory. */
    public enum State {
        /** Nobody has it open. */
        FREE,
        /** Somebody has it open. */
        LOCKED,
        /** Its history does not agree with a sink's; it is not opened but by a person with a tool. */
        FORKED,
        /** It cannot be looked at, perhaps for lack of a permission. */
        UNREADABLE,
        /** Chosen records of it are another instance's now; it is kept for people to look at. */
        CARRIED,
        /** All is applied; its files are being deleted. */
        RETIRED
    }

    /** Whether a journal can be adopted by the caller. */
    @FunctionalInterface
    public interface Suitability {
        /**
         * Asked before it is opened.
         *
         * @param sinks how many sinks the instance required, unless all of them have everything; 0 then
         * @param stores see {@link Journal#store}
         * @return why it cannot be; null if it can
         */
        @Nullable
        String problem(int sinks, IntFunction<@Nullable UUID> stores);
    }

    /**
     * An instance's directory.
     *
     * @param holderOrReason who has it open, why it is forked or unreadable, or where its records are now; empty otherwise
     */
    public record Entry(UUID instanceId, Path directory, State state, String holderOrReason) {}

    /**
     * @param root need not be there yet
     */
    public JournalRoot(Path root, JournalFiles files, JournalSettings settings) {
        this.root = root.toAbsolutePath();
        this.files = files;
        this.settings = settings;
        carryOver = new CarryOver(files, settings, this.root);
    }

    /** A directory on disk. */
    public static JournalRoot of(Path root, JournalSettings settings) {
        return new JournalRoot(root, new DiskFiles(), settings);
    }

    /**
     * Opens the first journal that nobody has open, or else makes one for a new instance. Left alone are those that
     * cannot be locked, and those of instances that required more sinks: what only a missing one lacks would be let go
     * of, or it would miss what is added now. Who wants to adopt them is told why it cannot, if so.
     *
     * @param sinks how many the caller requires
     * @throws JournalOpenException if the first one cannot be opened; no other is taken instead
     */
    public Journal openOwn(int sinks, RecoveryProgress progress) throws IOException {
        files.createRoot(root);
        sweep();
        for (UUID instanceId : instances("")) {
            Closeable lock = lockIfSuitable(instanceId, sinks);
            if (lock != null) {
                return openOwn(instanceId, lock, sinks, progress);
            }
        }
        UUID instanceId = newId();
        Closeable lock = lock(instanceId);
        if (lock == null) {
            throw new JournalLockedException(instanceId, holder(instanceId));
        }
        return openOwn(instanceId, lock, sinks, progress);
    }

    private Journal openOwn(UUID instanceId, Closeable lock, int sinks, RecoveryProgress progress) throws IOException {
        Journal journal = open(instanceId, lock, Journal.Use.OWN, progress);
        boolean noted = false;
        try {
            journal.noteSinks(sinks);
            noted = true;
            return journal;
        } finally {
            if (!noted) {
                journal.close();
            }
        }
    }

    /**
     * Opens a journal that nobody has open and that has records, so that somebody brings them to the sinks. Nothing can
     * be appended.
     *
     * @param except leave these alone
     * @return null if there is none
     * @throws JournalOpenException if one cannot be opened, or is not suitable; it says which
     */
    public @Nullable Journal adopt(Set<UUID> except, Suitability suitability, RecoveryProgress progress)
            throws IOException {
        for (UUID instanceId : instances("")) {
            Closeable lock = except.contains(instanceId) ? null : lockToAdopt(instanceId, suitability);
            if (lock != null) {
                Journal journal = open(instanceId, lock, Journal.Use.ADOPT, progress);
                if (journal.recovered().lastNumber() > 0) {
                    return journal;
                }
                journal.close();
            }
        }
        return null;
    }

    /**
     * Opens the journal of one instance, be it forked.
     *
     * @throws JournalLockedException if somebody has it open
     * @throws JournalOpenException if there is none, or it cannot be opened
     */
    public Journal open(UUID instanceId, boolean readOnly, RecoveryProgress progress) throws IOException {
        if (!isThere(instanceId)) {
            throw new JournalOpenException(instanceId, "there is no journal " + directory(instanceId), null);
        }
        Closeable lock;
        try {
            lock = lock(instanceId);
        } catch (IOException e) {
            throw notLocked(instanceId, e);
        }
        if (lock == null) {
            throw new JournalLockedException(instanceId, holder(instanceId));
        }
        // Who had it meanwhile may have put it away.
        if (!isKept(lock, () -> isThere(instanceId))) {
            throw new JournalOpenException(
                    instanceId, "there is no journal " + directory(instanceId) + " any more", null);
        }
        return open(instanceId, lock, readOnly ? Journal.Use.READ : Journal.Use.OWN, progress);
    }

    /** All instances' directories under a root, for who only wants to know. Takes each free lock for a moment. */
    public static List<Entry> list(Path root) throws IOException {
        return of(root, new JournalSettings(1 << 20, 1 << 22, task -> {}, new Random(), System::nanoTime))
                .list();
    }

    /**
     * Makes chosen records the only ones of a new instance, which anybody may adopt from then on, and puts the old
     * directory away, so that they cannot be chosen again. If it is interrupted, either nothing has happened, and it can
     * be begun again, or {@link #resumeCarryOver} does what is left.
     *
     * @param from as {@link #open} gave it, read-only; nothing but {@link Journal#close} may follow
     * @param chosen some of its recovered records, in their order
     * @return the new instance
     * @throws JournalOpenException if records of the old one were carried over before
     */
    public UUID carryOver(Journal from, List<JournalRecord> chosen) throws IOException {
        UUID to = newId();
        carryOver.begin(from, chosen, to);
        return to;
    }

    /**
     * Does what an interrupted {@link #carryOver} left to do, if anything.
     *
     * @return the instance that has the records now; null if there is no directory of the old one that was put away
     */
    public @Nullable UUID resumeCarryOver(UUID instanceId) throws IOException {
        try (Closeable lock = lock(instanceId)) {
            if (lock == null) {
                throw new JournalLockedException(instanceId, holder(instanceId));
            }
            return carryOver.carriedTo(instanceId) == null ? null : carryOver.resume(instanceId);
        }
    }

    /** How many directories are marked as forked, of those that can be looked at. Takes no lock. */
    public int forked() throws IOException {
        int forked = 0;
        for (UUID instanceId : instances("")) {
            try {
                forked += isForked(instanceId) ? 1 : 0;
            } catch (IOException e) {
                // Who wants to adopt it is told.
            }
        }
        return forked;
    }

    /** All instances' directories. Takes each free lock for a moment. */
    public List<Entry> list() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (UUID instanceId : instances("")) {
            try {
                entries.add(entry(instanceId));
            } catch (IOException e) {
                entries.add(new Entry(instanceId, directory(instanceId), State.UNREADABLE, e.toString()));
            }
        }
        for (UUID instanceId : instances(CarryOver.CARRIED_SUFFIX)) {
            entries.add(carried(instanceId));
        }
        for (UUID instanceId : instances(Journal.RETIRED_SUFFIX)) {
            entries.add(new Entry(instanceId, root.resolve(instanceId + Journal.RETIRED_SUFFIX), State.RETIRED, ""));
        }
        return entries;
    }

    private Entry carried(UUID instanceId) throws IOException {
        Path directory = root.resolve(instanceId + CarryOver.CARRIED_SUFFIX);
        UUID to = carryOver.carriedTo(instanceId);
        String where = to == null
                ? "nobody knows where to"
                : "to " + to
                        + (carryOver.isUnfinished(instanceId) ? ", unfinished: carry it over again to end it" : "");
        return new Entry(instanceId, directory, State.CARRIED, where);
    }

    private Entry entry(UUID instanceId) throws IOException {
        Path directory = directory(instanceId);
        if (isForked(instanceId)) {
            String why = TextFile.read(files, directory.resolve(Journal.FORKED)).strip();
            return new Entry(instanceId, directory, State.FORKED, why);
        }
        try (Closeable lock = lock(instanceId)) {
            return lock == null
                    ? new Entry(instanceId, directory, State.LOCKED, holder(instanceId))
                    : new Entry(instanceId, directory, State.FREE, "");
        }
    }

    private Journal open(UUID instanceId, Closeable lock, Journal.Use use, RecoveryProgress progress)
            throws IOException {
        boolean opened = false;
        try {
            files.createDirectories(directory(instanceId));
            // Who made it may have been killed before that was durable.
            files.force(root);
            Journal journal = Journal.open(files, settings, lock, instanceId, directory(instanceId), use, progress);
            opened = true;
            return journal;
        } catch (JournalOpenException e) {
            throw e;
        } catch (IOException e) {
            throw new JournalOpenException(
                    instanceId, "could not open the journal " + directory(instanceId) + ": " + e.getMessage(), e);
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    private @Nullable Closeable lockIfSuitable(UUID instanceId, int sinks) throws IOException {
        Closeable lock;
        try {
            lock = lockUnlessForked(instanceId);
        } catch (IOException e) {
            return null;
        }
        return lock != null && isKept(lock, () -> sinksOf(instanceId) <= sinks) ? lock : null;
    }

    /** To open a journal writes to it; so what is not adopted is not opened. */
    private @Nullable Closeable lockToAdopt(UUID instanceId, Suitability suitability) throws IOException {
        Closeable lock;
        try {
            lock = hasSegments(instanceId) ? lockUnlessForked(instanceId) : null;
        } catch (IOException e) {
            throw notLocked(instanceId, e);
        }
        if (lock == null) {
            return null;
        }
        isKept(lock, () -> {
            Stores stores = Stores.read(files, instanceId, directory(instanceId));
            String problem = suitability.problem(stores.sinksInNeed(), stores::get);
            if (problem != null) {
                throw new JournalOpenException(instanceId, problem, null);
            }
            return true;
        });
        return lock;
    }

    private int sinksOf(UUID instanceId) throws IOException {
        return Stores.read(files, instanceId, directory(instanceId)).sinks();
    }

    /** Something about a directory that is locked. */
    @FunctionalInterface
    private interface Condition {
        boolean holds() throws IOException;
    }

    /** Whether a condition holds; if it does not, or cannot be told, the lock is let go of. */
    private static boolean isKept(Closeable lock, Condition condition) throws IOException {
        boolean kept = false;
        try {
            kept = condition.holds();
        } finally {
            if (!kept) {
                lock.close();
            }
        }
        return kept;
    }

    private JournalOpenException notLocked(UUID instanceId, IOException e) {
        return new JournalOpenException(
                instanceId, "could not lock the journal " + directory(instanceId) + ": " + e, e);
    }

    private @Nullable Closeable lockUnlessForked(UUID instanceId) throws IOException {
        if (isForked(instanceId)) {
            return null;
        }
        Closeable lock = lock(instanceId);
        // Who had it meanwhile may have marked it, or retired it.
        return lock != null && isKept(lock, () -> !isForked(instanceId) && isThere(instanceId)) ? lock : null;
    }

    private boolean isThere(UUID instanceId) throws IOException {
        return instances("").contains(instanceId);
    }

    private boolean isForked(UUID instanceId) throws IOException {
        return files.list(directory(instanceId)).contains(Journal.FORKED);
    }

    private boolean hasSegments(UUID instanceId) throws IOException {
        return files.list(directory(instanceId)).stream().anyMatch(name -> SegmentName.parse(name) != null);
    }

    /** The instances that have a directory of this form, in the order of their names. */
    private List<UUID> instances(String suffix) throws IOException {
        List<UUID> found = new ArrayList<>();
        for (String name : files.list(root).stream().sorted().toList()) {
            if (name.endsWith(suffix)) {
                UUID instanceId = parse(name.substring(0, name.length() - suffix.length()));
                if (instanceId != null) {
                    found.add(instanceId);
                }
            }
        }
        return found;
    }

    static @Nullable UUID parse(String name) {
        try {
            UUID id = UUID.fromString(name);
            return id.toString().equals(name) ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Goes on deleting what somebody retired and then did not live to delete. */
    private void sweep() throws IOException {
        List<UUID> retired = instances(Journal.RETIRED_SUFFIX);
        if (!retired.isEmpty()) {
            // Who retired it may have died before that was durable, and a half of it must not get its old name back.
            files.force(root);
        }
        for (UUID instanceId : retired) {
            Path directory = root.resolve(instanceId + Journal.RETIRED_SUFFIX);
            settings.housekeeping().execute(() -> {
                try {
                    Journal.deleteDirectory(files, directory);
                } catch (IOException e) {
                    // It harms nobody. The next one tries again.
                }
            });
        }
    }

    private UUID newId() {
        long high = settings.random().nextLong() & ~0xf000L | 0x4000L;
        long low = settings.random().nextLong() & ~(3L << 62) | 1L << 63;
        return new UUID(high, low);
    }

    private Path directory(UUID instanceId) {
        return root.resolve(instanceId.toString());
    }

    private Path lockFile(UUID instanceId) {
        return root.resolve(instanceId + LOCK_SUFFIX);
    }

    private @Nullable Closeable lock(UUID instanceId) throws IOException {
        String holder = "process " + ProcessHandle.current().pid() + " on " + host() + " since " + Instant.now();
        return files.lock(lockFile(instanceId), holder);
    }

    private String holder(UUID instanceId) throws IOException {
        String holder = files.holder(lockFile(instanceId));
        return holder.isEmpty() ? "somebody unknown" : holder;
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "an unnamed host";
        }
    }
}
