// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

/** A reply whose body comes in parts, for as long as both sides like. Thread-safe; never blocks. */
public interface ReplyStream {
    /**
     * Sends one part, unless the one before is still on its way: nothing is kept for a client that does not read. One
     * that does not read for as long as it may take to take an answer is cut off by the server.
     *
     * @param part not to be changed
     * @return false if it was not sent
     */
    boolean offer(byte[] part);

    /**
     * Ends it. A client that has not taken the part before is cut off instead.
     *
     * @param part the last one; may be empty
     */
    void end(byte[] part);
}
