// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** An HTTP server of bare sockets that answers, or does worse, as a test says for each request. */
final class RawServer implements AutoCloseable {
    /** What to do with a request. */
    interface Answer {
        /** Writes what there is to write; true to keep the connection. */
        boolean to(Request request, Socket socket) throws IOException, InterruptedException;
    }

    /** A request as it came. */
    record Request(String line, String head, String body) {}

    private final ServerSocket server;
    private final IntFunction<Answer> answers;
    private final AtomicInteger count = new AtomicInteger();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /** Every request that came whole, in order. */
    final List<Request> requests = new CopyOnWriteArrayList<>();

    /** @param answers by the number of the request, from 0 */
    RawServer(IntFunction<Answer> answers) throws IOException {
        this.answers = answers;
        this.server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        start("raw-accept", () -> {
            while (true) {
                Socket socket = server.accept();
                sockets.add(socket);
                start("raw-connection", () -> serve(socket));
            }
        });
    }

    String url() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** How many connections were opened so far. */
    int connections() {
        return sockets.size();
    }

    /** A whole answer. */
    static Answer status(int status, String type, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return (request, socket) -> {
            String head = "HTTP/1.1 " + status + " X\r\nContent-Type: " + type + "\r\nContent-Length: " + bytes.length
                    + "\r\n\r\n";
            OutputStream out = socket.getOutputStream();
            out.write((head + body).getBytes(StandardCharsets.UTF_8));
            out.flush();
            return true;
        };
    }

    /** Reads the request and closes without an answer. */
    static Answer cut() {
        return (request, socket) -> false;
    }

    /** Begins an answer and closes in its middle. */
    static Answer cutWithin(String beginning) {
        return (request, socket) -> {
            socket.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            return false;
        };
    }

    /** Never answers, and keeps the connection open until the client closes it. */
    static Answer silence() {
        return (request, socket) -> socket.getInputStream().read() >= 0;
    }

    private void serve(Socket socket) throws IOException, InterruptedException {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            boolean open = true;
            while (open) {
                Request request = read(in);
                if (request == null) {
                    return;
                }
                requests.add(request);
                open = answers.apply(count.getAndIncrement()).to(request, socket);
            }
        }
    }

    private static Request read(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return null;
            }
            head.append((char) next);
        }
        int length = 0;
        for (String line : head.toString().split("\r\n")) {
            if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).strip());
            }
        }
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        return new Request(head.substring(0, head.indexOf("\r\n")), head.toString(), body);
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private static void start(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException | InterruptedException e) {
                        // The client, or the test, is done.
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
