// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.ProblemException;
import io.everycount.http.exchange.Response;
import io.everycount.sink.SinkException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Threads for what has to ask the database, few and with a bounded queue, so that reads cannot slow writes. */
final class Reads implements Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reads.class);
    /** Fewer than the sink has connections, so that a flush always finds one. */
    private static final int THREADS = 3;

    private static final int QUEUE_MAX = 128;
    private static final long IDLE_SECONDS = 30;

    private final ThreadPoolExecutor threads;

    Reads(String threadName) {
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE_MAX), task -> {
                    Thread thread = new Thread(task, threadName + "-read-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Runs something that reads.
     *
     * @throws RejectedExecutionException if too many wait already
     */
    @Override
    public void execute(Runnable read) {
        threads.execute(read);
    }

    /** Answers from another thread; at once with 503 if too many wait already. */
    void answer(Exchange exchange, Supplier<Response> read) {
        try {
            threads.execute(() -> exchange.reply(outcome(read)));
        } catch (RejectedExecutionException e) {
            exchange.reply(unavailable("too-many-reads", "Too many reads", QUEUE_MAX + " reads wait already."));
        }
    }

    private static Response outcome(Supplier<Response> read) {
        try {
            return read.get();
        } catch (ProblemException e) {
            return e.problem().toResponse();
        } catch (SinkException e) {
            LOG.warn("a read failed: {}", e.getMessage());
            return unavailable(
                    "database-unavailable",
                    "The database cannot be read",
                    "The database did not answer; the server's log says more. Increments are still counted.");
        } catch (Throwable e) {
            LOG.error("a read failed", e);
            return Problem.of(500, "internal-error", "Internal error", "The server's log says more.")
                    .toResponse();
        }
    }

    private static Response unavailable(String type, String title, String detail) {
        return Problem.of(503, type, title, detail)
                .withHeader("Retry-After", "1")
                .toResponse();
    }

    /** Takes no more; what is under way is answered. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
