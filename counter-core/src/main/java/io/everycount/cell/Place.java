// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Holds the table in use, which links to the tables it replaced until they are sealed. Growing,
 * evicting and closing are one operation: publishing a successor that already links to the table it
 * replaces, so that a drain finds every table by walking the chain.
 */
final class Place {
    private static final VarHandle TABLE;

    static {
        try {
            TABLE = MethodHandles.lookup().findVarHandle(Place.class, "table", Table.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile Table table;

    /** Made in advance: closing must work without memory, too. */
    private final Table closedTable;

    Place(Table first) {
        table = first;
        closedTable = Table.closed(first.regions());
    }

    /** The table in use. */
    Table table() {
        return (Table) TABLE.getAcquire(this);
    }

    /** The table in use, none published before this call left out. */
    Table newest() {
        return table;
    }

    /**
     * Publishes a successor of {@code old}; false if another thread has. Either way {@code old} is not in
     * use any more, unless it is the closed one.
     */
    boolean replace(Table old, int regionCapacity, boolean keyed) {
        return table() == old && !old.closed && TABLE.compareAndSet(this, old, new Table(regionCapacity, keyed, old));
    }

    /**
     * As {@link #replace}, after an addition that has been counted: the caller must not fail any more. If
     * there is no memory for a successor, the next addition tries again.
     */
    void replaceIfPossible(Table old, int regionCapacity) {
        try {
            replace(old, regionCapacity, old.keyed);
        } catch (OutOfMemoryError e) {
            // 2^20 additions fit in before the table's range ends.
        }
    }

    /** Refuses all additions from here on. For the drainer. */
    void close() {
        for (Table last = table; !last.closed; last = table) {
            closedTable.replaced = last;
            TABLE.compareAndSet(this, last, closedTable);
        }
    }

    /**
     * Takes every sum out: in place from the table in use, by sealing from those it replaced. A table
     * published meanwhile waits for the next drain, and so does what was added to it; all of that began
     * after this drain did. For the drainer.
     */
    void drain(Collector collector) {
        // Not merely acquired: a table published before an addition that has returned must be seen.
        Table current = newest();
        current.collect(collector);
        for (Table old = current.replaced; old != null; old = old.replaced) {
            old.seal(collector);
        }
        current.replaced = null;
    }
}
