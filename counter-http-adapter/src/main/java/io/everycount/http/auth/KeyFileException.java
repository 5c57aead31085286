// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import org.jspecify.annotations.Nullable;

/** A key file cannot be read, written, or changed as asked. The message is for a person, and says what to do. */
public final class KeyFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    KeyFileException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
