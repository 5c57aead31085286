// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Response;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/**
 * Answers the requests that Jetty refuses before they become an exchange: those that are not HTTP as we want it.
 * A problem as for all others, and the connection's last answer.
 */
final class ProblemPage implements Request.Handler {
    private static final int DETAIL_CHARS_MAX = 120;

    private final FrontHandler front;

    ProblemPage(FrontHandler front) {
        this.front = front;
    }

    @Override
    public boolean handle(Request request, org.eclipse.jetty.server.Response out, Callback callback) {
        FrontEndPoint endPoint = FrontEndPoint.of(request);
        Throwable cause = (Throwable) request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
        Response response = answer(out.getStatus(), cause);
        boolean isMalformed = !endPoint.hasExchange();
        if (isMalformed) {
            front.counters.malformed.increment();
        }
        endPoint.enter(Phase.REPLY, System.nanoTime());
        out.setStatus(response.status());
        HttpFields.Mutable headers = out.getHeaders();
        for (HttpField field : front.replyFields.of(response)) {
            headers.add(field);
        }
        headers.put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE.asString());
        out.write(true, ByteBuffer.wrap(response.body()), new Callback.Nested(callback) {
            @Override
            public void succeeded() {
                end();
                super.succeeded();
            }

            @Override
            public void failed(Throwable failure) {
                end();
                super.failed(failure);
            }

            @Override
            public InvocationType getInvocationType() {
                return InvocationType.NON_BLOCKING;
            }

            private void end() {
                long nowNanos = System.nanoTime();
                endPoint.end(Phase.CLOSING, nowNanos);
                if (isMalformed) {
                    long nanos = nowNanos - request.getBeginNanoTime();
                    front.listener.answered(
                            null, request.getMethod(), response.status(), nanos, 0, response.body().length);
                }
            }
        });
        return true;
    }

    private static Response answer(int status, Throwable cause) {
        if (status < 400 || status >= 500 && status != 505) {
            return Refusals.FAILED;
        }
        String detail = cause instanceof HttpException known ? clean(known.getReason()) : "";
        return switch (status) {
            case 414 -> problem(status, "uri-too-long", "URI too long", detail);
            case 417 -> problem(status, "expectation", "Expectation not supported", "Allowed: 100-continue.");
            case 426, 505 -> problem(505, "http-version", "HTTP version not supported", "Allowed: HTTP/1.1, HTTP/1.0.");
            case 431 -> problem(status, "headers-too-large", "Headers too large", detail);
            default -> problem(status, "malformed-request", "Malformed request", detail);
        };
    }

    private static Response problem(int status, String type, String title, String detail) {
        return Problem.of(status, type, title, detail.isEmpty() ? title + "." : detail)
                .toResponse();
    }

    /** The parser's own words; short, and printable whatever they quote. */
    private static String clean(String reason) {
        if (reason == null) {
            return "";
        }
        String text = reason.length() > DETAIL_CHARS_MAX ? reason.substring(0, DETAIL_CHARS_MAX) : reason;
        return text.replaceAll("[^ -~]", "?");
    }
}
