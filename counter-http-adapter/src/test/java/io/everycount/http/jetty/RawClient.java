// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A socket that sends what it is told, byte by byte if asked, and reads replies. */
final class RawClient implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 20_000;

    record Reply(int status, Map<String, String> headers, String body) {
        boolean isLast() {
            return "close".equalsIgnoreCase(headers.get("connection"));
        }
    }

    private final Socket socket;
    private final InputStream in;

    RawClient(int port) throws IOException {
        this(connect(port, 0));
    }

    RawClient(Socket connected) throws IOException {
        socket = connected;
        socket.setSoTimeout(TIMEOUT_MILLIS);
        in = new BufferedInputStream(socket.getInputStream());
    }

    static Socket connect(int port, int receiveBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBytes > 0) {
            socket.setReceiveBufferSize(receiveBytes);
        }
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
        return socket;
    }

    RawClient send(String latin1) throws IOException {
        return send(latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    RawClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return this;
    }

    /** Sends as long as somebody takes it. */
    RawClient sendAsMuchAsTaken(byte[] bytes, long times) {
        try {
            for (long i = 0; i < times; i++) {
                send(bytes);
            }
        } catch (IOException e) {
            // The other side has had enough.
        }
        return this;
    }

    RawClient shutdownOutput() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /** The next reply, with its body. */
    Reply reply() throws IOException {
        return reply(true);
    }

    Reply reply(boolean hasBody) throws IOException {
        String statusLine = line();
        if (!statusLine.startsWith("HTTP/1.1 ")) {
            throw new IOException("not a status line: " + statusLine);
        }
        int status = Integer.parseInt(statusLine.substring(9, 12));
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.merge(
                    line.substring(0, colon).toLowerCase(java.util.Locale.ROOT),
                    line.substring(colon + 1).trim(),
                    (a, b) -> a + "|" + b);
        }
        String length = headers.get("content-length");
        String body = "";
        if (hasBody && length != null) {
            body = new String(in.readNBytes(Integer.parseInt(length)), StandardCharsets.UTF_8);
        }
        return new Reply(status, headers, body);
    }

    /** The next chunk of a chunked body; empty at its end, whose last line is read, too. */
    String chunk() throws IOException {
        String length = line();
        if (length.isEmpty()) {
            // The end of the chunk before comes with this one.
            length = line();
        }
        String chunk = new String(in.readNBytes(Integer.parseInt(length, 16)), StandardCharsets.UTF_8);
        if (chunk.isEmpty()) {
            line();
        }
        return chunk;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("ended after: " + line);
            }
            if (b == '\n') {
                return line.substring(0, line.length() - 1);
            }
            line.append((char) b);
        }
    }

    /** Whether the other side ends the connection, in whatever way, without a byte more. */
    boolean isEndedByServer() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (SocketException e) {
            return true;
        }
    }

    /** What is here to read, at most so many bytes; waits for the first. */
    int read(byte[] into) throws IOException {
        return in.read(into);
    }

    Socket socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
