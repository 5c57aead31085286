// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bodies of 50 MB, and many bodies at once. */
class LargeBodyTest {
    private static final int MEGABYTES = 50;
    private static final long HELD_BYTES_MAX = 1 << 20;

    private final TestRoutes routes = new TestRoutes();
    private final JettyFront front = new JettyFront(
            FrontSettings.defaults().withSizes(8 << 10, 4 << 10, HELD_BYTES_MAX), routes, FrontListener.NONE);

    @BeforeEach
    void start() throws Exception {
        front.start();
    }

    @AfterEach
    void stop() throws Exception {
        front.stop(Duration.ofSeconds(5));
        routes.close();
    }

    /** By the server's threads so far, all of which live as long as it does. */
    private static long allocatedBytes() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] serving = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("everycount-http"))
                .mapToLong(Thread::getId)
                .toArray();
        return Arrays.stream(threads.getThreadAllocatedBytes(serving)).sum();
    }

    @Test
    void fifty_megabytes_are_refused_without_being_read_or_held() throws Exception {
        byte[] megabyte = new byte[1 << 20];
        byte[] chunk =
                ("100000\r\n" + "x".repeat(1 << 20) + "\r\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        for (int round = 0; round < 4; round++) {
            boolean isChunked = round % 2 == 1;
            try (RawClient client = new RawClient(front.port())) {
                String length = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: " + (MEGABYTES << 20);
                client.send("POST /echo HTTP/1.1\r\nHost: h\r\n" + length + "\r\n\r\n");
                Thread sender = new Thread(() -> client.sendAsMuchAsTaken(isChunked ? chunk : megabyte, MEGABYTES));
                sender.start();
                RawClient.Reply reply = client.reply();
                assertThat(reply.status()).isEqualTo(413);
                assertThat(reply.isLast()).isTrue();
                assertThat(client.isEndedByServer()).isTrue();
                sender.join();
            }
        }
        Await.until("all connections are gone", () -> front.stats().open() == 0);
        assertThat(routes.handled).hasValue(0);
    }

    @Test
    void a_client_that_sends_all_before_it_reads_still_finds_the_answer() throws Exception {
        for (int round = 0; round < 5; round++) {
            try (RawClient client = new RawClient(front.port())) {
                client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
                client.sendAsMuchAsTaken(new byte[20_000], 100);
                assertThat(client.reply().status()).isEqualTo(413);
            }
        }
    }

    @Test
    void refusing_allocates_little() throws Exception {
        byte[] megabyte = new byte[1 << 20];
        long before = 0;
        for (int round = 0; round < 12; round++) {
            if (round == 2) {
                before = allocatedBytes();
            }
            try (RawClient client = new RawClient(front.port())) {
                client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + (MEGABYTES << 20) + "\r\n\r\n");
                client.sendAsMuchAsTaken(megabyte, 2);
                assertThat(client.reply().status()).isEqualTo(413);
            }
        }
        assertThat(allocatedBytes() - before).isLessThan(4L << 20);
    }

    @Test
    void what_a_client_announces_is_not_allocated_and_all_bodies_together_are_bounded() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                RawClient client = new RawClient(front.port());
                clients.add(client);
                client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\nabc");
            }
            try (RawClient other = new RawClient(front.port())) {
                other.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + "x".repeat(300_000));
                assertThat(other.reply().status()).isEqualTo(200);
            }
            int refused = 0;
            for (RawClient client : clients) {
                client.send(new byte[100_000]);
            }
            for (RawClient client : clients) {
                client.socket().setSoTimeout(500);
                try {
                    RawClient.Reply reply = client.reply();
                    assertThat(reply.status()).isEqualTo(503);
                    assertThat(reply.headers()).containsEntry("retry-after", "1");
                    refused++;
                } catch (java.net.SocketTimeoutException e) {
                    // It is among those that have room.
                }
            }
            assertThat(refused).isGreaterThanOrEqualTo(30).isLessThan(40);
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
        Await.until("all connections are gone", () -> front.stats().open() == 0);
        try (RawClient other = new RawClient(front.port())) {
            other.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + "x".repeat(300_000));
            assertThat(other.reply().status()).as("the memory was given back").isEqualTo(200);
        }
    }
}
