// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that send slowly, and clients that send far too much, while others are served as ever. */
class HostileClientsIT {
    private static final int SLOW = 1_000;
    private static final Duration SLOW_MAX = Duration.ofSeconds(15);
    private static final int LARGE = 20;
    private static final int MEGABYTES = 50;
    private static final int ROUNDS = 3;
    private static final long GROWTH_MEBIBYTES_MAX = 32;

    @TempDir
    Path directory;

    @Test
    void a_thousand_slow_clients_are_gone_in_15_seconds_and_the_others_never_notice() throws Exception {
        Path record = directory.resolve("run.tsv");
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(List.of("-Xmx64m"), database.jdbcUrl(), "--drain-time", "0s");
                Command load = Adapter.load(
                        adapter.url(), record, "--connections", "20", "--rate", "500/s", "--duration", "2m")) {
            Await.until("others are served", () -> adapter.taken() > 1_000);
            long before = Memory.residentMebibytes(adapter);
            long takenBefore = adapter.taken();
            try (Drip drip = new Drip(adapter.port(), SLOW)) {
                assertThat(adapter.metric("everycount_http_connections")).isGreaterThan(SLOW);
                drip.run(SLOW_MAX.plusSeconds(5));
                assertThat(drip.left()).as("still connected").isZero();
                assertThat(drip.longest()).isLessThan(SLOW_MAX);
                assertThat(drip.timeouts()).as("answered with 408").isEqualTo(SLOW / 2);
                long after = Memory.residentMebibytes(adapter);
                long served = adapter.taken() - takenBefore;
                load.terminate();
                assertThat(load.status()).as(load.toString()).isZero();
                assertThat(served).as("served meanwhile").isGreaterThan(2_000);
                System.out.printf(
                        "1,000 slow clients: the last one gone after %.1f s, %,d others' requests served meanwhile,"
                                + " 0 errors; resident %d MiB before, %d after%n",
                        drip.longest().toMillis() / 1e3, served, before, after);
                assertThat(after - before).as("growth in MiB").isLessThan(GROWTH_MEBIBYTES_MAX);
            }
            adapter.command().terminate();
            assertThat(adapter.command().status()).isZero();
            assertThat(Records.stored(database, "")).isEqualTo(Records.acknowledged(record));
        }
    }

    @Test
    void bodies_of_50_megabytes_are_refused_without_being_held() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(List.of("-Xmx128m"), database.jdbcUrl(), "--drain-time", "0s")) {
            for (int i = 0; i < 500; i++) {
                assertThat(adapter.increment("warm").statusCode()).isEqualTo(202);
            }
            // The first ones make it take what bodies may take in all; no further ones take more.
            sendAllAtOnce(adapter.port(), threads);
            long before = Memory.residentMebibytes(adapter);
            double seconds = 0;
            for (int round = 0; round < ROUNDS; round++) {
                seconds = Math.max(seconds, sendAllAtOnce(adapter.port(), threads));
            }
            long after = Memory.residentMebibytes(adapter);
            System.out.printf(
                    "%d times 20 bodies of 50 MB at once: refused, all of them in %.2f s; resident %d MiB before,"
                            + " %d after%n",
                    ROUNDS, seconds, before, after);
            assertThat(seconds).isLessThan(10);
            assertThat(after - before).as("growth in MiB").isLessThan(GROWTH_MEBIBYTES_MAX);
            assertThat(adapter.increment("warm").statusCode()).isEqualTo(202);
            adapter.command().terminate();
            assertThat(adapter.command().status()).isZero();
            assertThat(Records.stored(database, "")).containsOnlyKeys("warm").containsValue(501L);
        } finally {
            threads.shutdownNow();
        }
    }

    /** How many seconds it takes until all are refused. */
    private static double sendAllAtOnce(int port, ExecutorService threads) throws Exception {
        long beganNanos = System.nanoTime();
        List<Future<String>> answers = new ArrayList<>();
        for (int i = 0; i < LARGE; i++) {
            boolean isChunked = i % 2 == 1;
            answers.add(threads.submit(() -> sendTooMuch(port, isChunked, threads)));
        }
        for (int i = 0; i < LARGE; i++) {
            // How long a chunked one is turns out while it is held; all that are held may be too much before.
            assertThat(answers.get(i).get(Await.MAX.toSeconds(), TimeUnit.SECONDS))
                    .matches("HTTP/1.1 (413|" + (i % 2 == 1 ? "503" : "413") + ") .*");
        }
        return (System.nanoTime() - beganNanos) / 1e9;
    }

    /** The first line of the answer, read while the body is still being sent. */
    private static String sendTooMuch(int port, boolean isChunked, ExecutorService threads) throws IOException {
        byte[] megabyte = new byte[1 << 20];
        byte[] chunkHead = "100000\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] chunkTail = "\r\n".getBytes(StandardCharsets.US_ASCII);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) Await.MAX.toMillis());
            socket.getOutputStream()
                    .write(("POST /increments HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
                                    + (isChunked
                                            ? "Transfer-Encoding: chunked\r\n\r\n"
                                            : "Content-Length: " + (MEGABYTES << 20) + "\r\n\r\n"))
                            .getBytes(StandardCharsets.US_ASCII));
            threads.submit(() -> {
                for (int i = 0; i < MEGABYTES; i++) {
                    if (isChunked) {
                        socket.getOutputStream().write(chunkHead);
                    }
                    socket.getOutputStream().write(megabyte);
                    if (isChunked) {
                        socket.getOutputStream().write(chunkTail);
                    }
                }
                return null;
            });
            return String.valueOf(
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                            .readLine());
        }
    }
}
