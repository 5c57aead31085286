// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import io.everycount.sink.EverycountException;
import java.io.IOException;

/** A journal cannot be opened, or what it has cannot be read. Nothing was started, and nothing in it was changed. */
public final class JournalException extends EverycountException {
    private static final long serialVersionUID = 1L;

    JournalException(String message, IOException cause) {
        super(message, cause);
    }
}
