// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.cell.CellStore;
import io.everycount.cell.KeyRules;
import io.everycount.flush.Adopter;
import io.everycount.flush.EpochClock;
import io.everycount.flush.Pipeline;
import io.everycount.flush.PipelineSettings;
import io.everycount.journal.JournalSettings;
import io.everycount.sink.CounterSink;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Describes a {@link CounterCache}. Every setting has a default that suits most uses; a value that is
 * out of bounds is refused with the bounds, never replaced. Not thread-safe.
 */
public final class CounterCacheBuilder {
    private static final int RECORD_KEYS_MAX = 10_000;
    private static final Duration IDLE_KEYS = Duration.ofSeconds(10);
    private static final Duration ADOPTION_INTERVAL = Duration.ofMinutes(1);
    private static final int SEGMENT_BYTES_MAX = 16 << 20;
    private static final int SEGMENTS_MIN = 8;

    private final List<CounterSink> required = new ArrayList<>();
    private final List<CounterSink> bestEffort = new ArrayList<>();
    private String name = "everycount";
    private Duration flushInterval = Duration.ofSeconds(1);
    private int maxKeys = 1_000_000;
    private int maxKeyBytes = 256;
    private int batchKeys = 10_000;
    private long maxPendingBytes = 64L << 20;
    private long retainBytes = 64L << 20;
    private Duration retainFor = Duration.ofMinutes(10);
    private Duration ledgerCheckInterval = Duration.ofSeconds(5);
    private Duration firstRetry = Duration.ofMillis(100);
    private Duration maxRetry = Duration.ofSeconds(10);
    private int maxWaiters = 100_000;
    private LimitPolicy limitPolicy = LimitPolicy.reject();
    private CounterListener listener = CounterListener.NONE;
    private @Nullable Executor callbacks;
    private @Nullable Path journalRoot;
    private Duration commitInterval = Duration.ofMillis(5);
    private long journalBytes = 1L << 30;

    CounterCacheBuilder(CounterSink sink) {
        required.add(Objects.requireNonNull(sink, "sink"));
    }

    /**
     * Adds another sink, with a mark of its own: an increment counts as persisted once every required
     * sink has it.
     *
     * @throws IllegalArgumentException if the sink has been given before
     */
    public CounterCacheBuilder alsoTo(CounterSink sink) {
        required.add(requireNew(sink));
        return this;
    }

    private CounterSink requireNew(CounterSink sink) {
        Objects.requireNonNull(sink, "sink");
        if (required.contains(sink) || bestEffort.contains(sink)) {
            throw new IllegalArgumentException(
                    sink.name() + " has been given already; it would count everything twice");
        }
        return sink;
    }

    /**
     * Adds a sink that nobody waits for. If it falls further behind than records are retained, it gets
     * a gap.
     *
     * @throws IllegalArgumentException if the sink has been given before
     */
    public CounterCacheBuilder bestEffortTo(CounterSink sink) {
        bestEffort.add(requireNew(sink));
        return this;
    }

    /**
     * What threads, and this process in the ledger, are called; default "everycount".
     *
     * @param name 1 to 60 characters
     */
    public CounterCacheBuilder name(String name) {
        inRange("the length of the name", name.length(), 1, 60);
        this.name = name;
        return this;
    }

    /**
     * How often what was counted is written; default 1 second.
     *
     * @param interval from 1 millisecond to 1 hour
     */
    public CounterCacheBuilder flushInterval(Duration interval) {
        flushInterval = inRange("flushInterval", interval, Duration.ofMillis(1), Duration.ofHours(1));
        return this;
    }

    /** Writes only when asked: by {@link CounterCache#flush}, on closing, or when keys in use near their limit. */
    public CounterCacheBuilder flushOnlyWhenAsked() {
        flushInterval = Duration.ZERO;
        return this;
    }

    /**
     * How many distinct keys may be in use; default 1,000,000. A key is in use from its first increment
     * until it has been idle for some flushes. At three quarters of it a flush starts early, and keys
     * make room for others.
     *
     * @param keys from 1 to 100,000,000
     */
    public CounterCacheBuilder maxKeys(int keys) {
        maxKeys = inRange("maxKeys", keys, 1, 100_000_000);
        return this;
    }

    /**
     * How long a key may be; default 256.
     *
     * @param bytes of UTF-8, from 1 to 1,024
     */
    public CounterCacheBuilder maxKeyBytes(int bytes) {
        maxKeyBytes = inRange("maxKeyBytes", bytes, 1, 1_024);
        return this;
    }

    /**
     * How many keys a batch may have that writes several records at once; default 10,000.
     *
     * @param keys from 1 to 100,000
     */
    public CounterCacheBuilder batchKeys(int keys) {
        batchKeys = inRange("batchKeys", keys, 1, 100_000);
        return this;
    }

