// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes chosen records of one instance the records of a new one, once, wherever it is interrupted:
 *
 * <ol>
 *   <li>In the old directory it is noted which new instance is begun. An earlier note is of an attempt that came to
 *       nothing, and what that made is deleted.
 *   <li>The new journal is written in a directory that nobody takes for a journal.
 *   <li>The old directory gets another name, durably. From here on it is not opened any more, and what is left is done
 *       by whoever comes next.
 *   <li>The new directory gets its name, and everybody may adopt it.
 * </ol>
 *
 * <p>So before the third step there are the old records alone, and after it the new ones alone. The old instance's lock
 * is held by the caller all the time.
 */
final class CarryOver {
    /** Ends the name of a directory whose records were carried over. */
    static final String CARRIED_SUFFIX = ".carried";

    /** In the old directory: the new instance. */
    static final String NOTE = "carried-to";

    private static final String UNFINISHED_SUFFIX = ".unfinished";

    private final JournalFiles files;
    private final JournalSettings settings;
    private final Path root;

    CarryOver(JournalFiles files, JournalSettings settings, Path root) {
        this.files = files;
        this.settings = settings;
        this.root = root;
    }

    /**
     * Does all of it.
     *
     * @param from read-only, with its lock
     * @param to new
     */
    void begin(Journal from, List<JournalRecord> chosen, UUID to) throws IOException {
        Path old = from.directory();
        Path carried = root.resolve(from.instanceId() + CARRIED_SUFFIX);
        if (!files.list(carried).isEmpty()) {
            throw new JournalOpenException(
                    from.instanceId(),
                    "records of instance " + from.instanceId() + " were carried over before: there is " + carried
                            + ". If " + old + " is a copy from before, they would count twice",
                    null);
        }
        if (files.list(old).contains(NOTE)) {
            Journal.deleteDirectory(files, unfinished(noted(from.instanceId(), old)));
        }
        TextFile.write(files, old, NOTE, to + "\n");
        write(from, chosen, to);
        files.rename(old, carried);
        files.force(root);
        finish(to);
    }

    private void write(Journal from, List<JournalRecord> chosen, UUID to) throws IOException {
        Path directory = unfinished(to);
        files.createDirectories(directory);
        Closeable nobodyKnowsIt = () -> {};
        try (Journal fresh = Journal.open(
                files, settings, nobodyKnowsIt, to, directory, Journal.Use.OWN, (id, done, total, records) -> {})) {
            fresh.noteSinksOf(from);
            long digest = 0;
            long number = 0;
            for (JournalRecord record : chosen) {
                number++;
                digest = DigestChain.next(digest, fresh.salt(), number, record.entries());
                fresh.append(new JournalRecord(number - 1, number, digest, record.entries(), record.sinceMillis()), 0);
            }
        }
    }

    /** Does what is left, if anything is; returns the new instance. */
    UUID resume(UUID from) throws IOException {
        // Who began it may have died before that was durable, and then the old name could come back beside the new one.
        files.force(root);
        UUID to = noted(from, root.resolve(from + CARRIED_SUFFIX));
        finish(to);
        return to;
    }

    /** Whether the last step is left to be done. */
    boolean isUnfinished(UUID from) throws IOException {
        return !files.list(unfinished(noted(from, root.resolve(from + CARRIED_SUFFIX))))
                .isEmpty();
    }

    private void finish(UUID to) throws IOException {
        if (!files.list(unfinished(to)).isEmpty()) {
            files.rename(unfinished(to), root.resolve(to.toString()));
        }
        files.force(root);
    }

    /** To which instance the records of a directory are, or were to be, carried over. */
    UUID noted(UUID instanceId, Path directory) throws IOException {
        String text = TextFile.read(files, directory.resolve(NOTE)).strip();
        UUID to = JournalRoot.parse(text);
        if (to == null) {
            throw new CorruptJournalException(
                    instanceId, directory.resolve(NOTE), 0, "\"" + text + "\" is no instance's id");
        }
        return to;
    }

    private Path unfinished(UUID to) {
        return root.resolve(to + UNFINISHED_SUFFIX);
    }

    /** The instance to which the records of another one were carried over; null if they were not. */
    @Nullable
    UUID carriedTo(UUID from) throws IOException {
        Path carried = root.resolve(from + CARRIED_SUFFIX);
        return files.list(carried).contains(NOTE) ? noted(from, carried) : null;
    }
}
