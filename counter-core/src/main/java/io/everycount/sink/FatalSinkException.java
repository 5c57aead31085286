// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import org.jspecify.annotations.Nullable;

/**
 * A failure that stays until a person acts: a wrong password, a missing table, the wrong database.
 * The message says what to fix. Writing is still tried again, slowly, so that the fix needs no restart.
 */
public final class FatalSinkException extends SinkException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what failed, and what to fix
     * @param cause the underlying failure, or null
     */
    public FatalSinkException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