    /**
     * How much may be on the way to the sinks before increments stay in their cells instead, where they
     * go on adding up; default 64 MiB. A key with its delta counts as its UTF-8 and 40 bytes. With a journal, what an
     * earlier process has left in it comes on top.
     *
     * @param bytes from 1 KiB to 1 TiB
     */
    public CounterCacheBuilder maxPendingBytes(long bytes) {
        maxPendingBytes = inRange("maxPendingBytes", bytes, 1L << 10, 1L << 40);
        return this;
    }

    /**
     * How much of what was written is kept, to be written again if the store goes back in time (an
     * asynchronous failover, a restore); default 10 minutes and 64 MiB, counted as for
     * {@link #maxPendingBytes}, whichever is less. The time counts from when it
     * was written, however long that took. With a journal it is kept there, too, and gives way when the journal has no
     * room for new records.
     *
     * @param time from zero to 1 day
     * @param bytes from 0 to 1 TiB
     */
    public CounterCacheBuilder retain(Duration time, long bytes) {
        retainFor = inRange("the time to retain", time, Duration.ZERO, Duration.ofDays(1));
        retainBytes = inRange("the bytes to retain", bytes, 0, 1L << 40);
        return this;
    }

    /**
     * How often the ledger is looked at when there is nothing to write, so that a store that went back in
     * time is noticed; default 5 seconds.
     *
     * @param interval from 10 milliseconds to 1 hour
     */
    public CounterCacheBuilder ledgerCheckInterval(Duration interval) {
        ledgerCheckInterval = inRange("ledgerCheckInterval", interval, Duration.ofMillis(10), Duration.ofHours(1));
        return this;
    }

    /**
     * How long to wait before a failed write is tried again: drawn from zero to a bound that starts with
     * {@code first}, doubles, and ends at {@code max}. Default 100 milliseconds and 10 seconds.
     *
     * @param first from 1 millisecond
     * @param max from {@code first} to 10 minutes
     */
    public CounterCacheBuilder retryBackoff(Duration first, Duration max) {
        maxRetry = inRange("the longest wait", max, Duration.ofMillis(1), Duration.ofMinutes(10));
        firstRetry = inRange("the first wait", first, Duration.ofMillis(1), max);
        return this;
    }

    /**
     * How many increments of asynchronous calls may wait for their acknowledgement; default 100,000.
     *
     * @param waiters from 1 to 10,000,000
     */
    public CounterCacheBuilder maxWaiters(int waiters) {
        maxWaiters = inRange("maxWaiters", waiters, 1, 10_000_000);
        return this;
    }

    /** What happens to increments that find no room; default {@link LimitPolicy#reject}. */
    public CounterCacheBuilder onLimit(LimitPolicy policy) {
        limitPolicy = Objects.requireNonNull(policy, "policy");
        return this;
    }

    /** Who hears of flushes, failures and rejections; default nobody. */
    public CounterCacheBuilder listener(CounterListener listener) {
        this.listener = Objects.requireNonNull(listener, "listener");
        return this;
    }

    /**
     * Runs the listener and whatever depends on acknowledgements; default a thread of the cache's own, on
     * which a callback must not wait for another callback ({@code addAsync(…).join()}; a flush is fine). Not one that
     * runs tasks in the calling thread, as that would be one of the cache's, which holds locks.
     */
    public CounterCacheBuilder callbackExecutor(Executor executor) {
        callbacks = Objects.requireNonNull(executor, "executor");
        return this;
    }

    /**
     * Keeps a journal: what is counted is forced to disk every few milliseconds, and is written to the sinks from
     * there, even if this process dies before it could. Default none.
     *
     * <p>Any number of caches and processes may share a directory: each has a directory of its own in it, taken
     * by a lock. A cache that starts goes on with one that nobody holds, or makes a new one; others that nobody
     * holds, of processes that crashed or went away, it adopts: it writes what they left, then and once a minute. The
     * directory has to be on a disk of this machine, or one whose file locks hold across machines.
     *
     * <p>The order of sinks must stay the same from start to start.
     *
     * @param directory made if it is not there
     */
    public CounterCacheBuilder journal(Path directory) {
        journalRoot = Objects.requireNonNull(directory, "directory");
        return this;
    }

    /**
     * How often what was counted is forced to disk, if there is a journal; default 5 milliseconds. It is what
     * {@link AckLevel#JOURNAL} waits for, and what a crash loses of the rest.
     *
     * @param interval from 1 millisecond to 1 minute
     */
    public CounterCacheBuilder commitInterval(Duration interval) {
        commitInterval = inRange("commitInterval", interval, Duration.ofMillis(1), Duration.ofMinutes(1));
        return this;
    }

