// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.util.UUID;

/** Somebody has a journal open. */
public final class JournalLockedException extends JournalOpenException {
    private static final long serialVersionUID = 1L;

    private final String holder;

    JournalLockedException(UUID instanceId, String holder) {
        super(instanceId, "the journal of instance " + instanceId + " is in use by " + holder, null);
        this.holder = holder;
    }

    /** Process, host and since when, as far as they are known. */
    public String holder() {
        return holder;
    }
}
