// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.http.exchange.Response;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** The end: no request whose headers were read goes unanswered. */
class StopTest {
    private static final String HELLO = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

    private final TestRoutes routes = new TestRoutes();
    private final JettyFront front = new JettyFront(FrontSettings.defaults(), routes, FrontListener.NONE);

    @BeforeEach
    void start() throws Exception {
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    @Test
    void from_the_beginning_of_the_end_each_reply_is_the_last_of_its_connection() throws Exception {
        try (RawClient kept = new RawClient(front.port());
                RawClient fresh = new RawClient(front.port())) {
            assertThat(kept.send(HELLO).reply().isLast()).isFalse();
            front.beginClosing();
            assertThat(kept.send(HELLO).reply().isLast()).isTrue();
            assertThat(kept.isEndedByServer()).isTrue();
            assertThat(fresh.send(HELLO).reply().isLast()).isTrue();
            assertThat(fresh.isEndedByServer()).isTrue();
        }
    }

    @Test
    void idle_connections_do_not_hold_the_stop_up() throws Exception {
        try (RawClient idle = new RawClient(front.port());
                RawClient silent = new RawClient(front.port())) {
            idle.send(HELLO).reply();
            Await.until("both are open", () -> front.stats().open() == 2);
            long beganNanos = System.nanoTime();
            assertThat(front.stop(Duration.ofSeconds(20))).isTrue();
            assertThat(System.nanoTime() - beganNanos)
                    .isLessThan(Duration.ofSeconds(5).toNanos());
            assertThat(idle.isEndedByServer()).isTrue();
            assertThat(silent.isEndedByServer()).isTrue();
        }
    }

    @Test
    void an_interrupted_stop_closes_everything_all_the_same() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send("POST /parked HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
            Await.until("it is parked", () -> routes.parked.get() != null);
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> front.stop(Duration.ofMinutes(1))).isInstanceOf(InterruptedException.class);
            Thread.interrupted();
            assertThat(client.isEndedByServer()).isTrue();
        }
    }

    @Test
    void a_request_that_is_being_handled_is_answered_before_the_stop_ends() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send("POST /parked HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
            Await.until("it is parked", () -> routes.parked.get() != null);
            CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(this::stopNow);
            Await.until("nobody can connect", () -> !canConnect());
            assertThat(stopped).isNotDone();
            Objects.requireNonNull(routes.parked.get()).reply(Response.of(200));
            RawClient.Reply reply = client.reply();
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.isLast()).isTrue();
            assertThat(stopped.get()).isTrue();
        }
    }

    @Test
    void a_body_that_is_still_coming_is_waited_for() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
            Await.until("its headers are read", () -> routes.routed.get() == 1);
            CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(this::stopNow);
            Await.until("nobody can connect", () -> !canConnect());
            assertThat(client.send("b").reply().body()).isEqualTo("ab");
            assertThat(stopped.get()).isTrue();
        }
    }

    @Test
    void a_stop_that_runs_out_of_time_says_so() throws Exception {
        try (RawClient client = new RawClient(front.port())) {
            client.send("POST /parked HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
            Await.until("it is parked", () -> routes.parked.get() != null);
            assertThat(front.stop(Duration.ofMillis(100))).isFalse();
            assertThat(client.isEndedByServer()).isTrue();
        }
    }

    @Test
    void stopping_twice_or_before_the_start_does_nothing() throws Exception {
        assertThat(front.stop(Duration.ofSeconds(1))).isTrue();
        assertThat(front.stop(Duration.ofSeconds(1))).isTrue();
        assertThat(new JettyFront(FrontSettings.defaults(), routes, FrontListener.NONE).stop(Duration.ZERO))
                .isTrue();
    }

    @RepeatedTest(5)
    void requests_that_were_sent_before_the_stop_are_answered() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            RawClient client = new RawClient(front.port());
            clients.add(client);
            if (i % 2 == 0) {
                client.send(HELLO).reply();
            }
        }
        for (RawClient client : clients) {
            client.send("POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
        }
        assertThat(front.stop(Duration.ofSeconds(10))).isTrue();
        for (RawClient client : clients) {
            assertThat(client.reply().body()).isEqualTo("abc");
            client.close();
        }
    }

    @RepeatedTest(5)
    void clients_in_a_loop_lose_no_request_that_was_read() throws Exception {
        AtomicBoolean isStopping = new AtomicBoolean();
        AtomicInteger replies = new AtomicInteger();
        AtomicInteger unanswered = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        int port = front.port();
        for (int i = 0; i < 40; i++) {
            Thread thread = new Thread(() -> {
                while (true) {
                    try (RawClient client = new RawClient(port)) {
                        askUntilLast(client, isStopping, replies, unanswered);
                    } catch (IOException e) {
                        // It listens no more.
                        return;
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        Await.until("all are at it", () -> replies.get() > 2_000);
        front.beginClosing();
        int before = replies.get();
        Await.until("clients go on", () -> replies.get() > before + 500);
        isStopping.set(true);
        assertThat(front.stop(Duration.ofSeconds(20))).isTrue();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(replies.get()).as("as many were answered as were handled").isEqualTo(routes.handled.get());
        assertThat(unanswered).as("sent before the stop and not answered").hasValue(0);
    }

    private static void askUntilLast(
            RawClient client, AtomicBoolean isStopping, AtomicInteger replies, AtomicInteger unanswered) {
        boolean isLast = false;
        while (!isLast) {
            boolean isSentBefore = false;
            try {
                client.send(HELLO);
                isSentBefore = !isStopping.get();
                isLast = client.reply().isLast();
                replies.incrementAndGet();
            } catch (IOException e) {
                if (isSentBefore) {
                    unanswered.incrementAndGet();
                }
                return;
            }
        }
    }

    private boolean stopNow() {
        try {
            return front.stop(Duration.ofSeconds(20));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean canConnect() throws IOException {
        try (RawClient client = new RawClient(front.port())) {
            return client.socket().isConnected();
        } catch (SocketException e) {
            // Refused; or reset, if the port was closed while this connected.
            return false;
        }
    }
}