    /**
     * How much the journal may take on disk; default 1 GiB. When it is full, because no sink could be reached for very
     * long, increments stay in their cells until there is room again, and those that ask for
     * {@link AckLevel#JOURNAL} are rejected.
     *
     * @param bytes from 1 MiB to 1 TiB
     */
    public CounterCacheBuilder journalBytes(long bytes) {
        journalBytes = inRange("journalBytes", bytes, 1L << 20, 1L << 40);
        return this;
    }

    /**
     * Builds the cache and starts its threads. The sink need not be reachable yet. With a journal, what it has is
     * read first.
     *
     * @throws IllegalArgumentException if settings do not go together
     * @throws JournalException if the journal cannot be opened or is damaged; nothing was started
     */
    public CounterCache build() {
        String overflowKey = limitPolicy.overflowKey();
        if (overflowKey != null) {
            String problem = KeyRules.problem(overflowKey, maxKeyBytes);
            if (problem != null) {
                throw new IllegalArgumentException("the overflow key is not allowed: " + problem);
            }
        }
        SecureRandom random = new SecureRandom();
        Rejections rejections = new Rejections();
        Events events = new Events(listener, callbacks, rejections, name);
        PipelineSettings settings = settings(random, events);
        OpenJournal journal = journalRoot == null ? null : openJournal(journalRoot, random);
        Pipeline[] pipeline = new Pipeline[1];
        boolean built = false;
        try {
            CounterCache cache = build(settings, rejections, events, journal, pipeline);
            built = true;
            return cache;
        } finally {
            if (!built) {
                undo(pipeline[0], journal);
            }
        }
    }

    private static void undo(@Nullable Pipeline pipeline, @Nullable OpenJournal journal) {
        if (pipeline != null) {
            // The journal is the pipeline's.
            pipeline.abort();
            if (journal != null) {
                journal.closeThread();
            }
        } else if (journal != null) {
            journal.close();
        }
    }

    private OpenJournal openJournal(Path directory, SecureRandom random) {
        JournalThread thread = new JournalThread(name + "-journal");
        JournalSettings settings = new JournalSettings(
                (int) Math.min(SEGMENT_BYTES_MAX, journalBytes / SEGMENTS_MIN),
                journalBytes,
                thread,
                random,
                System::nanoTime);
        return OpenJournal.open(directory, required.size(), settings, thread);
    }

    private PipelineSettings settings(SecureRandom random, Events events) {
        return new PipelineSettings(
                name + " pid " + ProcessHandle.current().pid(),
                flushInterval.toNanos(),
                commitInterval.toNanos(),
                RECORD_KEYS_MAX,
                batchKeys,
                maxPendingBytes,
                retainBytes,
                retainFor.toNanos(),
                ledgerCheckInterval.toNanos(),
                IDLE_KEYS.toNanos(),
                firstRetry.toNanos(),
                maxRetry.toNanos(),
                events::execute,
                random,
                System::nanoTime,
                new EpochClock(System.currentTimeMillis(), System.nanoTime()));
    }

    /**
     * @param pipeline where it is put as soon as there is one
     */
    private CounterCache build(
            PipelineSettings settings,
            Rejections rejections,
            Events events,
            @Nullable OpenJournal journal,
            @Nullable Pipeline[] pipeline) {
        CellStore cells =
                new CellStore(CellStore.lanesForThisMachine(), maxKeys, maxKeyBytes, () -> pipeline[0].requestRoom());
        pipeline[0] = new Pipeline(
                cells, required, bestEffort, name, settings, events, journal == null ? null : journal.own());
        Refusals refusals = new Refusals(cells, pipeline[0], rejections, maxKeyBytes, limitPolicy);
        Adopter adopter = journal == null
                ? null
                : new Adopter(
                        journal.root(),
                        journal.own(),
                        required,
                        bestEffort,
                        name,
                        settings,
                        events,
                        OpenJournal.progress("Adopting"),
                        ADOPTION_INTERVAL.toNanos());
        CounterCache cache = new CounterCache(cells, pipeline[0], adopter, journal, events, refusals, maxWaiters);
        pipeline[0].start();
        if (adopter != null) {
            adopter.start();
        }
        return cache;
    }

    private static int inRange(String what, int given, int min, int max) {
        return (int) inRange(what, (long) given, min, max);
    }

    private static long inRange(String what, long given, long min, long max) {
        if (given < min || given > max) {
            throw new IllegalArgumentException(what + " is " + given + "; " + min + " to " + max + " is allowed");
        }
        return given;
    }

    private static Duration inRange(String what, Duration given, Duration min, Duration max) {
        if (given.compareTo(min) < 0 || given.compareTo(max) > 0) {
            throw new IllegalArgumentException(what + " is " + given + "; " + min + " to " + max + " is allowed");
        }
        return given;
    }
}
