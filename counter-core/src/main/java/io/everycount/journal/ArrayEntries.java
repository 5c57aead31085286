// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import io.everycount.cell.SipHash;
import java.util.Arrays;

/** Entries as they are counted: quick to go through. */
final class ArrayEntries implements Entries {
    private final byte[][] keys;
    private final long[] deltas;
    private final long deltaSum;
    private final long keyBytes;

    ArrayEntries(byte[][] keys, long[] deltas) {
        if (keys.length != deltas.length) {
            throw new IllegalArgumentException(keys.length + " keys but " + deltas.length + " deltas");
        }
        this.keys = keys;
        this.deltas = deltas;
        long sum = 0;
        long bytes = 0;
        for (int i = 0; i < keys.length; i++) {
            sum += deltas[i];
            bytes += keys[i].length;
        }
        deltaSum = sum;
        keyBytes = bytes;
    }

    @Override
    public int size() {
        return keys.length;
    }

    @Override
    public byte[][] keys() {
        return keys;
    }

    @Override
    public long[] deltas() {
        return deltas;
    }

    @Override
    public long delta(byte[] key) {
        for (int i = 0; i < keys.length; i++) {
            if (Arrays.equals(keys[i], key)) {
                return deltas[i];
            }
        }
        return 0;
    }

    @Override
    public long deltaSum() {
        return deltaSum;
    }

    @Override
    public long keyBytes() {
        return keyBytes;
    }

    @Override
    public void feed(SipHash hash) {
        hash.update(keys.length);
        for (int i = 0; i < keys.length; i++) {
            hash.update(keys[i], 0, keys[i].length).update(deltas[i]);
        }
    }
}
