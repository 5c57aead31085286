// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.Collector;
import io.everycount.journal.Entries;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
    private final Entries.Packer packed = new Entries.Packer();

    /** What leaves the range of a delta together with what its key has already goes into the next one. */
    private final List<Coalescer> layers = new ArrayList<>();

    /** The last layer that a key is in, if that is not the first. */
    private final Coalescer layerOf = new Coalescer(0);

    /** Nobody needs it, but without it nothing would be fetched. */
    private long fetched;

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
        int from = drained.distinctFrom();
        int to = drained.distinctTo();
        Coalescer sums = new Coalescer(drained.size() - (to - from));
        layers.add(sums);
        for (int i = 0; i < drained.size(); i++) {
            if (i < from || i >= to) {
                add(utf8(drained.key(i)), drained.delta(i));
            }
        }
        for (int i = from; i < to; i++) {
            if ((i - from) % GROUP == 0) {
                fetch(drained, i, Math.min(to, i + GROUP));
            }
            byte[] key = utf8(drained.key(i));
            if (sums.size() == 0 || sums.find(key, 0, key.length) < 0) {
                packed.add(key, drained.delta(i));
                cutIfFull();
            } else {
                add(key, drained.delta(i));
            }
        }
        for (Coalescer layer : layers) {
            for (int i = 0; i < layer.size(); i++) {
                layer.packInto(packed, i);
                cutIfFull();
            }
            // What follows can have the same keys.
            cut();
        }
    }

    private void add(byte[] key, long delta) {
        int known = layerOf.size() == 0 ? -1 : layerOf.find(key, 0, key.length);
        int layer = known < 0 ? 0 : (int) layerOf.sum(known);
        if (!layers.get(layer).add(key, 0, key.length, delta)) {
            layerOf.add(key, 0, key.length, 1);
            if (layers.size() == layer + 1) {
                layers.add(new Coalescer(0));
            }
            layers.get(layer + 1).add(key, 0, key.length, delta);
        }
    }

    private void cutIfFull() {
        if (packed.size() == keysMax) {
            cut();
        }
    }

    private void cut() {
        if (packed.size() > 0) {
            made.add(packed.take());
        }
    }

    /**
     * Has Strings fetched from memory side by side, which are all over the heap, before they are asked for one after the
     * other.
     */
    private void fetch(Collector drained, int from, int to) {
        for (int i = from; i < to; i++) {
            fetched += drained.key(i) instanceof String s ? s.length() : 0;
        }
    }

    private static byte[] utf8(Object key) {
        return key instanceof String s ? s.getBytes(StandardCharsets.UTF_8) : (byte[]) key;
    }
}
