// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.List;
import java.util.Objects;

/** How a {@link CounterSink#write} or {@link CounterSink#declareGap} ended, when it ended cleanly. */
public final class WriteResult {
    private static final WriteResult APPLIED = new WriteResult(true, List.of());
    private static final WriteResult REFUSED = new WriteResult(false, List.of());

    private final boolean applied;
    private final List<QuarantinedEntry> quarantined;

    private WriteResult(boolean applied, List<QuarantinedEntry> quarantined) {
        this.applied = applied;
        this.quarantined = quarantined;
    }

    /** Everything was applied and the mark moved, together. */
    public static WriteResult applied() {
        return APPLIED;
    }

    /**
     * Everything but these entries was applied, these were put into quarantine, and the mark moved, all
     * together.
     *
     * @param quarantined the entries set aside; copied
     */
    public static WriteResult applied(List<QuarantinedEntry> quarantined) {
        Objects.requireNonNull(quarantined, "quarantined");
        return quarantined.isEmpty() ? APPLIED : new WriteResult(true, List.copyOf(quarantined));
    }

    /**
     * The guard did not hold (another owner, another mark, another digest, or no ledger entry) and
     * nothing changed. The caller reads the ledger to learn which.
     */
    public static WriteResult refused() {
        return REFUSED;
    }

    /** Whether the batch took effect. */
    public boolean isApplied() {
        return applied;
    }

    /** The entries set aside; empty if none, or if nothing was applied. */
    public List<QuarantinedEntry> quarantined() {
        return quarantined;
    }

    @Override
    public String toString() {
        return applied ? "applied, " + quarantined.size() + " quarantined" : "refused";
    }
}
