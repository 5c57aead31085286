// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.counters;

import io.everycount.cell.AddOutcome;
import io.everycount.cell.CellStore;
import io.everycount.cell.Collector;

/** Everycount's cells without its pipeline: what is drained is summed up and goes nowhere, as with the others. */
final class CellsCounting implements Counting {
    private static final int KEY_BYTES_MAX = 256;

    private final CellStore cells =
            new CellStore(CellStore.lanesForThisMachine(), EverycountCounting.MAX_KEYS, KEY_BYTES_MAX, () -> {});
    private final Collector collector = new Collector();

    @Override
    public void add(String key) {
        require(cells.add(key, 1, false));
    }

    @Override
    public void add(byte[] utf8, int offset, int length) {
        require(cells.add(utf8, offset, length, 1, false));
    }

    private static void require(AddOutcome outcome) {
        if (outcome != AddOutcome.COUNTED) {
            throw new IllegalStateException("not counted: " + outcome);
        }
    }

    @Override
    public long drain() {
        cells.drain(collector, false, false);
        long sum = 0;
        for (int i = 0; i < collector.size(); i++) {
            sum += collector.delta(i);
        }
        collector.clear();
        return sum;
    }
}
