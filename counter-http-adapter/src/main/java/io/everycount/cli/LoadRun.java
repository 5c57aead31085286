// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.AckLevel;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sends the requests of a plan, from one thread for each that may be under way, and notes what became of them.
 *
 * <p>With a rate, each request has a time at which it is due, whatever became of those before, and its
 * latency counts from then: a server that stalls is seen by every request that should have been sent
 * meanwhile (no coordinated omission). Without a rate, latency counts from the sending.
 */
final class LoadRun {
    private static final Duration WATCH = Duration.ofMillis(20);

    private final LoadPlan plan;
    private final LoadTally tally;
    private final String headers;
    private final AtomicLong next = new AtomicLong();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch working;
    private final List<Sender> senders;
    private volatile long startNanos;

    /**
     * @param connect a connection to a target, not opened yet
     */
    LoadRun(LoadPlan plan, LoadTally tally, Function<URI, PostConnection> connect) {
        this.plan = plan;
        this.tally = tally;
        this.working = new CountDownLatch(plan.connections());
        this.senders = IntStream.range(0, plan.connections())
                .mapToObj(i -> new Sender(plan.targets().stream().map(connect).toList()))
                .toList();
        AckLevel ack = plan.ack();
        this.headers =
                "User-Agent: everycount\r\nContent-Type: " + plan.format().contentType() + "\r\n"
                        + (ack == null ? "" : "Prefer: ack=" + ack.name().toLowerCase(Locale.ROOT) + "\r\n")
                        + (plan.apiKey() == null
                                ? ""
                                : "Authorization: Bearer " + plan.apiKey().value() + "\r\n");
    }

    /** Begins. Once. */
    void start() {
        startNanos = System.nanoTime();
        List<Thread> threads = Stream.concat(
                        IntStream.range(0, senders.size()).mapToObj(i -> new Thread(senders.get(i), "load-" + i)),
                        Stream.of(new Thread(this::cutLateRequests, "load-watch")))
                .toList();
        threads.forEach(thread -> thread.setDaemon(true));
        threads.forEach(Thread::start);
    }

    /** Sends no more requests; those under way get their answers. */
    void stop() {
        stop.countDown();
    }

    /** Waits until all requests have an outcome; false if the time was up first. */
    boolean await(long nanos) throws InterruptedException {
        return working.await(nanos, TimeUnit.NANOSECONDS);
    }

    /** Since the start. */
    long elapsedNanos() {
        return System.nanoTime() - startNanos;
    }

    /** A socket's own timeout would not end a write, nor an answer that comes byte by byte. */
    private void cutLateRequests() {
        try {
            while (!working.await(WATCH.toNanos(), TimeUnit.NANOSECONDS)) {
                long now = System.nanoTime();
                senders.forEach(sender -> sender.cutIfLate(now));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Sender implements Runnable {
        private final List<PostConnection> connections;
        private @Nullable PostConnection busy;
        private long deadlineNanos;
        private boolean late;

        Sender(List<PostConnection> connections) {
            this.connections = connections;
        }

        @Override
        public void run() {
            try {
                while (stop.getCount() > 0) {
                    long request = next.getAndIncrement();
                    if (request >= plan.requests() || !waitUntilDue(plan.dueNanos(request))) {
                        return;
                    }
                    send(request);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                connections.forEach(PostConnection::close);
                working.countDown();
            }
        }

        /** False if the run ends first. */
        private boolean waitUntilDue(long dueNanos) throws InterruptedException {
            long endNanos =
                    plan.duration() == null ? Long.MAX_VALUE : plan.duration().toNanos();
            long wait = Math.min(dueNanos, endNanos) - elapsedNanos();
            if (wait > 0 && stop.await(wait, TimeUnit.NANOSECONDS)) {
                return false;
            }
            return dueNanos < endNanos && elapsedNanos() < endNanos;
        }

        private void send(long number) {
            int[] keys = plan.keysOf(number);
            byte[] body = plan.format().body(plan.names(keys));
            PostConnection connection = connections.get(plan.target(number));
            long sinceNanos = plan.rate() == 0 ? System.nanoTime() : startNanos + plan.dueNanos(number);
            Outcome outcome;
            String answer;
            begin(connection);
            try {
                PostConnection.Reply reply = connection.post(plan.format().path(keys.length), headers, body);
                outcome = Outcome.of(reply.status(), reply.contentType().startsWith("application/problem+json"));
                answer = Answers.describe(reply.status(), reply.contentType(), reply.body());
            } catch (IOException e) {
                outcome = Outcome.of(e);
                answer = isLate()
                        ? "no answer within " + Text.time(plan.timeout())
                        : outcome == Outcome.REJECTED
                                ? Answers.notConnected(e)
                                : "connection lost before the answer was complete";
            } finally {
                end();
            }
            tally.note(outcome, keys, answer, System.nanoTime() - sinceNanos);
        }

        private synchronized void begin(PostConnection connection) {
            busy = connection;
            late = false;
            deadlineNanos = System.nanoTime() + plan.timeout().toNanos();
        }

        private synchronized void end() {
            busy = null;
        }

        private synchronized boolean isLate() {
            return late;
        }

        private synchronized void cutIfLate(long nowNanos) {
            if (busy != null && nowNanos - deadlineNanos >= 0) {
                late = true;
                busy.cut();
            }
        }
    }
}
