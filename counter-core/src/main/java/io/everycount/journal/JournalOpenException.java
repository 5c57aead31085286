// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An instance's journal cannot be opened. Nothing in it was changed. */
public class JournalOpenException extends IOException {
    private static final long serialVersionUID = 1L;

    private final UUID instanceId;

    JournalOpenException(UUID instanceId, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.instanceId = instanceId;
    }

    /** Whose journal it is. */
    public UUID instanceId() {
        return instanceId;
    }
}
