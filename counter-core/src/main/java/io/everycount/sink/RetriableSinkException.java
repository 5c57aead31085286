// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import org.jspecify.annotations.Nullable;

/**
 * A failure that can pass by itself: a cut connection, a deadlock, a timeout, a server that restarts,
 * or anything the sink does not know. The outcome of a write that ends so is unknown.
 */
public final class RetriableSinkException extends SinkException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what failed
     * @param cause the underlying failure, or null
     */
    public RetriableSinkException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
