// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import org.jspecify.annotations.Nullable;

/**
 * A sink could not do, or could not confirm, what was asked.
 *
 * <p>Neither subclass says whether a write took effect: the caller reads the ledger to find out. The
 * class says only whether waiting can help.
 */
public abstract sealed class SinkException extends EverycountException
        permits RetriableSinkException, FatalSinkException {
    private static final long serialVersionUID = 1L;

    SinkException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
