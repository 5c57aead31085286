// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.RecoveryProgress;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The journal of one cache, from when it was opened until its last task is done. */
final class OpenJournal {
    private static final Logger LOG = LoggerFactory.getLogger(CounterCache.class);
    private static final long PROGRESS_NANOS = 1_000_000_000L;

    private final JournalRoot root;
    private final Journal own;
    private final JournalThread thread;

    private OpenJournal(JournalRoot root, Journal own, JournalThread thread) {
        this.root = root;
        this.own = own;
        this.thread = thread;
    }

    /**
     * Takes a directory that nobody holds, or makes one, and reads what it has.
     *
     * @param sinks how many the cache requires
     * @throws JournalException if that fails
     */
    static OpenJournal open(Path directory, int sinks, JournalSettings settings, JournalThread thread) {
        try {
            JournalRoot root = JournalRoot.of(directory, settings);
            Journal own = root.openOwn(sinks, progress("Recovering"));
            int records = own.recovered().records().size();
            LOG.info(
                    "Journal {} opened with {} records of earlier; {} of them may have to be written",
                    own.directory(),
                    records,
                    own.recovered().records().stream()
                            .filter(r -> r.number() > own.recovered().appliedNumber())
                            .count());
            return new OpenJournal(root, own, thread);
        } catch (IOException e) {
            thread.close();
            throw new JournalException("could not open a journal in " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Tells the log how far reading has come, if it takes long. */
    static RecoveryProgress progress(String what) {
        long start = System.nanoTime();
        long[] told = {start};
        return (instanceId, bytesDone, bytesTotal, records) -> {
            long now = System.nanoTime();
            if (now - told[0] >= PROGRESS_NANOS) {
                told[0] = now;
                LOG.info(
                        "{} the journal of instance {}: {} of {} MiB, {} records",
                        what,
                        instanceId,
                        bytesDone >> 20,
                        bytesTotal >> 20,
                        records);
            }
        };
    }

    JournalRoot root() {
        return root;
    }

    Journal own() {
        return own;
    }

    /** For a cache that could not be built; one that could closes its journal itself, and then only the thread here. */
    void close() {
        closeThread();
        try {
            own.close();
        } catch (IOException e) {
            LOG.warn("Could not close journal {}", own.directory(), e);
        }
    }

    void closeThread() {
        thread.close();
    }
}
