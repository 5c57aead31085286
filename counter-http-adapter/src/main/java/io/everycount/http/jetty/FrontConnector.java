// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Collection;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections, no more than may be, and makes a {@link FrontEndPoint} of each.
 *
 * <p>Beyond {@code connectionsMax} a connection is refused, not left in the kernel's queue: a client that is refused
 * goes elsewhere or comes back, one that waits hangs, and slow senders would keep it waiting. A few surplus ones
 * are served as usual, over TLS, too, with 503 as the only answer; the rest is closed as soon as it is accepted.
 *
 * <p>The listening socket is non-blocking and has a selector of its own, so that the end is exact: a last round
 * accepts everything that has connected, and then it closes.
 */
final class FrontConnector extends ServerConnector implements SelectorManager.AcceptListener {
    private static final int ACCEPT_QUEUE = 1024;
    private static final int ROUND = 256;

    private final FrontCounters counters;
    private final int connectionsMax;
    private final int socketsMax;
    private final long epochNanos = System.nanoTime();
    /** Accepted, and not yet an end point. */
    private final Set<SelectableChannel> accepting = ConcurrentHashMap.newKeySet();

    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean isEnding;
    private volatile @Nullable Selector acceptSelector;

    FrontConnector(
            Server server,
            FrontCounters counters,
            FrontSettings settings,
            int selectors,
            ArrayByteBufferPool buffers,
            ConnectionFactory... factories) {
        super(server, null, null, buffers, 1, selectors, factories);
        this.counters = counters;
        this.connectionsMax = settings.maxConnections();
        this.socketsMax = connectionsMax + Math.max(8, connectionsMax / 16);
        setHost(settings.host());
        setPort(settings.port());
        setAcceptQueueSize(ACCEPT_QUEUE);
        setIdleTimeout(0);
        setAcceptorPriorityDelta(0);
        addBean(this, false);
    }

    @Override
    public void open() throws IOException {
        super.open();
        if (acceptSelector != null) {
            // Jetty opens connectors twice.
            return;
        }
        Selector selector = Selector.open();
        acceptSelector = selector;
        ServerSocketChannel listening = listening();
        listening.configureBlocking(false);
        listening.register(selector, SelectionKey.OP_ACCEPT);
    }

    private ServerSocketChannel listening() {
        return (ServerSocketChannel) getTransport();
    }

    /** One turn of Jetty's acceptor thread, which calls this again and again. */
    @Override
    public void accept(int acceptor) throws IOException {
        Selector selector = Objects.requireNonNull(acceptSelector, "opened before");
        selector.select();
        selector.selectedKeys().clear();
        acceptUpTo(ROUND);
        if (isEnding) {
            try {
                acceptUpTo(ACCEPT_QUEUE + ROUND);
            } finally {
                setAccepting(false);
                listening().close();
                // A channel with a selector is not closed before its selector notices.
                selector.selectNow();
                ended.countDown();
            }
        }
    }

    private void acceptUpTo(int most) throws IOException {
        for (int i = 0; i < most; i++) {
            SocketChannel channel = listening().accept();
            if (channel == null) {
                return;
            }
            counters.accepted.increment();
            if (openCount() >= socketsMax) {
                counters.refused.increment();
                channel.close();
                continue;
            }
            accepting.add(channel);
            try {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                getSelectorManager().accept(channel);
            } catch (IOException | RuntimeException e) {
                accepting.remove(channel);
                channel.close();
            }
        }
    }

    /** Accepts what has connected, then nothing more. */
    void endAccepting(long timeoutNanos) throws InterruptedException {
        Selector selector = acceptSelector;
        if (selector != null && isRunning()) {
            isEnding = true;
            selector.wakeup();
            ended.await(timeoutNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** Whether some are accepted that are not among the connected end points yet. */
    boolean isAcceptingSome() {
        return !accepting.isEmpty();
    }

    /**
     * Waits until each selector has looked at all its connections once more: whatever the kernel had before is
     * read then.
     */
    void awaitRound(long timeoutNanos) throws InterruptedException {
        Collection<ManagedSelector> selectors = getSelectorManager().getBeans(ManagedSelector.class);
        CountDownLatch rounds = new CountDownLatch(selectors.size());
        for (ManagedSelector selector : selectors) {
            selector.submit(first -> selector.submit(second -> rounds.countDown()));
        }
        rounds.await(timeoutNanos, TimeUnit.NANOSECONDS);
    }

    /** How many connections there are. */
    int openCount() {
        return getConnectedEndPoints().size() + accepting.size();
    }

    @Override
    protected SocketChannelEndPoint newEndPoint(SocketChannel channel, ManagedSelector selector, SelectionKey key) {
        boolean surplus = getConnectedEndPoints().size() >= connectionsMax;
        return new FrontEndPoint(channel, selector, key, getScheduler(), epochNanos, surplus);
    }

    @Override
    protected void onEndPointOpened(EndPoint endPoint) {
        super.onEndPointOpened(endPoint);
        accepting.remove(((FrontEndPoint) endPoint).getChannel());
    }

    @Override
    public void onAcceptFailed(SelectableChannel channel, Throwable cause) {
        accepting.remove(channel);
    }

    @Override
    protected void doStop() throws Exception {
        super.doStop();
        Selector selector = acceptSelector;
        if (selector != null) {
            selector.close();
        }
    }

    @Override
    protected boolean handleAcceptFailure(Throwable failure) {
        return !(failure instanceof ClosedChannelException) && super.handleAcceptFailure(failure);
    }
}
