// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A store of totals.
 *
 * <h2>What a sink promises</h2>
 *
 * <ul>
 *   <li>{@link #write} is one transaction: either every entry is in the totals (or in quarantine) and
 *       the instance's mark has moved from {@link CounterBatch#from} to {@link CounterBatch#to}, or
 *       nothing has changed.
 *   <li>It applies only if the ledger has <em>exactly</em> the batch's owner token, mark number and
 *       mark digest. "At least" or "less than" in place of "equal" makes a store that went back in
 *       time invisible.
 *   <li>{@link #ledger} and {@link #register} wait for a write of the same instance that the store is
 *       working on (a connection that was cut may leave one). A write that the store begins with only
 *       after it has answered is harmless: it applies under its guard or not at all, and whatever was sent
 *       instead of it is then refused.
 *   <li>Every call is bounded in time. An outcome that the sink does not know is a
 *       {@link RetriableSinkException}; the caller then reads the ledger. A sink never retries a
 *       write by itself.
 * </ul>
 *
 * <p>A sink that cannot keep the first two promises extends {@link AtLeastOnceSink} and says so.
 *
 * <p>Calls for one instance come from one thread at a time; calls for different instances may overlap.
 * The {@code counter-sink-testkit} jar proves an implementation.
 */
public interface CounterSink extends AutoCloseable {
    /** How often a record's deltas can take effect. */
    enum Delivery {
        /** Exactly once, whatever fails. */
        EXACTLY_ONCE,
        /** At least once: a retry after an unknown outcome can apply a batch again. */
        AT_LEAST_ONCE
    }

    /** What this sink promises. */
    default Delivery delivery() {
        return Delivery.EXACTLY_ONCE;
    }

    /** A short name for logs, statistics and errors; never blank. By default the class's. */
    default String name() {
        String simpleName = getClass().getSimpleName();
        return simpleName.isEmpty() ? getClass().getName() : simpleName;
    }

    /**
     * Makes the caller the owner of an instance's ledger entry. A new instance's entry starts at
     * {@link Mark#ORIGIN}; a known one keeps its mark and gets the new owner token.
     *
     * @return the entry as it is now
     * @throws SinkException if that failed or is not known to have happened; it is safe to call again
     */
    LedgerEntry register(Registration registration);

    /**
     * Reads an instance's ledger entry, after any write of that instance that is still under way.
     *
     * @return empty if the ledger has none
     * @throws SinkException if it could not be read
     */
    Optional<LedgerEntry> ledger(UUID instanceId);

    /**
     * Applies a batch under its guard. An entry that the store refuses by itself (an overflowing total,
     * say) is set aside in quarantine within the same transaction, so that the others apply.
     *
     * @return applied, or refused because the guard did not hold
     * @throws SinkException if it failed, or if it is not known whether it was applied
     */
    WriteResult write(CounterBatch batch);

    /**
     * The entries of an instance that were put into quarantine by writes whose {@link CounterBatch#to}
     * lies after one record number and not after another. Asked after a write whose reply was lost.
     *
     * @throws SinkException if they could not be read
     */
    List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord);

    /**
     * Moves the mark over records that are lost, and writes down that they are, in one transaction
     * under the same guard as {@link #write}.
     *
     * @return applied, or refused because the guard did not hold
     * @throws SinkException if it failed, or if it is not known whether it was applied
     */
    WriteResult declareGap(Gap gap);

    /**
     * Tells how an instance is doing that has had nothing to write for a while, for people who look. A store that has a
     * place for it writes it there if the owner token is still the ledger's; it must change nothing of what
     * {@link #write} compares. By default it goes nowhere.
     *
     * @throws SinkException if it failed; that is only logged
     */
    default void report(UUID instanceId, UUID ownerToken, InstanceReport report) {}

    /** Releases what the sink opened itself. Called once, after the last write. */
    @Override
    default void close() {}
}
