// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.peers;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.jspecify.annotations.Nullable;

/** A bare Jetty server, without servlets: one handler, and Jetty's defaults. Shows what the adapter adds to it. */
public final class JettyPeer {
    private static final int BACKLOG = 1_024;

    private JettyPeer() {}

    /** Takes the port. */
    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setPort(Integer.parseInt(args[0]));
        // By default 50: of 1,000 clients that connect at once, some try again for many seconds.
        connector.setAcceptQueueSize(BACKLOG);
        server.addConnector(connector);
        server.setHandler(new Counting());
        server.start();
    }

    private static final class Counting extends Handler.Abstract.NonBlocking {
        private final PeerCounts counts = new PeerCounts();

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Content.Source.asByteArrayAsync(
                    request,
                    PeerCounts.BODY_BYTES_MAX,
                    Promise.Invocable.from(
                            InvocationType.NON_BLOCKING,
                            body -> answer(request, response, callback, body),
                            callback::failed));
            return true;
        }

        private void answer(Request request, Response response, Callback callback, byte[] body) {
            byte @Nullable [] answer;
            try {
                answer = counts.post(
                        Request.getPathInContext(request), request.getHeaders().get(HttpHeader.CONTENT_TYPE), body);
            } catch (IOException | RuntimeException e) {
                Response.writeError(request, response, callback, HttpStatus.BAD_REQUEST_400);
                return;
            }
            if (answer == null) {
                Response.writeError(request, response, callback, HttpStatus.NOT_FOUND_404);
                return;
            }
            response.setStatus(HttpStatus.ACCEPTED_202);
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, PeerCounts.CONTENT_TYPE);
            response.getHeaders().put(PeerCounts.LEVEL_HEADER, PeerCounts.LEVEL);
            response.write(true, ByteBuffer.wrap(answer), callback);
        }
    }
}
