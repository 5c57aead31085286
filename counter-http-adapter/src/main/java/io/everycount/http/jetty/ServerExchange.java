// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Endpoint;
import io.everycount.http.exchange.Exchange;
import io.everycount.http.exchange.ProblemException;
import io.everycount.http.exchange.ReplyStream;
import io.everycount.http.exchange.Response;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request from its headers to its reply. Made anew for each request, so that a late second reply to one
 * cannot become the reply to another.
 *
 * <p>The order: route; refuse what is too large by what it announces; read the body; call the endpoint; reply;
 * and, if there is a body that nobody read, throw a little of it away before the connection is closed, because
 * closing a socket with unread bytes makes the client's kernel forget our reply. A body that is here with its headers
 * (nearly all are) is read without anything asynchronous. It is itself the callback of its reads and of its
 * write, so that none are made.
 */
final class ServerExchange implements Exchange, Callback, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ServerExchange.class);
    private static final HttpField CONNECTION_CLOSE =
            new PreEncodedHttpField(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE.asString());
    private static final byte[] NOTHING = {};
    /** So much of an unwanted body is read to save the connection, or the reply on it. */
    private static final int DISCARD_BYTES_MAX = 64 << 10;

    private static final VarHandle REPLIED;
    private static final VarHandle COMPLETED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            REPLIED = lookup.findVarHandle(ServerExchange.class, "isReplied", boolean.class);
            COMPLETED = lookup.findVarHandle(ServerExchange.class, "isCompleted", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private enum BodyState {
        /** All of it was read, or there is none. */
        DONE,
        /** There is more. */
        UNREAD,
        /** There may be more, but it is not to be had. */
        BROKEN
    }

    private final FrontHandler front;
    private final FrontEndPoint endPoint;
    private final Request request;
    private final org.eclipse.jetty.server.Response out;
    private final Callback callback;

    private @Nullable Endpoint endpoint;
    private BodyState bodyState = BodyState.DONE;
    private long contentLength;
    private byte[] body = NOTHING;
    private int bodyLength;
    private boolean isBodyCounted;
    private boolean isWaiting;
    private boolean isExpectingContinue;

    private volatile boolean isReplied;
    private volatile boolean isCompleted;
    private int status;
    private int replyBytes;
    /** When a reply in parts began; 0 for one that is whole. */
    private long partedNanos;

    private boolean isLingering;
    private int discardedBytes;
    /** Set by the sweeper: the body, or the lingering, has taken too long. */
    private volatile boolean isLate;
    /** Whether nothing more is read while lingering. */
    private volatile boolean isHolding;

    ServerExchange(
            FrontHandler front,
            FrontEndPoint endPoint,
            Request request,
            org.eclipse.jetty.server.Response out,
            Callback callback) {
        this.front = front;
        this.endPoint = endPoint;
        this.request = request;
        this.out = out;
        this.callback = callback;
    }

    /** The headers are in. */
    void start() {
        if (!endPoint.begin(this, request.getBeginNanoTime())) {
            callback.failed(new EofException("given up"));
            return;
        }
        Response refusal;
        try {
            refusal = admit();
        } catch (ProblemException e) {
            refusal = e.problem().toResponse();
        } catch (Throwable e) {
            LOG.error("Routing failed", e);
            refusal = Refusals.FAILED;
        }
        if (refusal != null) {
            reply(refusal);
        } else if (bodyState == BodyState.DONE) {
            handle();
        } else {
            read();
        }
    }

    /** Routes; null if the request may go on. */
    private @Nullable Response admit() {
        contentLength = request.getLength();
        HttpFields headers = request.getHeaders();
        if (contentLength > 0 || contentLength < 0 && headers.contains(HttpHeader.TRANSFER_ENCODING)) {
            bodyState = BodyState.UNREAD;
            isExpectingContinue = headers.contains(HttpHeader.EXPECT, HttpHeaderValue.CONTINUE.asString());
        }
        if (contentLength < 0 && bodyState == BodyState.UNREAD && isHttp10()) {
            bodyState = BodyState.BROKEN;
            return Refusals.CHUNKED_IN_HTTP_1_0;
        }
        if (contentLength < 0 && bodyState == BodyState.UNREAD && !isChunkedAlone(headers)) {
            bodyState = BodyState.BROKEN;
            return Refusals.TRANSFER_CODING;
        }
        if (endPoint.isSurplus()) {
            front.counters.refused.increment();
            return Refusals.TOO_MANY_CONNECTIONS;
        }
        String path = path();
        String query = query();
        int uriLength = path.length() + (query == null ? 0 : query.length() + 1);
        if (uriLength > front.uriBytesMax) {
            return Refusals.uriTooLong(uriLength, front.uriBytesMax);
        }
        Endpoint chosen = front.routes.route(this);
        endpoint = chosen;
        if (bodyState == BodyState.UNREAD) {
            String encoding = headers.get(HttpHeader.CONTENT_ENCODING);
            if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
                return Refusals.CONTENT_ENCODING;
            }
            if (contentLength > chosen.bodyBytesMax()) {
                return Refusals.bodyTooLarge(contentLength, chosen.bodyBytesMax());
            }
        }
        return null;
    }

    private static boolean isChunkedAlone(HttpFields headers) {
        return HttpHeaderValue.CHUNKED.is(headers.get(HttpHeader.TRANSFER_ENCODING));
    }

    private boolean isHttp10() {
        return request.getConnectionMetaData().getHttpVersion() != HttpVersion.HTTP_1_1;
    }

    /** Bytes have come, or it is too late for them. */
    @Override
    public void run() {
        if (isLingering) {
            discard();
        } else {
            read();
        }
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    private void read() {
        while (true) {
            if (isLate) {
                front.counters.slowBodies.increment();
                reply(Refusals.SLOW_BODY);
                return;
            }
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                await();
                return;
            }
            isExpectingContinue = false;
            if (Content.Chunk.isFailure(chunk)) {
                bodyState = BodyState.BROKEN;
                reply(Refusals.BROKEN_BODY);
                return;
            }
            boolean isLast = chunk.isLast();
            Response refusal = take(chunk);
            chunk.release();
            if (refusal != null) {
                reply(refusal);
                return;
            }
            if (isLast || bodyLength == contentLength) {
                bodyState = BodyState.DONE;
                if (isWaiting && !endPoint.enter(Phase.HANDLING, System.nanoTime())) {
                    giveUp();
                } else {
                    handle();
                }
                return;
            }
        }
    }

    /** Asks to be run when there is more; this is where a client that expects it gets its 100. */
    private void await() {
        if (!isWaiting) {
            isWaiting = true;
            if (!endPoint.enter(Phase.BODY, System.nanoTime())) {
                giveUp();
                return;
            }
        }
        isExpectingContinue = false;
        request.demand(this);
    }

    /** Takes a chunk's bytes; null, or why not. */
    private @Nullable Response take(Content.Chunk chunk) {
        int more = chunk.remaining();
        if (more == 0) {
            return null;
        }
        int bodyBytesMax = Objects.requireNonNull(endpoint).bodyBytesMax();
        if (more > bodyBytesMax - bodyLength) {
            return Refusals.bodyTooLarge(-1, bodyBytesMax);
        }
        if (bodyLength == 0 && more == contentLength && more <= BodyMemory.SMALL_BYTES) {
            body = front.bodyMemory.takeSmall();
        } else if (bodyLength + more > body.length) {
            int limit = contentLength >= 0 ? (int) contentLength : bodyBytesMax;
            byte[] larger = front.bodyMemory.grow(body, bodyLength, bodyLength + more, limit);
            if (larger == null) {
                return Refusals.TOO_MANY_BODIES;
            }
            body = larger;
            isBodyCounted = true;
        }
        chunk.get(body, bodyLength, more);
        bodyLength += more;
        return null;
    }

    private void handle() {
        try {
            Objects.requireNonNull(endpoint).handle(this);
        } catch (ProblemException e) {
            replyInstead(e.problem().toResponse(), e);
        } catch (Throwable e) {
            LOG.error("{} failed", Objects.requireNonNull(endpoint).getClass().getName(), e);
            replyInstead(Refusals.FAILED, e);
        }
    }

    private void replyInstead(Response response, Throwable cause) {
        if (REPLIED.compareAndSet(this, false, true)) {
            send(response);
        } else {
            LOG.error(
                    "{} threw after it had replied",
                    Objects.requireNonNull(endpoint).getClass().getName(),
                    cause);
        }
    }

    @Override
    public void reply(Response response) {
        claim(response);
        send(response);
    }

    private void claim(Response response) {
        if (!REPLIED.compareAndSet(this, false, true)) {
            throw new IllegalStateException(
                    "a second reply, " + response.status() + ", after " + status + " was given to " + method());
        }
    }

    private void send(Response response) {
        status = response.status();
        giveBodyBack();
        boolean isLast = endPoint.isSurplus() || front.isClosing();
        if (bodyState != BodyState.DONE && !drain()) {
            isLast = true;
            // One that still waits to be asked for its body has not sent it.
            isLingering = bodyState == BodyState.UNREAD && !isExpectingContinue;
        }
        if (!endPoint.enter(Phase.REPLY, System.nanoTime())) {
            giveUp();
            return;
        }
        try {
            write(response, isLast);
        } catch (RuntimeException e) {
            LOG.error("A reply could not be written", e);
            failed(e);
        }
    }

    @Override
    public ReplyStream stream(Response head, Runnable ended) {
        if (bodyState != BodyState.DONE) {
            throw new IllegalStateException("a stream in answer to a request with a body");
        }
        claim(head);
        status = head.status();
        giveBodyBack();
        partedNanos = System.nanoTime() - request.getBeginNanoTime();
        writeHead(head, endPoint.isSurplus() || front.isClosing(), HttpHeader.CONTENT_LENGTH);
        PartedReply stream = new PartedReply(this, endPoint, out, ended);
        stream.offer(head.body());
        return stream;
    }

    /** Notes bytes of a reply in parts. */
    void sent(int bytes) {
        replyBytes = (int) Math.min(Integer.MAX_VALUE, (long) replyBytes + bytes);
    }

    /** @param except a header that is left out */
    private void writeHead(Response response, boolean isLast, @Nullable HttpHeader except) {
        out.setStatus(status);
        HttpFields.Mutable headers = out.getHeaders();
        for (HttpField field : front.replyFields.of(response)) {
            if (except == null || field.getHeader() != except) {
                headers.add(field);
            }
        }
        if (isLast) {
            headers.add(CONNECTION_CLOSE);
        }
    }

    private void write(Response response, boolean isLast) {
        writeHead(response, isLast, null);
        byte[] bytes = response.body();
        replyBytes = HttpMethod.HEAD.is(method()) ? 0 : bytes.length;
        out.write(true, replyBytes == 0 ? null : ByteBuffer.wrap(bytes), this);
    }

    private void giveBodyBack() {
        if (isBodyCounted) {
            front.bodyMemory.giveCounted(body);
        } else if (body != NOTHING) {
            front.bodyMemory.giveSmall(body);
        }
        body = NOTHING;
    }

    /** Reads what is here of a body that nobody wants; whether that is all of it, so that the connection can stay. */
    private boolean drain() {
        if (bodyState == BodyState.BROKEN || isLate || isExpectingContinue || contentLength > DISCARD_BYTES_MAX) {
            return false;
        }
        long readBytes = bodyLength;
        for (int left = DISCARD_BYTES_MAX; left > 0; ) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                return false;
            }
            if (Content.Chunk.isFailure(chunk)) {
                bodyState = BodyState.BROKEN;
                return false;
            }
            boolean isLast = chunk.isLast();
            readBytes += chunk.remaining();
            left -= chunk.remaining();
            chunk.release();
            if (isLast || readBytes == contentLength) {
                return true;
            }
        }
        return false;
    }

    /** The reply is written. */
    @Override
    public void succeeded() {
        long nowNanos = System.nanoTime();
        tell(nowNanos);
        if (isLingering) {
            endPoint.enter(Phase.LINGER, nowNanos);
            isLate = false;
            discard();
        } else {
            complete(request.getConnectionMetaData().isPersistent() ? Phase.IDLE : Phase.CLOSING, nowNanos);
        }
    }

    /** The reply could not be written: the client has gone, or was too slow. */
    @Override
    public void failed(Throwable failure) {
        long nowNanos = System.nanoTime();
        tell(nowNanos);
        if (COMPLETED.compareAndSet(this, false, true)) {
            // If nothing was written, Jetty asks the problem page, which sees that this request was told of.
            callback.failed(failure);
            endPoint.end(Phase.CLOSING, nowNanos);
        }
    }

    private void tell(long nowNanos) {
        try {
            // How long somebody looked says nothing about the server.
            long nanos = partedNanos == 0 ? nowNanos - request.getBeginNanoTime() : partedNanos;
            front.listener.answered(endpoint, method(), status, nanos, bodyLength, replyBytes);
        } catch (RuntimeException e) {
            LOG.error("A listener failed", e);
        }
    }

    private void discard() {
        while (!isLate) {
            if (discardedBytes >= DISCARD_BYTES_MAX) {
                isHolding = true;
                if (isLate) {
                    break;
                }
                return;
            }
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this);
                return;
            }
            boolean isEnd = chunk.isLast() || Content.Chunk.isFailure(chunk);
            // A chunk of a byte costs more than its byte.
            discardedBytes += chunk.remaining() + 16;
            chunk.release();
            if (isEnd) {
                break;
            }
        }
        complete(Phase.CLOSING, System.nanoTime());
    }

    /** The sweeper found that the body, or the lingering, takes too long. */
    void late() {
        isLate = true;
        if (isHolding) {
            complete(Phase.CLOSING, System.nanoTime());
        } else {
            endPoint.wake();
        }
    }

    private void giveUp() {
        giveBodyBack();
        if (COMPLETED.compareAndSet(this, false, true)) {
            callback.failed(new EofException("given up"));
        }
    }

    private void complete(Phase next, long nowNanos) {
        if (COMPLETED.compareAndSet(this, false, true)) {
            endPoint.end(next, nowNanos);
            callback.succeeded();
        }
    }

    @Override
    public byte[] body() {
        return body;
    }

    @Override
    public int bodyLength() {
        return bodyLength;
    }

    @Override
    public String method() {
        return request.getMethod();
    }

    @Override
    public String path() {
        String path = request.getHttpURI().getPath();
        return path == null ? "" : path;
    }

    @Override
    public @Nullable String query() {
        return request.getHttpURI().getQuery();
    }

    @Override
    public @Nullable String header(String name) {
        String all = null;
        for (HttpField field : request.getHeaders()) {
            if (field.is(name)) {
                all = all == null ? field.getValue() : all + ", " + field.getValue();
            }
        }
        return all;
    }

    @Override
    public String remoteAddress() {
        return endPoint.remoteAddress();
    }

    @Override
    public boolean isSecure() {
        return request.getConnectionMetaData().isSecure();
    }
}
