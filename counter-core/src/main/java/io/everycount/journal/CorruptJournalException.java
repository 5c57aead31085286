// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.nio.file.Path;
import java.util.UUID;

/** A journal holds what no crash leaves behind. It is neither repaired nor passed over: a person has to decide. */
public final class CorruptJournalException extends JournalOpenException {
    private static final long serialVersionUID = 1L;

    // Exceptions are serializable, and not every path is.
    private final transient Path file;
    private final long offset;

    CorruptJournalException(UUID instanceId, Path file, long offset, String found) {
        super(
                instanceId,
                file + " is damaged at offset " + offset + ": " + found
                        + ". Nothing was changed. Restore the directory from a copy of the disk, or move it out of the"
                        + " root to go on without it; what it holds and no sink has is then not counted",
                null);
        this.file = file;
        this.offset = offset;
    }

    /** The file that is damaged, or shows that another one is missing. */
    public Path file() {
        return file;
    }

    /** Where in it, in bytes. */
    public long offset() {
        return offset;
    }
}
