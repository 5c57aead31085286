// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.live;

import io.everycount.CounterStats;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.ReplyStream;
import io.everycount.http.exchange.Response;
import io.everycount.jdbc.CounterTotals;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends server-sent events to all who look: this instance's statistics each second, and at once when they change, at most
 * five times a second; what the database has every two seconds at most. Everything is read once for all of them, and not
 * at all while nobody looks. Thread-safe.
 *
 * <p>Events are whole states, and nobody gets one while the one before is on its way to them: so a slow reader misses
 * some, and nothing is kept for it.
 */
public final class LiveView implements AutoCloseable {
    /** How many may look at once. */
    static final int STREAMS_MAX = 64;

    private static final Logger LOG = LoggerFactory.getLogger(LiveView.class);
    private static final long LOOK_MILLIS = 200;
    private static final long SEND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long IDLE_SECONDS = 10;
    private static final byte[] FIRST = "retry: 2000\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NOTHING = {};
    private static final byte[] STOPPING = EventJson.event("stopping", json -> json.writeNull());
    private static final byte[] LOGGED_OUT = EventJson.event("logged-out", json -> json.writeNull());
    private static final Response HEAD = Response.of(200, "text/event-stream", FIRST)
            .with("Cache-Control", "no-store")
            .with("X-Content-Type-Options", "nosniff")
            .with("X-Accel-Buffering", "no");

    private final String name;
    private final Supplier<CounterStats> stats;
    private final FlushTimes flushTimes;
    private final @Nullable CounterTotals totals;
    private final Executor reads;
    private final ScheduledThreadPoolExecutor timer;
    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();

    /** Guards the two below, and who is added to the viewers. */
    private final Object turn = new Object();

    private @Nullable Future<?> sampling;
    private boolean isClosed;

    // The timer's own, from here on.
    private @Nullable CounterStats sent;
    private byte[] now = NOTHING;
    private long nowVersion;
    private long sentNanos;
    private long databaseNotBefore = System.nanoTime();
    private boolean isReading;
    private byte[] database = NOTHING;
    private long databaseVersion;
    private byte @Nullable [] both;

    private static final class Viewer {
        final BooleanSupplier admitted;
        volatile @Nullable ReplyStream stream;
        long nowVersion;
        long databaseVersion;

        Viewer(BooleanSupplier admitted) {
            this.admitted = admitted;
        }
    }

