// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A place that holds the table in use, which links to the tables it replaced until they are sealed.
 * Growing, evicting and closing are one operation: publishing a successor that already links to the
 * table it replaces, so that a drain finds every table by walking the chain.
 */
final class Lane {
    private static final VarHandle TABLES = MethodHandles.arrayElementVarHandle(Table[].class);

    private final Table[] tables;
    private final int index;

    /** Made in advance: closing must work without memory, too. */
    private final Table closedTable = Table.closed();

    /**
     * @param tables where the table in use is kept, so that whoever knows the index need not ask this
     * @param marked whether tables have marks for what was touched
     */
    Lane(Table[] tables, int index, int capacity, boolean marked) {
        this.tables = tables;
        this.index = index;
        TABLES.setRelease(tables, index, new Table(capacity, marked));
    }

    /** The table in use. */
    Table table() {
        return table(tables, index);
    }

    /** The table in use by the lane that keeps it there. */
    static Table table(Table[] tables, int index) {
        return (Table) TABLES.getAcquire(tables, index);
    }

    /**
     * Publishes a successor of {@code old}; false if another thread has. Either way {@code old} is not in
     * use any more, unless it is the closed one.
     */
    boolean replace(Table old, int capacity, boolean keyed) {
        return table() == old
                && !old.closed
                && TABLES.compareAndSet(tables, index, old, new Table(capacity, keyed, old));
    }

    /**
     * As {@link #replace}, after an addition that has been counted: the caller must not fail any more. If
     * there is no memory for a successor, the next addition tries again.
     */
    void replaceIfPossible(Table old, int capacity) {
        try {
            replace(old, capacity, old.keyed);
        } catch (OutOfMemoryError e) {
            // 2^20 additions fit in before the table's range ends.
        }
    }

    /** Refuses all additions from here on. For the drainer. */
    void close() {
        for (Table last = table(); !last.closed; last = table()) {
            closedTable.replaced = last;
            TABLES.compareAndSet(tables, index, last, closedTable);
        }
    }

    /**
     * Takes every sum out: in place from the table in use, by sealing from those it replaced. A table
     * published meanwhile waits for the next drain, and so does what was added to it; all of that began
     * after this drain did. For the drainer.
     */
    void drain(Collector collector) {
        // Not merely acquired: a table published before an addition that has returned must be seen here.
        Table current = (Table) TABLES.getVolatile(tables, index);
        current.collect(collector);
        for (Table old = current.replaced; old != null; old = old.replaced) {
            old.seal(collector);
        }
        current.replaced = null;
    }
}
