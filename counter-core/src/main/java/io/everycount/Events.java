// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.flush.PipelineEvents;
import io.everycount.flush.PipelineState;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.QuarantinedEntry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Takes events off the pipeline's threads: the log and the listener hear of them on the callback
 * executor. What waits there is bounded; what a slow listener makes us leave out is counted.
 */
final class Events implements PipelineEvents {
    private static final int WAITING_MAX = 4_096;

    /** Commits come many a second; most of the room is for what happens seldom, and is logged. */
    private static final int WAITING_BEFORE_COMMITS_MAX = 1_024;

    private final EventLog log = new EventLog();
    private final CounterListener listener;
    private final Executor callbacks;
    private final @Nullable ThreadPoolExecutor own;
    private final Rejections rejections;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong leftOut = new AtomicLong();
    private final Map<CounterSink, LongAdder> quarantinedEntries = new ConcurrentHashMap<>();

    /** The drainer's: rejections told so far. */
    private Map<RejectedException.Reason, Long> toldRejections = new EnumMap<>(RejectedException.Reason.class);

    /**
     * @param callbacks runs callbacks; null for a thread of our own
     */
    Events(CounterListener listener, @Nullable Executor callbacks, Rejections rejections, String threadName) {
        this.listener = listener;
        this.rejections = rejections;
        this.own = callbacks == null ? ownExecutor(threadName) : null;
        this.callbacks = own == null ? Objects.requireNonNull(callbacks) : own;
    }

    private static ThreadPoolExecutor ownExecutor(String threadName) {
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, threadName + "-callbacks");
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /**
     * Runs code of users that waits for an acknowledgement. If the executor refuses (it was shut down, or
     * has no room), a thread of the common pool does it: never one of ours, and never nobody.
     */
    void execute(Runnable task) {
        try {
            callbacks.execute(task);
        } catch (Throwable t) {
            ForkJoinPool.commonPool().execute(task);
        }
    }

    long leftOut() {
        return leftOut.get();
    }

    /** How many entries a sink has set aside, of whatever instance. */
    long quarantinedEntries(CounterSink sink) {
        LongAdder entries = quarantinedEntries.get(sink);
        return entries == null ? 0 : entries.sum();
    }

    /** Ends our own thread once it has told everything. */
    void close() {
        if (own != null) {
            own.shutdown();
        }
    }

    private void tell(Runnable event) {
        tell(event, WAITING_MAX);
    }

    private void tell(Runnable event, int waitingMax) {
        if (waiting.incrementAndGet() > waitingMax) {
            waiting.decrementAndGet();
            leftOut.incrementAndGet();
            return;
        }
        try {
            callbacks.execute(() -> {
                waiting.decrementAndGet();
                try {
                    event.run();
                } catch (Throwable t) {
                    log.listenerFailed(t);
                }
            });
        } catch (Throwable t) {
            waiting.decrementAndGet();
            leftOut.incrementAndGet();
        }
    }

    @Override
    public void drained() {
        Map<RejectedException.Reason, Long> now = rejections.counts();
        if (now.equals(toldRejections)) {
            return;
        }
        Map<RejectedException.Reason, Long> before = toldRejections;
        toldRejections = now;
        tell(() -> now.forEach((reason, count) -> {
            long fresh = count - before.getOrDefault(reason, 0L);
            if (fresh != 0) {
                listener.rejected(reason, fresh);
            }
        }));
    }

    @Override
    public void journaled(long record, int keys, long nanos) {
        // Many a second, and not for the log.
        if (listener != CounterListener.NONE) {
            tell(() -> listener.journaled(record, keys, Duration.ofNanos(nanos)), WAITING_BEFORE_COMMITS_MAX);
        }
    }

    @Override
    public void writing(CounterSink sink, CounterBatch batch, int attempt) {
        tell(() -> listener.flushStarted(new CounterListener.Flush(
                sink.name(), batch.from().record(), batch.to().record(), batch.size(), attempt, Duration.ZERO)));
    }

    @Override
    public void written(CounterSink sink, long fromRecord, long toRecord, int keys, int attempt, long nanos) {
        tell(() -> {
            log.written(sink);
            listener.flushSucceeded(new CounterListener.Flush(
                    sink.name(), fromRecord, toRecord, keys, attempt, Duration.ofNanos(nanos)));
        });
    }

    @Override
    public void failed(CounterSink sink, Throwable error, boolean fatal, int failures, long retryNanos) {
        tell(() -> {
            log.failed(sink, error, fatal, failures);
            Duration wait = Duration.ofNanos(retryNanos);
            if (fatal) {
                listener.flushFailed(sink.name(), failures, error, wait);
            } else {
                listener.flushRetried(sink.name(), failures, error, wait);
            }
        });
    }

    @Override
    public void notReported(CounterSink sink, Throwable error) {
        tell(() -> log.notReported(sink, error));
    }

    @Override
    public void quarantined(CounterSink sink, List<QuarantinedEntry> entries) {
        quarantinedEntries.computeIfAbsent(sink, s -> new LongAdder()).add(entries.size());
        tell(() -> {
            log.quarantined(sink, entries);
            listener.quarantined(sink.name(), entries);
        });
    }

    @Override
    public void rewound(CounterSink sink, long fromRecord, long toRecord) {
        tell(() -> {
            log.rewound(sink, fromRecord, toRecord);
            listener.rewound(sink.name(), fromRecord, toRecord);
        });
    }

    @Override
    public void gap(CounterSink sink, long fromRecord, long toRecord, long deltaSum) {
        tell(() -> {
            log.gap(sink, fromRecord, toRecord, deltaSum);
            listener.gapDeclared(sink.name(), fromRecord, toRecord, deltaSum);
        });
    }

    @Override
    public void journalFailed(Throwable error, int failures, long retryNanos) {
        tell(() -> {
            log.journalFailed(error, failures, retryNanos == 0);
            listener.journalFailed(error, failures, Duration.ofNanos(retryNanos));
        });
    }

    @Override
    public void journalWorks() {
        tell(() -> {
            log.journalWorks();
            listener.journalWorks();
        });
    }

    @Override
    public void adopted(UUID instanceId, long records) {
        tell(() -> {
            log.adopted(instanceId, records);
            listener.adopted(instanceId, records);
        });
    }

    @Override
    public void notAdopted(@Nullable UUID instanceId, String why) {
        tell(() -> log.notAdopted(instanceId, why));
    }

    @Override
    public void stopped(@Nullable CounterSink sink, PipelineState state, String why) {
        tell(() -> {
            log.stopped(sink, state, why);
            listener.stopped(CounterCache.stateOf(state), why);
        });
    }
}
