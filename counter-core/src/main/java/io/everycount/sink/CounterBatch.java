// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The deltas of whole records {@code (from .. to]}, one entry per key, keys in ascending order of their
 * UTF-8 bytes (the same order everywhere, so that writers of the same rows cannot deadlock).
 *
 * <p>Immutable; the arrays handed in are not copied and must not change.
 */
public final class CounterBatch {
    private final UUID instanceId;
    private final UUID ownerToken;
    private final Mark from;
    private final Mark to;
    private final byte[][] keys;
    private final long[] deltas;
    private final @Nullable InstanceReport report;

    /**
     * A batch without a report.
     *
     * @param keys UTF-8, unsigned-byte order, no duplicates; may be empty (deltas can cancel out)
     * @param deltas one for each key
     * @throws IllegalArgumentException if the lengths differ, {@code to} is not after {@code from}, or
     *     the keys are not in strictly ascending order
     */
    public CounterBatch(UUID instanceId, UUID ownerToken, Mark from, Mark to, byte[][] keys, long[] deltas) {
        this.instanceId = Objects.requireNonNull(instanceId, "instanceId");
        this.ownerToken = Objects.requireNonNull(ownerToken, "ownerToken");
        this.from = from;
        this.to = to;
        this.keys = keys;
        this.deltas = deltas;
        if (to.record() <= from.record()) {
            throw new IllegalArgumentException("a batch from " + from + " to " + to + " has no records");
        }
        if (keys.length != deltas.length) {
            throw new IllegalArgumentException(keys.length + " keys but " + deltas.length + " deltas");
        }
        for (int i = 1; i < keys.length; i++) {
            if (Arrays.compareUnsigned(keys[i - 1], keys[i]) >= 0) {
                throw new IllegalArgumentException("keys " + (i - 1) + " and " + i + " are not in ascending order");
            }
        }
        this.report = null;
    }

    private CounterBatch(CounterBatch same, InstanceReport report) {
        this.instanceId = same.instanceId;
        this.ownerToken = same.ownerToken;
        this.from = same.from;
        this.to = same.to;
        this.keys = same.keys;
        this.deltas = same.deltas;
        this.report = Objects.requireNonNull(report, "report");
    }

    /** The same batch with a report on the instance. */
    public CounterBatch with(InstanceReport report) {
        return new CounterBatch(this, report);
    }

    /** Whose records these are. */
    public UUID instanceId() {
        return instanceId;
    }

    /** The registration under which this is written; the guard compares it. */
    public UUID ownerToken() {
        return ownerToken;
    }

    /** The mark that the ledger must have, number and digest, for this batch to apply. */
    public Mark from() {
        return from;
    }

    /** The mark that the ledger has once this batch is applied. */
    public Mark to() {
        return to;
    }

    /**
     * How the instance is doing once this batch is applied; null if nobody said. A sink may show it to people, written
     * together with the batch, and may ignore it.
     */
    public @Nullable InstanceReport report() {
        return report;
    }

    /** The number of keys; 0 is legal and still moves the mark. */
    public int size() {
        return keys.length;
    }

    /**
     * @param index from 0 to {@code size() - 1}
     * @return the key as a String
     */
    public String key(int index) {
        return new String(keys[index], StandardCharsets.UTF_8);
    }

    /**
     * @param index from 0 to {@code size() - 1}
     * @return the key's UTF-8 bytes, a copy
     */
    public byte[] keyBytes(int index) {
        return keys[index].clone();
    }

    /**
     * @param index from 0 to {@code size() - 1}
     * @return the amount to add to the key's total; never 0
     */
    public long delta(int index) {
        return deltas[index];
    }

    /** All keys in order, as a new array. */
    public String[] keys() {
        String[] all = new String[keys.length];
        Arrays.setAll(all, this::key);
        return all;
    }

    /** All deltas in the order of the keys, as a new array. */
    public long[] deltas() {
        return deltas.clone();
    }

    @Override
    public String toString() {
        return "batch " + from + " to " + to + " of instance " + instanceId + ", " + keys.length + " keys";
    }
}
