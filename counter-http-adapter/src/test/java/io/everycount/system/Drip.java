// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Clients that send a byte a second, one half of them in headers, the other in bodies, until the server ends them. */
final class Drip implements AutoCloseable {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final byte[] IN_HEADERS = ascii("POST /increment HTTP/1.1\r\nHost: h\r\nX-Slow: ");
    private static final byte[] IN_BODY = ascii("POST /increment HTTP/1.1\r\nHost: h\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nkey=");

    private final Selector selector = Selector.open();
    private final ByteBuffer answer = ByteBuffer.allocate(4_096);
    private int timeouts;
    private long longestNanos;

    Drip(int port, int clients) throws IOException {
        for (int i = 0; i < clients; i++) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            long beganNanos = System.nanoTime();
            channel.configureBlocking(false);
            channel.write(ByteBuffer.wrap(i % 2 == 0 ? IN_HEADERS : IN_BODY));
            channel.register(selector, SelectionKey.OP_READ, beganNanos);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Goes on until all are gone, or the time is up. */
    void run(Duration max) throws IOException {
        long beganNanos = System.nanoTime();
        for (long turn = 1; left() > 0 && turn * PERIOD_NANOS < max.toNanos(); turn++) {
            long waitNanos;
            while ((waitNanos = beganNanos + turn * PERIOD_NANOS - System.nanoTime()) > 0) {
                selector.select(this::read, Math.max(1, TimeUnit.NANOSECONDS.toMillis(waitNanos)));
            }
            for (SelectionKey key : selector.keys()) {
                write(key);
            }
        }
    }

    private void write(SelectionKey key) {
        try {
            if (key.isValid()) {
                ((SocketChannel) key.channel()).write(ByteBuffer.wrap(new byte[] {'a'}));
            }
        } catch (IOException e) {
            gone(key);
        }
    }

    private void read(SelectionKey key) {
        try {
            answer.clear();
            int read = ((SocketChannel) key.channel()).read(answer);
            if (read < 0) {
                gone(key);
            } else if (new String(answer.array(), 0, read, StandardCharsets.US_ASCII).startsWith("HTTP/1.1 408 ")) {
                timeouts++;
            }
        } catch (IOException e) {
            gone(key);
        }
    }

    private void gone(SelectionKey key) {
        longestNanos = Math.max(longestNanos, System.nanoTime() - (long) key.attachment());
        key.cancel();
        try {
            key.channel().close();
        } catch (IOException e) {
            // It is gone as well.
        }
    }

    /** How many are still connected. */
    int left() throws IOException {
        selector.selectNow(this::read);
        return selector.keys().size();
    }

    /** How many were answered that they took too long. */
    int timeouts() {
        return timeouts;
    }

    /** How long the last one of those that are gone was there. */
    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    @Override
    public void close() throws IOException {
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }
}
