// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

/** One request, wholly read, and the way to answer it. */
public interface Exchange extends RequestHead {
    /**
     * The body, from 0 to {@link #bodyLength}; the array may be longer. It is the endpoint's own, to change
     * as it likes, until it replies.
     */
    byte[] body();

    /** How many bytes the body has. */
    int bodyLength();

    /** Answers; once, from any thread, and at the endpoint's leisure. */
    void reply(Response response);

    /**
     * Answers with a body in parts; instead of {@link #reply}. Only where there is no body in the request.
     *
     * @param head its body is the first part
     * @param ended called once, from any thread, when nothing can be sent any more: it was ended, or the client has gone;
     *     perhaps before this returns
     */
    ReplyStream stream(Response head, Runnable ended);
}
