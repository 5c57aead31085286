// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * A client on a bare socket that sends one request after another over one connection, opens another when an
 * answer said that it closes, and ends when nobody listens.
 *
 * <p>A request without a complete answer is <em>unanswered</em> if the server had it before it can have closed:
 * it was written in full to a connection whose last answer had not said that it closes, so soon after the
 * request before that the server cannot have taken the connection for idle, which takes it 50 ms. So is one
 * whose answer breaks off, or does not come for long. It is <em>late</em> if it was not so soon, or if the
 * connection was fresh: the server may have closed first, and then must not have counted it.
 */
final class Caller implements Runnable {
    private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(45);
    private static final int TIMEOUT_MILLIS = 20_000;
    private static final int LATE_MAX = 100;

    private final int port;
    private final String prefix;
    private final Random random;
    private final Map<String, Long> acknowledged = new TreeMap<>();
    private final StringBuilder faults = new StringBuilder();
    private volatile int answers;
    private int refusals;
    private int closings;
    private int late;

    Caller(int port, String prefix, long seed) {
        this.port = port;
        this.prefix = prefix;
        this.random = new Random(seed);
    }

    @Override
    public void run() {
        while (late < LATE_MAX) {
            try (Socket socket = new Socket()) {
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(TIMEOUT_MILLIS);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
                talk(socket);
            } catch (ConnectException e) {
                return;
            } catch (IOException e) {
                // Reset while it connected: the server stopped listening at that moment.
                late++;
            }
        }
        fault("no connection lasts");
    }

    /** Until the server ends it. */
    private void talk(Socket socket) throws IOException {
        InputStream in = new BufferedInputStream(socket.getInputStream());
        long previousNanos = 0;
        boolean isKept = false;
        while (true) {
            String key = prefix + random.nextInt(10);
            int value = 1 + random.nextInt(3);
            long beganNanos = System.nanoTime();
            boolean isOwed = false;
            boolean isLast;
            try {
                socket.getOutputStream().write(request(key, value));
                isOwed = isKept && System.nanoTime() - previousNanos < SOON_NANOS;
                awaitAnswer(in);
                isOwed = true;
                isLast = readAnswer(in, key, value);
            } catch (IOException e) {
                if (isOwed || e instanceof SocketTimeoutException) {
                    fault("unanswered: " + e);
                } else {
                    late++;
                }
                return;
            }
            answers++;
            if (isLast) {
                closings++;
                return;
            }
            previousNanos = beganNanos;
            isKept = true;
        }
    }

    private static byte[] request(String key, int value) {
        String body = "key=" + key + "&value=" + value;
        return ("POST /increment HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Until it begins. */
    private static void awaitAnswer(InputStream in) throws IOException {
        in.mark(1);
        if (in.read() < 0) {
            throw new EOFException("instead of an answer");
        }
        in.reset();
    }

    /** Whether it says that the connection closes. */
    private boolean readAnswer(InputStream in, String key, int value) throws IOException {
        String first = line(in);
        int length = 0;
        boolean isLast = false;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            String lower = line.toLowerCase(Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).strip());
            }
            isLast |= lower.equals("connection: close");
        }
        if (in.readNBytes(length).length < length) {
            throw new EOFException("in a body");
        }
        if (first.startsWith("HTTP/1.1 202 ")) {
            acknowledged.merge(key, (long) value, Long::sum);
        } else if (first.startsWith("HTTP/1.1 503 ")) {
            refusals++;
        } else {
            fault("answer: " + first);
        }
        return isLast;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("after: " + line);
            }
            if (b == '\n') {
                return line.substring(0, line.length() - 1);
            }
            line.append((char) b);
        }
    }

    private void fault(String what) {
        faults.append(what).append('\n');
    }

    /** So far; the only thing to ask before it has ended. */
    int answers() {
        return answers;
    }

    /** What must not happen; empty if nothing of it has. */
    String faults() {
        return faults.toString();
    }

    Map<String, Long> acknowledged() {
        return acknowledged;
    }

    /** Answers that said 503. */
    int refusals() {
        return refusals;
    }

    /** Answers that said that the connection closes. */
    int closings() {
        return closings;
    }

    /** Requests to connections that the server may have closed before, and connections that did not come about. */
    int late() {
        return late;
    }
}
