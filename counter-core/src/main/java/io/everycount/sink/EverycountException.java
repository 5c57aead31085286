// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import org.jspecify.annotations.Nullable;

/** The root of every exception that Everycount throws on purpose; catch a subclass to act on it. */
public abstract class EverycountException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what happened and what to do about it
     * @param cause the underlying failure, or null
     */
    protected EverycountException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
