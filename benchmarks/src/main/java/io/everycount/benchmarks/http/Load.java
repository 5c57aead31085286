// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Clients on kept connections, each of which sends its next request when its last one is answered, on the
 * thread that calls. Any answer but 202, any closed connection and any long silence is an error. Not
 * thread-safe.
 */
final class Load implements AutoCloseable {
    private static final long SILENCE_MILLIS_MAX = 30_000;
    private static final int READ_BYTES = 64 << 10;

    private final Selector selector;
    private final List<Connection> connections = new ArrayList<>();
    private final List<ByteBuffer> requests;
    private final ByteBuffer read = ByteBuffer.allocateDirect(READ_BYTES);
    private int nextRequest;
    private long unsent;
    private long unanswered;

    private Load(Selector selector, List<ByteBuffer> requests) {
        this.selector = selector;
        this.requests = requests;
    }

    /** Connects. */
    static Load open(int port, LoadCase load) throws IOException {
        List<ByteBuffer> requests = load.requests("127.0.0.1:" + port).stream()
                .map(bytes -> ByteBuffer.allocateDirect(bytes.length).put(bytes).flip())
                .toList();
        Load opened = new Load(Selector.open(), requests);
        try {
            for (int i = 0; i < load.connections; i++) {
                opened.connections.add(opened.connect(port));
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /**
     * Sends so many requests, and returns when each is answered.
     *
     * @param count at least as many as there are connections
     * @throws IOException if a connection breaks or a server stays silent
     * @throws IllegalStateException if an answer is not 202
     */
    void run(int count) throws IOException {
        unsent = count;
        unanswered = count;
        for (Connection connection : connections) {
            connection.sendNext();
        }
        try {
            while (unanswered > 0) {
                if (selector.select(this::ready, SILENCE_MILLIS_MAX) == 0) {
                    throw new IOException("no answer for " + SILENCE_MILLIS_MAX + " ms, " + unanswered + " to come");
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private Connection connect(int port) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        Connection connection = new Connection(channel, channel.register(selector, SelectionKey.OP_READ));
        connection.key.attach(connection);
        return connection;
    }

    private void ready(SelectionKey key) {
        try {
            ((Connection) key.attachment()).ready();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (Connection connection : connections) {
            connection.channel.close();
        }
        selector.close();
    }

    private final class Connection {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final AnswerReader answers = new AnswerReader();

        /** What the socket has not taken yet; null if it has taken all. */
        private @Nullable ByteBuffer unwritten;

        Connection(SocketChannel channel, SelectionKey key) {
            this.channel = channel;
            this.key = key;
        }

        void ready() throws IOException {
            if (unwritten != null) {
                channel.write(unwritten);
                if (!unwritten.hasRemaining()) {
                    unwritten = null;
                    key.interestOps(SelectionKey.OP_READ);
                }
            }
            read.clear();
            if (channel.read(read) < 0) {
                throw new EOFException("a connection was closed, " + unanswered + " answers to come");
            }
            read.flip();
            if (answers.read(read)) {
                if (read.hasRemaining()) {
                    throw new IOException("more was answered than asked");
                }
                unanswered--;
                sendNext();
            }
        }

        void sendNext() throws IOException {
            if (unsent == 0) {
                return;
            }
            unsent--;
            ByteBuffer request = requests.get(nextRequest);
            nextRequest = nextRequest + 1 == requests.size() ? 0 : nextRequest + 1;
            request.rewind();
            channel.write(request);
            if (request.hasRemaining()) {
                unwritten = request.duplicate();
                key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
            }
        }
    }
}
