// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * A network between a client and a Postgres server that fails when told to. It reads the protocol, so
 * that it can cut a connection exactly before or after a commit.
 *
 * <p>A commit is the end of a message group (a Sync or a simple query) that ends a transaction: by a
 * COMMIT, or because it was not in a transaction block. Unencrypted connections only.
 */
public final class TcpProxy implements AutoCloseable {
    /** When a connection is cut, as seen from a commit. */
    public enum Cut {
        /** The server never gets it, and rolls back. */
        BEFORE_COMMIT,
        /** The server gets it, and what it answers, if anything, is lost: nobody knows. */
        DURING_COMMIT,
        /** The server has committed and said so, but the client never hears of it. What fails does not count. */
        AFTER_COMMIT
    }

    private static final int SSL_REQUEST = 80877103;
    private static final int GSS_REQUEST = 80877104;

    private final InetSocketAddress target;
    private final ServerSocket listener;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();

    // Guarded by this.
    private boolean refusing;
    private boolean frozen;
    private boolean closed;
    private Cut cut;
    private int commitsUntilCut;
    private Predicate<String> counted = sql -> true;
    private int cuts;

    private TcpProxy(InetSocketAddress target) throws IOException {
        this.target = target;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon("proxy-accept", this::accept);
    }

    /** Listens on a free port of this machine and forwards to a server. */
    public static TcpProxy to(PostgresServer server) {
        return to(server.host(), server.port());
    }

    /** Listens on a free port of this machine. */
    public static TcpProxy to(String host, int port) {
        try {
            return new TcpProxy(new InetSocketAddress(host, port));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where clients connect to. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Cuts every connection there is. */
    public void cutNow() {
        links.forEach(Link::cut);
    }

    /** Whether new connections are closed as soon as they are opened. */
    public synchronized void refuse(boolean refuse) {
        refusing = refuse;
    }

    /** Whether bytes stop where they are, in both directions, on connections old and new. */
    public synchronized void freeze(boolean freeze) {
        frozen = freeze;
        notifyAll();
    }

    /**
     * Cuts the connection of one of the next commits, once.
     *
     * @param when on which side of the commit
     * @param nth 1 for the next commit that counts
     * @param sql which transactions count: those with a statement that this accepts
     */
    public synchronized void cutAtCommit(Cut when, int nth, Predicate<String> sql) {
        cut = when;
        commitsUntilCut = nth;
        counted = sql;
    }

    /** How many connections were cut at a commit so far. */
    public synchronized int cutsAtCommit() {
        return cuts;
    }

    @Override
    public synchronized void close() {
        closed = true;
        frozen = false;
        notifyAll();
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cutNow();
    }

    private synchronized boolean isRefusing() {
        return refusing;
    }

    private synchronized Predicate<String> counted() {
        return counted;
    }

    private synchronized void awaitThaw() throws IOException {
        try {
            while (frozen) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Called at each commit that counts; returns how it is to be cut, if it is. */
    private synchronized Cut atCommit() {
        if (cut == null || --commitsUntilCut > 0) {
            return null;
        }
        Cut now = cut;
        cut = null;
        cuts++;
        return now;
    }

    private synchronized void cutAtNextCommitInstead() {
        cut = Cut.AFTER_COMMIT;
        commitsUntilCut = 1;
        cuts--;
    }

    private void accept() {
        while (true) {
            try {
                Socket client = listener.accept();
                if (isRefusing()) {
                    reset(client);
                    continue;
                }
                Socket server = new Socket();
                try {
                    server.connect(target, 5_000);
                } catch (IOException e) {
                    reset(client);
                    continue;
                }
                Link link = new Link(client, server);
                links.add(link);
                daemon("proxy-to-server", () -> link.pump(link::clientToServer));
                daemon("proxy-to-client", () -> link.pump(link::serverToClient));
            } catch (IOException e) {
                synchronized (this) {
                    if (closed) {
                        return;
                    }
                }
            }
        }
    }

    private static void daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is closed already.
        }
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing is left to do.
        }
    }

    private interface Pump {
        void run() throws IOException;
    }

    private final class Link {
        private final Socket client;
        private final Socket server;

        // Written by the pump to the server, read by the other one.
        private volatile boolean cutAtReady;

        // Of the pump to the server.
        private boolean inBlock;
        private boolean counts;

        Link(Socket client, Socket server) throws IOException {
            this.client = client;
            this.server = server;
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
        }

        void cut() {
            links.remove(this);
            reset(client);
            reset(server);
        }

        void pump(Pump direction) {
            try {
                direction.run();
            } catch (IOException e) {
                // One side is gone, and so is the other in a moment.
            } finally {
                cut();
            }
        }

        void clientToServer() throws IOException {
            DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream(), 1 << 16));
            OutputStream out = server.getOutputStream();
            startup(in, out);
            Map<String, String> prepared = new HashMap<>();
            List<String> group = new ArrayList<>();
            ByteArrayOutputStream held = new ByteArrayOutputStream();
            while (true) {
                byte[] message = message(in);
                ByteBuffer body = ByteBuffer.wrap(message, 5, message.length - 5);
                switch (message[0]) {
                    case 'P' -> prepared.put(text(body), text(body));
                    case 'B' -> {
                        text(body);
                        group.add(prepared.getOrDefault(text(body), ""));
                    }
                    case 'Q' -> group.add(text(body));
                    default -> {
                        // Describe, Close and the like do nothing by themselves.
                    }
                }
                held.write(message);
                switch (message[0]) {
                    case 'S', 'Q' -> {
                        counts |= group.stream().anyMatch(counted());
                        Cut now = null;
                        if (commits(group)) {
                            now = counts ? atCommit() : null;
                            counts = false;
                        }
                        if (now == Cut.BEFORE_COMMIT) {
                            return;
                        }
                        cutAtReady = now == Cut.AFTER_COMMIT;
                        forward(held, out);
                        if (now == Cut.DURING_COMMIT) {
                            return;
                        }
                        group.clear();
                    }
                    case 'P', 'B', 'D', 'E', 'C' -> {
                        // Held back: a COMMIT takes effect when it is executed, before the Sync.
                    }
                    default -> forward(held, out);
                }
            }
        }

