// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Routes;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Makes a {@link ServerExchange} of each request. Says of itself that it does not block, so Jetty calls it on the
 * thread that read the request; there is no handler around it.
 */
final class FrontHandler extends Handler.Abstract {
    final Routes routes;
    final FrontListener listener;
    final FrontCounters counters;
    final int uriBytesMax;
    final ReplyFields replyFields = new ReplyFields();
    final BodyMemory bodyMemory;

    private volatile boolean isClosing;

    FrontHandler(Routes routes, FrontListener listener, FrontCounters counters, FrontSettings settings) {
        super(InvocationType.NON_BLOCKING);
        this.routes = routes;
        this.listener = listener;
        this.counters = counters;
        this.uriBytesMax = settings.uriBytesMax();
        this.bodyMemory = new BodyMemory(settings.bodyMemoryBytesMax());
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        new ServerExchange(this, FrontEndPoint.of(request), request, response, callback).start();
        return true;
    }

    /** From here on, each reply is its connection's last. */
    void beginClosing() {
        isClosing = true;
    }

    boolean isClosing() {
        return isClosing;
    }
}
