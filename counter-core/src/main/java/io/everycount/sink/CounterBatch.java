// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The deltas of whole records {@code (from .. to]}, one entry per key, keys in ascending order of their
 * UTF-8 bytes (the same order everywhere, so that writers of the same rows cannot deadlock).
 *
 * <p>Immutable, as long as arrays that were handed in and not copied do not change.
 */
public final class CounterBatch {
    private final UUID instanceId;
    private final UUID ownerToken;
    private final Mark from;
    private final Mark to;
    private final byte[] keys;
    private final int[] keyEnds;
    private final long[] deltas;
    private final @Nullable InstanceReport report;

    /**
     * A batch without a report.
     *
     * @param keys UTF-8, unsigned-byte order, no duplicates; may be empty (deltas can cancel out); copied
     * @param deltas one for each key; not copied, and must not change
     * @throws IllegalArgumentException if the lengths differ, {@code to} is not after {@code from}, or
     *     the keys are not in strictly ascending order
     */
    public CounterBatch(UUID instanceId, UUID ownerToken, Mark from, Mark to, byte[][] keys, long[] deltas) {
        this(instanceId, ownerToken, from, to, joined(keys), ends(keys), deltas);
    }

    /**
     * As the other one, of keys that are in one array. No array is copied, and none may change.
     *
     * @param keys one after the other, with nothing in between
     * @param keyEnds where each key ends, exclusively, and the next one begins
     * @throws IllegalArgumentException as for the other one, and if the keys are not all of the array
     */
    public CounterBatch(
            UUID instanceId, UUID ownerToken, Mark from, Mark to, byte[] keys, int[] keyEnds, long[] deltas) {
        this.instanceId = Objects.requireNonNull(instanceId, "instanceId");
        this.ownerToken = Objects.requireNonNull(ownerToken, "ownerToken");
        this.from = from;
        this.to = to;
        this.keys = keys;
        this.keyEnds = keyEnds;
        this.deltas = deltas;
        if (to.record() <= from.record()) {
            throw new IllegalArgumentException("a batch from " + from + " to " + to + " has no records");
        }
        if (keyEnds.length != deltas.length) {
            throw new IllegalArgumentException(keyEnds.length + " keys but " + deltas.length + " deltas");
        }
        int end = 0;
        for (int i = 0; i < keyEnds.length; i++) {
            if (keyEnds[i] < end || keyEnds[i] > keys.length) {
                throw new IllegalArgumentException(
                        "key " + i + " is from " + end + " to " + keyEnds[i] + " of " + keys.length + " bytes");
            }
            end = keyEnds[i];
        }
        if (end != keys.length) {
            throw new IllegalArgumentException("the keys end at " + end + " of " + keys.length + " bytes");
        }
        for (int i = 1; i < keyEnds.length; i++) {
            if (Arrays.compareUnsigned(keys, start(i - 1), keyEnds[i - 1], keys, start(i), keyEnds[i]) >= 0) {
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
        this.keyEnds = same.keyEnds;
        this.deltas = same.deltas;
        this.report = Objects.requireNonNull(report, "report");
    }

    private static int[] ends(byte[][] keys) {
        int[] ends = new int[keys.length];
        int end = 0;
        for (int i = 0; i < keys.length; i++) {
            end = Math.addExact(end, keys[i].length);
            ends[i] = end;
        }
        return ends;
    }

    private static byte[] joined(byte[][] keys) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] key : keys) {
            joined.writeBytes(key);
        }
        return joined.toByteArray();
    }

    private int start(int index) {
        return index == 0 ? 0 : keyEnds[index - 1];
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
        return keyEnds.length;
    }

    /**
     * @param index from 0 to {@code size() - 1}
     * @return the key as a String
     */
    public String key(int index) {
        int start = start(index);
        return new String(keys, start, keyEnds[index] - start, StandardCharsets.UTF_8);
    }

    /**
     * @param index from 0 to {@code size() - 1}
     * @return the key's UTF-8 bytes, a copy
     */
    public byte[] keyBytes(int index) {
        return Arrays.copyOfRange(keys, start(index), keyEnds[index]);
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
        String[] all = new String[size()];
        Arrays.setAll(all, this::key);
        return all;
    }

    /** All deltas in the order of the keys, as a new array. */
    public long[] deltas() {
        return deltas.clone();
    }

    @Override
    public String toString() {
        return "batch " + from + " to " + to + " of instance " + instanceId + ", " + size() + " keys";
    }
}
