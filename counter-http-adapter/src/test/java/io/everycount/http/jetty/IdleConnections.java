// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What an idle connection takes of the server's resident memory. Run with {@code server}, and with
 * {@code clients PORT COUNT} in another process; each prints what it sees. The server prints resident memory once a
 * second.
 */
final class IdleConnections {
    private static final byte[] POST =
            ("POST /echo HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: idle\r\nAccept: */*\r\n"
                            + "Authorization: Bearer abcdefgh.0123456789abcdef0123456789abcdef\r\n"
                            + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 17\r\n\r\nkey=abcde&value=1")
                    .getBytes(StandardCharsets.US_ASCII);

    private IdleConnections() {}

    public static void main(String[] args) throws Exception {
        if (args[0].equals("server")) {
            serve();
        } else {
            connect(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        }
    }

    private static void serve() throws Exception {
        try (TestRoutes routes = new TestRoutes()) {
            FrontSettings settings = FrontSettings.defaults()
                    .withTimeouts(Duration.ofSeconds(10), Duration.ofHours(1))
                    .withMaxConnections(20_000);
            JettyFront front = new JettyFront(settings, routes, FrontListener.NONE);
            front.start();
            System.out.println("port " + front.port());
            while (true) {
                if (System.in.available() > 0) {
                    System.in.read();
                    System.gc();
                }
                // Run by hand: a line a second for who watches.
                Thread.sleep(1_000);
                Runtime heap = Runtime.getRuntime();
                System.out.println("open " + front.stats().open() + " rssKb " + rssKilobytes() + " heapUsedKb "
                        + (heap.totalMemory() - heap.freeMemory()) / 1_024);
            }
        }
    }

    private static long rssKilobytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException("no VmRSS in /proc/self/status");
    }

    private static void connect(int port, int count) throws Exception {
        List<SocketChannel> channels = new ArrayList<>();
        ByteBuffer reply = ByteBuffer.allocate(4_096);
        for (int i = 0; i < count; i++) {
            SocketChannel channel = SocketChannel.open();
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.write(ByteBuffer.wrap(POST));
            reply.clear();
            channel.read(reply);
            channels.add(channel);
        }
        System.out.println("connected " + channels.size());
        System.in.read();
    }
}