    /**
     * Starts nothing yet.
     *
     * @param name of this instance
     * @param stats cheap enough to be asked five times a second
     * @param totals null if there is no database to read
     * @param reads where the database may be read; may reject
     */
    public LiveView(
            String name,
            Supplier<CounterStats> stats,
            FlushTimes flushTimes,
            @Nullable CounterTotals totals,
            Executor reads) {
        this.name = name;
        this.stats = stats;
        this.flushTimes = flushTimes;
        this.totals = totals;
        this.reads = reads;
        timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, name + "-live");
            thread.setDaemon(true);
            return thread;
        });
        timer.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        timer.setRemoveOnCancelPolicy(true);
    }

    /**
     * Answers with a stream of events, or with 503 if there are too many, or this ends.
     *
     * @param admitted asked again and again; the stream ends when it says no
     */
    public void open(Exchange exchange, BooleanSupplier admitted) {
        if (exchange.method().equals("HEAD")) {
            exchange.reply(HEAD);
            return;
        }
        Viewer viewer = new Viewer(admitted);
        synchronized (turn) {
            if (isClosed || viewers.size() >= STREAMS_MAX) {
                exchange.reply(unavailable(isClosed));
                return;
            }
            viewers.add(viewer);
        }
        try {
            viewer.stream = exchange.stream(HEAD, () -> viewers.remove(viewer));
        } catch (RuntimeException | Error e) {
            viewers.remove(viewer);
            throw e;
        }
        synchronized (turn) {
            if (isClosed) {
                end(viewer, STOPPING);
            } else if (sampling == null) {
                // What was read for those who looked before is old.
                timer.execute(this::forgetDatabase);
                sampling = timer.scheduleWithFixedDelay(this::sample, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private static Response unavailable(boolean isClosed) {
        Problem problem = isClosed
                ? Problem.of(503, "stopping", "Shutting down", "The server stops.")
                : Problem.of(503, "too-many-streams", "Too many streams", STREAMS_MAX + " look already.");
        return problem.withHeader("Retry-After", "5").toResponse();
    }

    private void sample() {
        try {
            viewers.forEach(viewer -> {
                if (!viewer.admitted.getAsBoolean()) {
                    end(viewer, LOGGED_OUT);
                }
            });
            if (stopIfNobodyLooks()) {
                return;
            }
            look();
            viewers.forEach(this::send);
        } catch (RuntimeException | Error e) {
            // The next look may do better.
            LOG.error("could not tell those who look", e);
        }
    }

    private boolean stopIfNobodyLooks() {
        synchronized (turn) {
            Future<?> task = sampling;
            if (!viewers.isEmpty() || task == null) {
                return false;
            }
            task.cancel(false);
            sampling = null;
            return true;
        }
    }

    private void look() {
        CounterStats seen = stats.get();
        long nanos = System.nanoTime();
        CounterStats before = sent;
        if (before == null || nanos - sentNanos >= SEND_NANOS || isChanged(before, seen)) {
            now = EventJson.now(name, seen, flushTimes.quantiles());
            nowVersion++;
            both = null;
            sent = seen;
            sentNanos = nanos;
        }
        CounterTotals read = totals;
        if (read != null && !isReading && nanos - databaseNotBefore >= 0) {
            isReading = true;
            try {
                reads.execute(() -> took(DatabaseLook.of(read, seen)));
            } catch (RejectedExecutionException e) {
                took(DatabaseLook.failed("Too many reads wait already.", 0));
            } catch (RuntimeException | Error e) {
                LOG.error("nobody could be asked to read the database for the page", e);
                took(DatabaseLook.failed("The database could not be read; the server's log says why.", 0));
            }
        }
    }

    private static boolean isChanged(CounterStats a, CounterStats b) {
        return a.accepted() != b.accepted()
                || a.persisted() != b.persisted()
                || a.state() != b.state()
                || !a.sinks().equals(b.sinks());
    }

    private void forgetDatabase() {
        database = NOTHING;
        both = null;
    }

    /** Hands a look to the timer's thread. */
    private void took(DatabaseLook look) {
        byte @Nullable [] event = null;
        try {
            event = EventJson.database(look);
        } catch (RuntimeException | Error e) {
            LOG.error("what the database has could not be told", e);
        }
        hand(look, event);
    }

    /** @param event null if there is none; then the one before stays, and the next look may do better */
    private void hand(DatabaseLook look, byte @Nullable [] event) {
        try {
            timer.execute(() -> {
                isReading = false;
                databaseNotBefore = System.nanoTime() + look.restNanos();
                if (event != null) {
                    database = event;
                    databaseVersion++;
                    both = null;
                }
            });
        } catch (RejectedExecutionException e) {
            // Closed.
        }
    }

    private void send(Viewer viewer) {
        ReplyStream stream = viewer.stream;
        boolean hasNow = viewer.nowVersion != nowVersion;
        boolean hasDatabase = viewer.databaseVersion != databaseVersion;
        if (stream == null || !hasNow && !hasDatabase) {
            return;
        }
        if (stream.offer(hasNow && hasDatabase ? both() : hasNow ? now : database)) {
            viewer.nowVersion = nowVersion;
            viewer.databaseVersion = databaseVersion;
        }
    }

    /** Both events in one part; made once for all who need both. */
    private byte[] both() {
        if (both == null) {
            ByteArrayOutputStream part = new ByteArrayOutputStream(now.length + database.length);
            part.writeBytes(now);
            part.writeBytes(database);
            both = part.toByteArray();
        }
        return both;
    }

    private static void end(Viewer viewer, byte[] last) {
        ReplyStream stream = viewer.stream;
        if (stream != null) {
            stream.end(last);
        }
    }

    /** How many look. */
    int viewers() {
        return viewers.size();
    }

    /** Whether anything is read for them. */
    boolean isSampling() {
        synchronized (turn) {
            return sampling != null;
        }
    }

    /** Ends all streams, and takes no more. May be called again. */
    @Override
    public void close() {
        synchronized (turn) {
            isClosed = true;
            if (sampling != null) {
                sampling.cancel(false);
                sampling = null;
            }
        }
        viewers.forEach(viewer -> end(viewer, STOPPING));
        timer.shutdown();
    }
}