        private void forward(ByteArrayOutputStream held, OutputStream out) throws IOException {
            awaitThaw();
            held.writeTo(out);
            held.reset();
        }

        /**
         * Follows what the client says rather than what the server reports: a BEGIN can be a group of its
         * own, with the next group right behind it.
         */
        private boolean commits(List<String> group) {
            if (contains(group, "COMMIT")) {
                inBlock = false;
                return true;
            }
            if (contains(group, "ROLLBACK")) {
                inBlock = false;
                counts = false;
                return false;
            }
            inBlock |= contains(group, "BEGIN");
            return !inBlock;
        }

        private static boolean contains(List<String> group, String command) {
            return group.stream().anyMatch(sql -> sql.equalsIgnoreCase(command));
        }

        /** The messages before the first typed one: requests for encryption, which are declined, and the startup. */
        private void startup(DataInputStream in, OutputStream out) throws IOException {
            while (true) {
                int length = in.readInt();
                byte[] rest = in.readNBytes(length - 4);
                int code = ByteBuffer.wrap(rest).getInt();
                awaitThaw();
                if (code == SSL_REQUEST || code == GSS_REQUEST) {
                    client.getOutputStream().write('N');
                    continue;
                }
                out.write(ByteBuffer.allocate(length).putInt(length).put(rest).array());
                return;
            }
        }

        void serverToClient() throws IOException {
            DataInputStream in = new DataInputStream(new BufferedInputStream(server.getInputStream(), 1 << 16));
            OutputStream out = client.getOutputStream();
            ByteArrayOutputStream reply = new ByteArrayOutputStream();
            boolean failed = false;
            while (true) {
                byte[] message = message(in);
                reply.write(message);
                failed |= message[0] == 'E';
                if (message[0] == 'Z') {
                    if (cutAtReady && !failed) {
                        return;
                    }
                    if (cutAtReady) {
                        cutAtReady = false;
                        cutAtNextCommitInstead();
                    }
                    failed = false;
                }
                if (!cutAtReady) {
                    awaitThaw();
                    reply.writeTo(out);
                    reply.reset();
                }
            }
        }

        private static byte[] message(DataInputStream in) throws IOException {
            int type = in.readUnsignedByte();
            int length = in.readInt();
            byte[] message = new byte[1 + length];
            ByteBuffer.wrap(message).put((byte) type).putInt(length);
            if (in.readNBytes(message, 5, length - 4) < length - 4) {
                throw new EOFException();
            }
            return message;
        }

        /** A text up to its NUL. */
        private static String text(ByteBuffer body) {
            int start = body.position();
            while (body.get() != 0) {
                // Not there yet.
            }
            return new String(body.array(), start, body.position() - 1 - start, StandardCharsets.UTF_8);
        }
    }
}
