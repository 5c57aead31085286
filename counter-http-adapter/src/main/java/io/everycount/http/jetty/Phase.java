// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

/** What a connection is doing. */
enum Phase {
    /** Opened, or a request's first byte came: its headers are awaited. */
    HEAD,
    /** Headers are in, the body is awaited. */
    BODY,
    /** The endpoint has the request; it answers when it likes. */
    HANDLING,
    /** The reply is on its way. */
    REPLY,
    /** The reply is sent, the rest of a body that nobody wants is thrown away for a moment. */
    LINGER,
    /** All is said; the client is given a moment to read and to close. */
    CLOSING,
    /** Kept alive, nothing asked. */
    IDLE,
    /** Given up: whatever still happens on it counts for nothing. */
    CUT;

    private static final Phase[] ALL = values();

    static Phase of(int ordinal) {
        return ALL[ordinal];
    }
}
