// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.CounterCache;
import io.everycount.CounterListener;
import io.everycount.CounterStats;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.journal.Journal;
import io.everycount.journal.JournalRoot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Writes what free journals have, by a cache that has one of them for its own, adopts the others, and counts nothing.
 * So whatever happens to this process, it is as if an adapter had died.
 */
final class JournalAdoption implements CounterListener {
    private static final long TICK_MILLIS = 200;
    private static final int TICKS_BETWEEN_NOTES = 10;
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private final Path directory;
    private final Console console;
    private final Set<UUID> waiting = new HashSet<>();
    private final Set<UUID> adopted = ConcurrentHashMap.newKeySet();

    JournalAdoption(Path directory, Console console) {
        this.directory = directory;
        this.console = console;
    }

    @Override
    public void adopted(UUID instanceId, long records) {
        adopted.add(instanceId);
    }

    /** The exit status: 0 if everything that was free is in the database. */
    int run(Settings settings, Duration patience) throws IOException, InterruptedException {
        findFree();
        if (waiting.isEmpty()) {
            console.say("nothing to adopt: no free journal in " + directory + " has records");
            return 0;
        }
        int free = waiting.size();
        try (JdbcCounterSink sink = settings.sink()) {
            CounterCache cache =
                    settings.cache(sink).journal(directory).listener(this).build();
            boolean done;
            try {
                done = await(cache, patience);
            } finally {
                // One that is closed without its last records is as free as before.
                cache.close(CLOSE_TIMEOUT);
            }
            console.endLive();
            if (done) {
                console.say("done: what " + free + (free == 1 ? " journal" : " journals") + " had is in the database");
            }
            return done ? 0 : 1;
        }
    }

    private void findFree() throws IOException {
        JournalRoot root = Journals.root(directory);
        for (JournalRoot.Entry entry : root.list()) {
            if (entry.state() == JournalRoot.State.FREE) {
                try (Journal journal = root.open(entry.instanceId(), true, (id, done, total, records) -> {})) {
                    if (journal.recovered().lastNumber() > 0) {
                        waiting.add(entry.instanceId());
                    }
                }
            }
        }
    }

    private boolean await(CounterCache cache, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        for (int tick = 1; true; tick++) {
            CounterStats stats = cache.stats();
            waiting.removeAll(adopted);
            boolean ownIsDone = !stats.sinks().get(0).failing() && stats.lastRecord() == stats.appliedRecord();
            if (ownIsDone) {
                waiting.remove(cache.instanceId());
            }
            if (waiting.isEmpty()) {
                return true;
            }
            if (stats.state() != CounterStats.State.RUNNING) {
                console.note("stopped (" + stats.state() + "): " + stats.stateMessage());
                return false;
            }
            boolean late = System.nanoTime() - deadline >= 0;
            if (tick % TICKS_BETWEEN_NOTES == 0 || late) {
                leaveToOthers(cache.instanceId());
                console.live(waiting.size() + " journals to go; " + Text.count(stats.pending()) + " of "
                        + cache.instanceId() + " pending"
                        + (stats.sinks().get(0).lastError() == null
                                ? ""
                                : "; " + stats.sinks().get(0).lastError()));
            }
            CounterStats.Journal journal = stats.journal();
            boolean othersCannot =
                    journal != null && journal.adopting() == 0 && journal.unadoptable() >= waiting.size();
            if (late || othersCannot && ownIsDone) {
                console.note("not done: " + waiting
                        + (othersCannot ? " cannot be adopted; the log says why" : " are not written in time"));
                return false;
            }
            // Statistics are looked at; nobody tells when another process has taken a journal.
            TimeUnit.MILLISECONDS.sleep(TICK_MILLIS);
        }
    }

    /** What somebody else has taken meanwhile is written by him. */
    private void leaveToOthers(UUID own) throws IOException {
        Map<UUID, JournalRoot.Entry> now = new HashMap<>();
        for (JournalRoot.Entry entry : Journals.root(directory).list()) {
            now.put(entry.instanceId(), entry);
        }
        String us = "process " + ProcessHandle.current().pid() + " ";
        waiting.removeIf(id -> {
            JournalRoot.Entry entry = now.get(id);
            boolean isOthers = !id.equals(own)
                    && (entry == null
                            || entry.state() == JournalRoot.State.LOCKED
                                    && !entry.holderOrReason().startsWith(us));
            if (isOthers) {
                console.note(id + " was taken by somebody else, who writes it");
            }
            return isOthers;
        });
    }
}
