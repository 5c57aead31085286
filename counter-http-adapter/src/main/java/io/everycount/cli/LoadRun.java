// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends the requests of a plan, from one thread for each connection, and notes what became of them.
 *
 * <p>With a rate, each request has a time at which it is due, whatever became of those before, and its
 * latency counts from then: a server that stalls is seen by every request that should have been sent
 * meanwhile (no coordinated omission). Without a rate, latency counts from the sending.
 */
final class LoadRun {
    private static final byte[] NO_BODY = {};

    private final LoadPlan plan;
    private final LoadTally tally;
    private final HttpClient client;
    private final AtomicLong next = new AtomicLong();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch working;
    private volatile long startNanos;

    LoadRun(LoadPlan plan, LoadTally tally, HttpClient client) {
        this.plan = plan;
        this.tally = tally;
        this.client = client;
        this.working = new CountDownLatch(plan.connections());
    }

    /** Begins. Once. */
    void start() {
        startNanos = System.nanoTime();
        for (int i = 0; i < plan.connections(); i++) {
            Thread thread = new Thread(this::work, "load-" + i);
            thread.setDaemon(true);
            threads.add(thread);
        }
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

    private void work() {
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

    private void send(long number) throws InterruptedException {
        int[] keys = plan.keysOf(number);
        HttpRequest.Builder builder = HttpTarget.request(
                        plan.target(number), plan.format().path(keys.length), plan.apiKey())
                .header("Content-Type", plan.format().contentType())
                .POST(HttpRequest.BodyPublishers.ofByteArray(plan.format().body(plan.names(keys))));
        if (plan.waitForSink()) {
            builder.header("Prefer", "ack=sink");
        }
        long sinceNanos = plan.rate() == 0 ? System.nanoTime() : startNanos + plan.dueNanos(number);
        Outcome outcome;
        String answer;
        CompletableFuture<HttpResponse<byte[]>> future = client.sendAsync(
                builder.build(),
                head -> head.statusCode() < 300 ? BodySubscribers.replacing(NO_BODY) : BodySubscribers.ofByteArray());
        try {
            // The client's own timeout ends with the head of the answer; this one with its last byte.
            HttpResponse<byte[]> response = future.get(plan.timeout().toNanos(), TimeUnit.NANOSECONDS);
            outcome = Outcome.of(response.statusCode());
            answer = Answers.describe(response);
        } catch (TimeoutException e) {
            future.cancel(true);
            outcome = Outcome.UNKNOWN;
            answer = "no answer within " + Text.time(plan.timeout());
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            outcome = Outcome.of(cause);
            answer = Answers.describe(cause);
        } catch (InterruptedException e) {
            future.cancel(true);
            tally.note(Outcome.UNKNOWN, keys, "interrupted", System.nanoTime() - sinceNanos);
            throw e;
        }
        tally.note(outcome, keys, answer, System.nanoTime() - sinceNanos);
    }
}
