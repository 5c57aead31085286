// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.Collector;
import io.everycount.journal.Entries;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sums up by key what a drain collected. Only what comes from several places is looked up by key: those of one table are
 * distinct, and in a large drain that is nearly all of them.
 */
final class Summing {
    /** So many keys are fetched from memory side by side. */
    private static final int GROUP = 32;

    private final int keysMax;
    private final List<Entries> made = new ArrayList<>();

    /** What leaves the range of a delta together with what its key has already goes into the next one. */
    private final List<Coalescer> layers = new ArrayList<>();

    /** The last layer that a key is in, if that is not the first. */
    private final Coalescer layerOf = new Coalescer(0);

    private Summing(int keysMax) {
        this.keysMax = keysMax;
    }

    /**
     * The entries of as many records as bounds and the range of a delta ask for; none if everything cancelled out.
     *
     * @param drained stays as it is
     * @param keysMax the most keys in a record
     */
    static List<Entries> of(Collector drained, int keysMax) {
        Summing summing = new Summing(keysMax);
        summing.sum(drained);
        return summing.made;
    }

    private void sum(Collector drained) {
        byte[][] keys = encoded(drained);
        int from = drained.distinctFrom();
        int to = drained.distinctTo();
        Coalescer sums = new Coalescer(keys.length - (to - from));
        layers.add(sums);
        for (int i = 0; i < keys.length; i++) {
            if (i < from || i >= to) {
                add(keys[i], drained.delta(i));
            }
        }
        byte[][] others = new byte[to - from][];
        long[] deltas = new long[to - from];
        int count = 0;
        for (int i = from; i < to; i++) {
            if (sums.size() == 0 || sums.find(keys[i]) < 0) {
                others[count] = keys[i];
                deltas[count++] = drained.delta(i);
            } else {
                add(keys[i], drained.delta(i));
            }
        }
        Entries summed = sums.entries(0, sums.size());
        int size = summed.size() + count;
        byte[][] allKeys = Arrays.copyOf(summed.keys(), size);
        long[] allDeltas = Arrays.copyOf(summed.deltas(), size);
        System.arraycopy(others, 0, allKeys, summed.size(), count);
        System.arraycopy(deltas, 0, allDeltas, summed.size(), count);
        cut(allKeys, allDeltas);
        for (Coalescer layer : layers.subList(1, layers.size())) {
            Entries further = layer.entries(0, layer.size());
            cut(further.keys(), further.deltas());
        }
    }

    private void add(byte[] key, long delta) {
        int known = layerOf.size() == 0 ? -1 : layerOf.find(key);
        int layer = known < 0 ? 0 : (int) layerOf.sum(known);
        if (!layers.get(layer).add(key, delta)) {
            layerOf.add(key, 1);
            if (layers.size() == layer + 1) {
                layers.add(new Coalescer(0));
            }
            layers.get(layer + 1).add(key, delta);
        }
    }

    /** Makes the entries of records. */
    private void cut(byte[][] keys, long[] deltas) {
        for (int from = 0; from < keys.length; from += keysMax) {
            int to = Math.min(keys.length, from + keysMax);
            made.add(Entries.of(Arrays.copyOfRange(keys, from, to), Arrays.copyOfRange(deltas, from, to)));
        }
    }

    private static byte[][] encoded(Collector drained) {
        byte[][] keys = new byte[drained.size()][];
        long characters = 0;
        for (int from = 0; from < keys.length; from += GROUP) {
            int to = Math.min(keys.length, from + GROUP);
            // Strings are all over the heap. Nobody needs the sum, but it has them fetched side by side, not one
            // after the other.
            for (int i = from; i < to; i++) {
                characters += drained.key(i) instanceof String s ? s.length() : 0;
            }
            for (int i = from; i < to; i++) {
                Object key = drained.key(i);
                keys[i] = key instanceof String s ? s.getBytes(StandardCharsets.UTF_8) : (byte[]) key;
            }
        }
        if (characters < 0) {
            throw new IllegalStateException("2^63 characters");
        }
        return keys;
    }
}
