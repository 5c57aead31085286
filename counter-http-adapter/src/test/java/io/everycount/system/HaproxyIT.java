// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three adapters behind a real HAProxy with the example's configuration. Where there is none, the build says so. */
@Tag("haproxy")
class HaproxyIT {
    private static final String HAPROXY = "/usr/sbin/haproxy";
    private static final Path CONFIGURATION = Path.of("../examples/haproxy.cfg");
    private static final int SHARE_MIN = 1_000;

    /** Longer than two of HAProxy's checks. */
    private static final String DRAIN_TIME = "2s";

    @TempDir
    Path directory;

    @Test
    void adapters_come_and_go_under_load_and_no_increment_is_lost_or_doubled() throws Exception {
        int balancerPort = freePort();
        int thirdPort = freePort();
        Path record = directory.resolve("run.tsv");
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter first = start(database, "first", 0);
                Adapter second = start(database, "second", 0);
                Command haproxy = Command.start(
                        "haproxy",
                        List.of(HAPROXY, "-db", "-f", CONFIGURATION.toString()),
                        Map.of(
                                "EVERYCOUNT_BALANCER", "127.0.0.1:" + balancerPort,
                                "EVERYCOUNT_ADAPTER_1", "127.0.0.1:" + first.port(),
                                "EVERYCOUNT_ADAPTER_2", "127.0.0.1:" + second.port(),
                                "EVERYCOUNT_ADAPTER_3", "127.0.0.1:" + thirdPort))) {
            Await.until("HAProxy listens", () -> listens(balancerPort) || !haproxy.isRunning());
            assertThat(haproxy.isRunning()).as(haproxy.toString()).isTrue();
            try (Command load = Adapter.load(
                    "http://127.0.0.1:" + balancerPort,
                    record,
                    "--rate",
                    "2000/s",
                    "--connections",
                    "40",
                    "--duration",
                    "1m")) {
                Await.until("two share the load", () -> first.taken() > SHARE_MIN && second.taken() > SHARE_MIN);
                try (Adapter third = start(database, "third", thirdPort)) {
                    Await.until("the third one has its share", () -> third.taken() > SHARE_MIN);
                    first.command().terminate();
                    Await.until(
                            "it tells HAProxy", () -> first.get("/health/ready").statusCode() == 503);
                    assertThat(first.command().status())
                            .as(first.command().toString())
                            .isZero();
                    long secondHad = second.taken();
                    long thirdHad = third.taken();
                    Await.until(
                            "the others go on",
                            () -> second.taken() - secondHad > SHARE_MIN && third.taken() - thirdHad > SHARE_MIN);
                    load.terminate();
                    assertThat(load.status()).as(load + "\n" + haproxy).isZero();
                    for (Adapter adapter : List.of(second, third)) {
                        adapter.command().terminate();
                        assertThat(adapter.command().status())
                                .as(adapter.command().toString())
                                .isZero();
                    }
                    Map<String, Long> acknowledged = Records.acknowledged(record);
                    assertThat(Records.unknown(record)).isEmpty();
                    assertThat(Records.stored(database, "")).isEqualTo(acknowledged);
                    System.out.printf(
                            "three adapters behind HAProxy, one added and one removed: %,d requests, 0 errors, exact;"
                                    + " persisted by each: %s, %s, %s%n",
                            Records.sum(acknowledged), persisted(first), persisted(second), persisted(third));
                }
            }
        }
    }

    private static Adapter start(TestDatabase database, String name, int port) throws Exception {
        return Adapter.start(
                database.jdbcUrl(), "--listen", "127.0.0.1:" + port, "--name", name, "--drain-time", DRAIN_TIME);
    }

    /** By its last line. */
    private static String persisted(Adapter stopped) {
        return stopped.command().lastLine().replaceAll(".*: ", "");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
