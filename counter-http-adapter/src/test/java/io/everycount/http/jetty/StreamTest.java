// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.http.exchange.ReplyStream;
import io.everycount.http.exchange.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Replies in parts. */
class StreamTest {
    private static final String STREAM = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final Duration REQUEST = Duration.ofMillis(600);
    private static final byte[] MEGABYTE = new byte[1 << 20];
    /** More than any kernel keeps for a client that does not read. */
    private static final int MEGABYTES_MAX = 64;

    private final AtomicReference<ReplyStream> stream = new AtomicReference<>();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicReference<Long> told = new AtomicReference<>();
    private final TestRoutes routes = new TestRoutes();
    private final JettyFront front = new JettyFront(
            FrontSettings.defaults().withTimeouts(REQUEST, Duration.ofSeconds(60)),
            routes,
            (endpoint, method, status, nanos, bodyBytes, replyBytes) -> told.set(nanos));

    @BeforeEach
    void start() throws Exception {
        routes.put(
                "GET /stream",
                0,
                exchange -> stream.set(exchange.stream(
                        Response.of(200, "text/event-stream", "first").with("X-Kind", "stream"),
                        ended::incrementAndGet)));
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    private static byte[] part(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private ReplyStream opened() throws Exception {
        Await.until("it is open", () -> stream.get() != null);
        return Objects.requireNonNull(stream.get());
    }

    private void send(ReplyStream open, String text) throws Exception {
        Await.until("it takes " + text, () -> open.offer(part(text)));
    }

    /** Sends as much as is taken; how many megabytes that was. */
    private static int fill(ReplyStream open) throws Exception {
        for (int i = 0; i < MEGABYTES_MAX; i++) {
            long deadlineNanos = System.nanoTime() + REQUEST.toNanos() / 4;
            while (!open.offer(MEGABYTE)) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    return i;
                }
                Thread.onSpinWait();
            }
        }
        throw new AssertionError("a client that does not read was sent " + MEGABYTES_MAX + " MiB");
    }

    @Test
    void parts_come_one_by_one_and_the_connection_can_be_used_again() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            RawClient.Reply head = client.send(STREAM).reply();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.headers())
                    .containsEntry("content-type", "text/event-stream")
                    .containsEntry("x-kind", "stream")
                    .containsEntry("transfer-encoding", "chunked")
                    .doesNotContainKey("content-length");
            assertThat(client.chunk()).isEqualTo("first");
            ReplyStream open = opened();
            for (int i = 0; i < 20; i++) {
                send(open, "part " + i);
                assertThat(client.chunk()).isEqualTo("part " + i);
            }
            assertThat(ended).hasValue(0);
            open.end(part("last"));
            assertThat(ended).hasValue(1);
            assertThat(client.chunk()).isEqualTo("last");
            assertThat(client.chunk()).isEmpty();
            assertThat(open.offer(part("late"))).isFalse();
            open.end(part("late"));
            assertThat(ended).hasValue(1);
            assertThat(client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
                            .reply()
                            .body())
                    .isEqualTo("hello");
        }
    }

    @Test
    void what_an_answer_took_ends_with_the_beginning_of_a_stream() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            long began = System.nanoTime();
            client.send(STREAM).reply();
            long answered = System.nanoTime();
            Await.until("it lasts as long again", () -> System.nanoTime() - answered > answered - began);
            opened().end(part("last"));
            Await.until("it is told", () -> told.get() != null);
            assertThat(told.get()).isPositive().isLessThan(answered - began);
        }
    }

    @Test
    void between_parts_a_stream_may_rest_longer_than_clients_may() throws Exception {
        try (RawClient client = new RawClient(front.port());
                RawClient measure = new RawClient(front.port())) {
            client.send(STREAM).reply();
            client.chunk();
            measure.send("GET /hello HTTP/1.1\r\nX-Slow: ");
            assertThat(measure.isEndedByServer())
                    .as("longer than a request may take")
                    .isTrue();
            send(opened(), "still here");
            assertThat(client.chunk()).isEqualTo("still here");
        }
    }

    @Test
    void a_client_that_goes_ends_its_stream() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send(STREAM).reply();
        }
        ReplyStream open = opened();
        Await.until("it is noticed", () -> {
            open.offer(part("more"));
            return ended.get() == 1;
        });
        assertThat(open.offer(part("more"))).isFalse();
        Await.until("it is gone", () -> front.stats().open() == 0);
        assertThat(ended).hasValue(1);
    }

    @Test
    void nothing_is_kept_for_a_client_that_does_not_read_and_it_is_cut() throws Exception {
        try (RawClient client = new RawClient(RawClient.connect(front.port(), 4_096))) {
            client.send(STREAM);
            ReplyStream open = opened();
            fill(open);
            Await.until("it is cut", () -> front.stats().slowReaders() == 1);
            Await.until("it is gone", () -> front.stats().open() == 0);
            Await.until("who sent it is told", () -> ended.get() == 1);
            assertThat(open.offer(part("more"))).isFalse();
        }
    }

    @Test
    void an_end_does_not_wait_for_a_client_that_does_not_read() throws Exception {
        try (RawClient client = new RawClient(RawClient.connect(front.port(), 4_096))) {
            client.send(STREAM);
            ReplyStream open = opened();
            fill(open);
            open.end(part("last"));
            assertThat(ended).hasValue(1);
            Await.until("it is gone", () -> front.stats().open() == 0);
            assertThat(front.stats().slowReaders()).as("cut by the sweeper").isZero();
            assertThat(ended).hasValue(1);
        }
    }

    @Test
    void a_stop_waits_for_a_stream_to_be_ended_and_no_longer() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send(STREAM).reply();
            client.chunk();
            ReplyStream open = opened();
            CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(() -> {
                try {
                    return front.stop(Duration.ofSeconds(20));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            send(open, "while it stops");
            assertThat(client.chunk()).isEqualTo("while it stops");
            assertThat(stopped).isNotDone();
            open.end(part("last"));
            assertThat(stopped.get()).isTrue();
            assertThat(client.chunk()).isEqualTo("last");
        }
    }
}
