// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * One connection to an adapter, over which one request after the other is posted, each exactly once: HTTP/1.1
 * on a blocking socket, opened when it is needed.
 *
 * <p>Not the JDK's client, because a load generator must not take the processor from what it measures: the
 * JDK's hands each request through several threads. It would not send a POST twice either.
 *
 * <p>Requests come from one thread. {@link #cut}, which ends one that takes too long, may come from any.
 */
final class PostConnection implements AutoCloseable {
    private static final int CONNECT_MILLIS = 5_000;
    private static final int HEAD_BYTES_MAX = 64 << 10;
    private static final int BODY_KEPT_MAX = 8 << 10;
    /** A connection that rested longer than this may be closed at the other end; it is opened anew. */
    private static final long REST_NANOS_MAX = 5_000_000_000L;

    private final URI base;
    private final @Nullable SSLContext tls;
    private final boolean checkName;
    private volatile @Nullable Socket plain;
    private @Nullable Socket socket;
    private InputStream in = InputStream.nullInputStream();
    private long usedNanos;
    private int headBytes;

    /**
     * A complete answer.
     *
     * @param status its status
     * @param contentType of its body; empty if it has none
     * @param body the beginning of it
     */
    record Reply(int status, String contentType, byte[] body) {}

    /** There is no connection, so that nothing was sent. */
    static final class NotSentException extends IOException {
        private static final long serialVersionUID = 1L;

        NotSentException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /**
     * @param tls for https
     * @param checkName whether the certificate has to be for this host
     */
    PostConnection(URI base, @Nullable SSLContext tls, boolean checkName) {
        this.base = base;
        this.tls = tls;
        this.checkName = checkName;
    }

    /**
     * Posts a request and reads its whole answer.
     *
     * @param headers further lines, each with its line break
     * @throws NotSentException if the connection could not be opened
     * @throws IOException if there was no complete answer; the connection is closed
     */
    Reply post(String path, String headers, byte[] body) throws IOException {
        Socket to = socket;
        Socket under = plain;
        if (under != null && (under.isClosed() || System.nanoTime() - usedNanos > REST_NANOS_MAX)) {
            close();
            to = null;
        }
        if (to == null) {
            try {
                to = open();
            } catch (IOException e) {
                close();
                throw new NotSentException(e);
            }
        }
        try {
            byte[] head = ("POST " + path + " HTTP/1.1\r\nHost: " + base.getRawAuthority() + "\r\n" + headers
                            + "Content-Length: " + body.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
            byte[] request = new byte[head.length + body.length];
            System.arraycopy(head, 0, request, 0, head.length);
            System.arraycopy(body, 0, request, head.length, body.length);
            OutputStream out = to.getOutputStream();
            out.write(request);
            out.flush();
            Reply reply = readReply();
            usedNanos = System.nanoTime();
            return reply;
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private Socket open() throws IOException {
        int port = HttpTarget.port(base);
        Socket raw = new Socket();
        plain = raw;
        raw.setTcpNoDelay(true);
        raw.connect(new InetSocketAddress(HttpTarget.host(base), port), CONNECT_MILLIS);
        Socket opened = raw;
        if (tls != null) {
            SSLSocket secure = (SSLSocket) tls.getSocketFactory().createSocket(raw, HttpTarget.host(base), port, true);
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm(checkName ? "HTTPS" : null);
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            opened = secure;
        }
        in = new BufferedInputStream(opened.getInputStream());
        socket = opened;
        return opened;
    }

    private Reply readReply() throws IOException {
        while (true) {
            headBytes = 0;
            String first = line();
            if (!first.matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) {
                throw new IOException("the answer does not begin as HTTP/1.1 does");
            }
            int status = Integer.parseInt(first.substring(9, 12));
            boolean keep = first.charAt(7) == '1';
            long length = -1;
            boolean chunked = false;
            String contentType = "";
            for (String line = line(); !line.isEmpty(); line = line()) {
                int colon = line.indexOf(':');
                String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
                String value = line.substring(colon + 1).strip();
                switch (name) {
                    case "content-length" -> length = number(value, 10);
                    case "transfer-encoding" -> chunked = value.equalsIgnoreCase("chunked");
                    case "connection" -> keep &= !value.equalsIgnoreCase("close");
                    case "content-type" -> contentType = value;
                    default -> {
                        // Of no interest here.
                    }
                }
            }
            if (status < 200) {
                continue;
            }
            byte[] body;
            if (status == 204 || status == 304) {
                body = new byte[0];
            } else if (chunked) {
                body = chunks();
            } else if (length >= 0) {
                body = exactly(length);
            } else {
                // Its end is the connection's; whether all of it came cannot be known, nor does it matter.
                body = in.readNBytes(BODY_KEPT_MAX);
                keep = false;
            }
            if (!keep) {
                close();
            }
            return new Reply(status, contentType, body);
        }
    }

    private byte[] exactly(long length) throws IOException {
        byte[] kept = in.readNBytes((int) Math.min(length, BODY_KEPT_MAX));
        long left = length - kept.length;
        while (left > 0) {
            long skipped = in.skip(left);
            if (skipped == 0) {
                if (in.read() < 0) {
                    throw new EOFException("the answer ends before its length");
                }
                skipped = 1;
            }
            left -= skipped;
        }
        return kept;
    }

    private byte[] chunks() throws IOException {
        byte[] kept = new byte[0];
        while (true) {
            headBytes = 0;
            String size = line();
            int extension = size.indexOf(';');
            long length = number((extension < 0 ? size : size.substring(0, extension)).strip(), 16);
            if (length == 0) {
                while (!line().isEmpty()) {
                    // Trailers are of no interest here.
                }
                return kept;
            }
            byte[] chunk = exactly(length);
            if (kept.length == 0) {
                kept = chunk;
            }
            if (!line().isEmpty()) {
                throw new IOException("a chunk of the answer does not end where it should");
            }
        }
    }

    private static long number(String digits, int radix) throws IOException {
        try {
            long number = Long.parseLong(digits, radix);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new IOException("a length in the answer is not a number");
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the connection was closed before the answer was complete");
            }
            if (++headBytes > HEAD_BYTES_MAX) {
                throw new IOException("the head of the answer is longer than " + HEAD_BYTES_MAX + " bytes");
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    /** Ends the request that is under way, if one is, with an IOException. */
    void cut() {
        closeQuietly(plain);
    }

    @Override
    public void close() {
        // First the plain one: to close TLS politely would wait for whoever does not answer.
        closeQuietly(plain);
        closeQuietly(socket);
        plain = null;
        socket = null;
    }

    private static void closeQuietly(@Nullable Socket socket) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException e) {
            // It is of no use any more either way.
        }
    }
}
