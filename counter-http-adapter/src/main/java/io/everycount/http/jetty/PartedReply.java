// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.ReplyStream;
import java.nio.ByteBuffer;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reply in parts, one under way at a time. While one is, its connection is in the phase REPLY, so that the sweeper cuts
 * a client that does not read; in between it is as if the endpoint took its time.
 */
final class PartedReply implements ReplyStream, Callback {
    private static final Logger LOG = LoggerFactory.getLogger(PartedReply.class);

    private final ServerExchange exchange;
    private final FrontEndPoint endPoint;
    private final Response out;
    private final Runnable ended;
    private boolean isWriting;
    private boolean isOver;

    /** @param ended called once, when nothing can be sent any more; not under a lock */
    PartedReply(ServerExchange exchange, FrontEndPoint endPoint, Response out, Runnable ended) {
        this.exchange = exchange;
        this.endPoint = endPoint;
        this.out = out;
        this.ended = ended;
    }

    @Override
    public boolean offer(byte[] part) {
        synchronized (this) {
            if (isOver || isWriting) {
                return false;
            }
            isWriting = true;
        }
        write(false, part, this);
        return true;
    }

    @Override
    public void end(byte[] part) {
        boolean isBehind;
        synchronized (this) {
            if (isOver) {
                return;
            }
            isOver = true;
            isBehind = isWriting;
        }
        if (isBehind) {
            // What is under way then fails, which ends the exchange.
            endPoint.cutOff();
        } else {
            write(true, part, exchange);
        }
        ended.run();
    }

    private void write(boolean isLast, byte[] part, Callback callback) {
        if (!endPoint.enter(Phase.REPLY, System.nanoTime())) {
            failed(new IllegalStateException("given up"));
            return;
        }
        try {
            exchange.sent(part.length);
            out.write(isLast, ByteBuffer.wrap(part), callback);
        } catch (RuntimeException e) {
            LOG.error("A part of a reply could not be written", e);
            failed(e);
        }
    }

    /** A part is written. */
    @Override
    public void succeeded() {
        // Before the next one can begin.
        endPoint.enter(Phase.HANDLING, System.nanoTime());
        boolean isCut;
        synchronized (this) {
            isWriting = false;
            isCut = isOver;
        }
        if (isCut) {
            // It was taken just before it was cut off.
            exchange.failed(new IllegalStateException("cut off"));
        }
    }

    /** The client has gone, or was too slow. */
    @Override
    public void failed(Throwable failure) {
        boolean isFirst;
        synchronized (this) {
            isFirst = !isOver;
            isOver = true;
            isWriting = false;
        }
        exchange.failed(failure);
        if (isFirst) {
            ended.run();
        }
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }
}
