// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.sink.EverycountException;
import org.jspecify.annotations.Nullable;

/**
 * Increments were counted, but it could not be confirmed that they are in the sink. Do not add them
 * again: unless the process dies first, they get there as soon as the sink can be written.
 */
public class UnconfirmedException extends EverycountException {
    private static final long serialVersionUID = 1L;

    UnconfirmedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
