// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;

/**
 * What Lincheck does with cells, in any order and interleaving: additions by several threads, drains by one at a
 * time. Each addition has a bit of its own as its delta, so that every drain tells which ones it took.
 *
 * <p>A drain is not linearizable, as it passes the cells one after the other. What holds, and is checked here: it
 * takes everything that had returned when it began, nothing is taken twice, and a last drain finds the rest.
 */
public abstract class CacheOperations {
    private final AtomicInteger adds = new AtomicInteger();
    private final AtomicLong returned = new AtomicLong();
    private long drained;

    abstract void addDelta(long delta);

    abstract void replaceTable();

    abstract long drainAll();

    /** Adds. */
    @Operation
    public void add() {
        long bit = 1L << adds.getAndIncrement();
        addDelta(bit);
        returned.getAndAdd(bit);
    }

    /** Grows, or lets idle keys go: the same thing. */
    @Operation
    public void replace() {
        replaceTable();
    }

    /** Drains, and looks at what came. */
    @Operation(nonParallelGroup = "drainer")
    public void drain() {
        long before = returned.get();
        long taken = drainAll();
        if ((taken & drained) != 0) {
            throw new AssertionError("taken twice: " + Long.toBinaryString(taken & drained));
        }
        drained |= taken;
        if ((before & ~drained) != 0) {
            throw new AssertionError("returned before and not taken: " + Long.toBinaryString(before & ~drained));
        }
    }

    /** Nothing is left over and nothing was made up. */
    @Validate
    public void everythingIsDrainedOnce() {
        drain();
        if (drained != returned.get()) {
            throw new AssertionError(Long.toBinaryString(returned.get()) + " was added and "
                    + Long.toBinaryString(drained) + " drained");
        }
    }

    /** A place with tables of two slots, and the loop that writers go through. */
    public static class Real extends CacheOperations {
        private final Place place = new Place(new Table(1, 2, true));

        @Override
        void addDelta(long delta) {
            while (true) {
                Table table = place.table();
                Object key = table.keyAt(0);
                if (key == null && !table.claim(0, "key")) {
                    continue;
                }
                if (key != Table.DEAD && !Table.isSealed(table.add(0, delta))) {
                    return;
                }
            }
        }

        @Override
        void replaceTable() {
            place.replace(place.table(), 2, false);
        }

        @Override
        long drainAll() {
            return Drained.sum(place::drain);
        }
    }

    /** As {@link Real}, but a table is linked to the one that it replaces after it has been published. */
    public static class PlantedLinkedAfterPublishing extends CacheOperations {
        private volatile Table current = new Table(1, 2, true);

        @Override
        void addDelta(long delta) {
            while (true) {
                Table table = current;
                Object key = table.keyAt(0);
                if (key == null && !table.claim(0, "key")) {
                    continue;
                }
                if (key != Table.DEAD && !Table.isSealed(table.add(0, delta))) {
                    return;
                }
            }
        }

        @Override
        void replaceTable() {
            synchronized (this) {
                Table old = current;
                Table next = new Table(1, 2, true);
                current = next;
                next.replaced = old;
            }
        }

        @Override
        long drainAll() {
            return Drained.sum(collector -> {
                Table newest = current;
                newest.collect(collector);
                for (Table old = newest.replaced; old != null; old = old.replaced) {
                    old.seal(collector);
                }
                newest.replaced = null;
            });
        }
    }

    /** Tables are swapped and emptied, and their sums not sealed. */
    public static class PlantedSwapWithoutSeal extends CacheOperations {
        private volatile AtomicLong current = new AtomicLong();

        @Override
        void addDelta(long delta) {
            current.getAndAdd(delta);
        }

        @Override
        void replaceTable() {}

        @Override
        long drainAll() {
            AtomicLong old = current;
            current = new AtomicLong();
            return old.get();
        }
    }

    /** The operations one after the other: they return nothing, and do not fail. */
    public static class Sequential {
        /** Adds. */
        public void add() {}

        /** Grows. */
        public void replace() {}

        /** Drains. */
        public void drain() {}
    }
}
