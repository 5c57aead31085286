// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.Journal;
import io.everycount.sink.RetriableSinkException;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The store that one sink of an instance leads to: the first it met, for as long as the instance lives; with a
 * journal that is beyond the process. For the sink's writer alone.
 */
final class StoreBinding {
    private final @Nullable Journal journal;
    private final int sink;
    private @Nullable UUID store;

    /**
     * @param sink which of the instance's sinks, from 0
     */
    StoreBinding(@Nullable Journal journal, int sink) {
        this.journal = journal;
        this.sink = sink;
        this.store = journal == null ? null : journal.store(sink);
    }

    /** Whether there is a journal, and so a lock that says who may write. */
    boolean isJournaled() {
        return journal != null;
    }

    /** The store's id; null if none was met. */
    @Nullable
    UUID store() {
        return store;
    }

    /**
     * Binds it, once.
     *
     * @throws RetriableSinkException if the journal cannot note it
     */
    void bind(UUID id) {
        if (journal != null) {
            try {
                journal.bindStore(sink, id);
            } catch (IOException e) {
                throw new RetriableSinkException(
                        "could not note in " + journal.directory() + " that this instance writes to store " + id, e);
            }
        }
        store = id;
    }
}
