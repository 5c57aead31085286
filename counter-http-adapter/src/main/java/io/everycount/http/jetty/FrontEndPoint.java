// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * A connection's socket, which knows its {@link Phase} and since when.
 *
 * <p>Both are in one field, {@code state}, so that whoever ends a connection ends exactly what was seen to take
 * too long: {@link #cut} succeeds only if nothing has changed since, and after it {@link #enter} refuses.
 * Phases of one connection are entered by one thread at a time, as Jetty handles one request at a time; only
 * {@code cut} and {@code wake} come from elsewhere. Jetty's idle timeout is off: it knows bytes, not requests.
 */
final class FrontEndPoint extends SocketChannelEndPoint {
    private static final int PHASE_BITS = 3;
    private static final int PHASE_MASK = (1 << PHASE_BITS) - 1;
    private static final VarHandle STATE;
    private static final VarHandle EXCHANGE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(FrontEndPoint.class, "state", long.class);
            EXCHANGE = lookup.findVarHandle(FrontEndPoint.class, "exchange", ServerExchange.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long epochNanos;
    private final boolean surplus;
    /** Nanoseconds since the epoch, and the phase in the low bits. */
    private volatile long state;
    /** The request at hand; written before the phase that it belongs to. */
    private volatile @Nullable ServerExchange exchange;

    private boolean hasSpoken;
    private @Nullable String remoteAddress;

    /**
     * @param epochNanos the front's own beginning of time, of {@link System#nanoTime}
     * @param surplus whether there are too many connections already, so that this one is only told so
     */
    FrontEndPoint(
            SocketChannel channel,
            ManagedSelector selector,
            SelectionKey key,
            Scheduler scheduler,
            long epochNanos,
            boolean surplus) {
        super(channel, selector, key, scheduler);
        this.epochNanos = epochNanos;
        this.surplus = surplus;
        this.state = pack(Phase.HEAD, System.nanoTime());
    }

    /** The socket that a request came through. */
    static FrontEndPoint of(Request request) {
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        return endPoint instanceof EndPoint.Wrapper tls ? (FrontEndPoint) tls.unwrap() : (FrontEndPoint) endPoint;
    }

    @Override
    public int fill(ByteBuffer buffer) throws IOException {
        int filled = super.fill(buffer);
        if (filled > 0) {
            hasSpoken = true;
            if (phase(state) == Phase.IDLE) {
                enter(Phase.HEAD, System.nanoTime());
            }
        }
        return filled;
    }

    /** Whether a byte has ever come; may be late by a moment. */
    boolean hasSpoken() {
        return hasSpoken;
    }

    boolean isSurplus() {
        return surplus;
    }

    /** The client's address, without a port. */
    String remoteAddress() {
        String address = remoteAddress;
        if (address == null) {
            address = getRemoteSocketAddress() instanceof InetSocketAddress inet
                    ? inet.getAddress().getHostAddress()
                    : "unknown";
            remoteAddress = address;
        }
        return address;
    }

    /** Whether there is a request at hand that got past the parser. */
    boolean hasExchange() {
        return exchange != null;
    }

    /** The request at hand, if the connection still is in the state that was seen. */
    @Nullable
    ServerExchange exchange(long seen) {
        ServerExchange current = exchange;
        return state == seen ? current : null;
    }

    /**
     * A request's headers are in, and it is being handled unless it has to wait for its body.
     *
     * @return false if the connection is given up
     */
    boolean begin(ServerExchange begun, long nowNanos) {
        EXCHANGE.setRelease(this, begun);
        return enter(Phase.HANDLING, nowNanos);
    }

    /** No request is at hand: idle, or about to end. */
    void end(Phase phase, long nowNanos) {
        EXCHANGE.setRelease(this, (ServerExchange) null);
        enter(phase, nowNanos);
    }

    /**
     * Goes on to a phase.
     *
     * @return false if the connection is given up, and stays so
     */
    boolean enter(Phase phase, long nowNanos) {
        long next = pack(phase, nowNanos);
        while (true) {
            long seen = state;
            if (phase(seen) == Phase.CUT) {
                return false;
            }
            if (STATE.weakCompareAndSet(this, seen, next)) {
                return true;
            }
        }
    }

    /** What it is doing, for {@link #phase}, {@link #forNanos} and {@link #cut}. */
    long state() {
        return state;
    }

    static Phase phase(long state) {
        return Phase.of((int) state & PHASE_MASK);
    }

    /** How long it has been doing that. */
    long forNanos(long seen, long nowNanos) {
        return (nowNanos - epochNanos) - (seen >> PHASE_BITS);
    }

    /**
     * Ends the connection, if it still is in the state that was seen.
     *
     * @param abort whether to throw away what the client has not taken yet
     */
    boolean cut(long seen, boolean abort) {
        if (!STATE.compareAndSet(this, seen, Phase.CUT.ordinal())) {
            return false;
        }
        if (abort) {
            try {
                getChannel().setOption(StandardSocketOptions.SO_LINGER, 0);
            } catch (IOException | UnsupportedOperationException e) {
                // It is closed already, or will be without.
            }
        }
        close();
        return true;
    }

    /** Ends the connection, whatever it is doing, and throws away what the client has not taken yet. */
    void cutOff() {
        long seen = state;
        while (phase(seen) != Phase.CUT && !cut(seen, true)) {
            seen = state;
        }
    }

    /**
     * Wakes a request that waits for bytes of its body, as if some had come. Does nothing if it does not wait;
     * ask again later.
     */
    void wake() {
        AbstractEndPoint reading = getConnection() instanceof SslConnection tls ? tls.getSslEndPoint() : this;
        reading.getFillInterest().fillable();
    }

    private long pack(Phase phase, long nowNanos) {
        return (nowNanos - epochNanos) << PHASE_BITS | phase.ordinal();
    }
}
