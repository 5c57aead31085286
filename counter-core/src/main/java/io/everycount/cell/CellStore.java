// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All cells of one counter cache. Any thread adds; one thread at a time drains.
 *
 * <p>An addition whose outcome is {@link AddOutcome#COUNTED} is in exactly one drain, and if it
 * returned before a drain started, in that one at the latest. No method blocks, and none takes a lock
 * that the drainer could wait for.
 */
public final class CellStore {
    /** The largest |delta| of one addition, 2^60. */
    public static final long DELTA_MAX = 1L << 60;

    private static final int LARGE_ADDS_MAX = 65_536;
    /** 16 KiB for each handle that is contended. */
    private static final int STRIPES_MAX = 128;

    private static final HandleCell NO_MORE_HANDLES = new HandleCell("", 1);

    private final KeyBudget budget;
    private final StringCells strings;
    private final ByteCells bytes;
    private final QueuedAdds large;
    private final int keyBytesMax;
    private final int stripeCount;

    /** Handles by key, with how many are open; only threads that open and close handles use it. */
    private final ConcurrentHashMap<String, Shared> handles = new ConcurrentHashMap<>();

    /** All handle cells not sealed yet: additions at the top by anyone, removals by the drainer. */
    private final AtomicReference<@Nullable HandleCell> handleCells = new AtomicReference<>();

    private final AtomicInteger bulksUnderWay = new AtomicInteger();
    private volatile boolean closing;

    /** Cells that the drainer has sealed and unlisted, and whose entries in the map can go. */
    private final AtomicReference<@Nullable HandleCell> sealed = new AtomicReference<>();

    /** The drainer's: cells to seal, not all of them sealed yet. */
    private @Nullable HandleCell sealing;

    private record Shared(HandleCell cell, int users) {}

    /**
     * @param laneCount a power of two, at least 2
     * @param keysMax the most distinct keys in use
     * @param keyBytesMax the most bytes of UTF-8 in a key
     * @param onPressure run by a writer when keys in use, or large additions, come near their limit; must
     *     return at once. If it was for keys, the next drain lets go of all keys, so that only those still in use come
     *     back.
     */
    public CellStore(int laneCount, long keysMax, int keyBytesMax, Runnable onPressure) {
        if (laneCount < 2 || Integer.bitCount(laneCount) != 1) {
            throw new IllegalArgumentException(laneCount + " lanes; a power of two from 2 on is needed");
        }
        this.keyBytesMax = keyBytesMax;
        // Threads that meet in a stripe stay there, so they should seldom meet.
        stripeCount = Math.min(laneCount, STRIPES_MAX);
        budget = new KeyBudget(keysMax, onPressure);
        large = new QueuedAdds(LARGE_ADDS_MAX, onPressure);
        strings = new StringCells(laneCount, keyBytesMax, budget);
        bytes = new ByteCells(laneCount, keyBytesMax, budget);
    }

    /**
     * Lanes for this machine: eight for each processor, so that threads seldom share one, and four if that would be many, as
     * every drain looks at all of them.
     */
    public static int lanesForThisMachine() {
        return lanesFor(Runtime.getRuntime().availableProcessors());
    }

    static int lanesFor(int processors) {
        int wanted = Math.max(4 * processors, Math.min(8 * processors, 128));
        return Integer.highestOneBit(2 * wanted - 1);
    }

    /**
     * Adds to a key.
     *
     * @param delta from -{@link #DELTA_MAX} to {@link #DELTA_MAX}
     * @param reserved whether this belongs to a bulk, which {@link #startBulk} has made room for
     */
    public AddOutcome add(String key, long delta, boolean reserved) {
        if (fitsCell(delta)) {
            return strings.add(key, delta, reserved);
        }
        return KeyRules.problem(key, keyBytesMax) == null ? large.add(key, delta, reserved) : AddOutcome.INVALID_KEY;
    }

    /**
     * Adds to a key given as a range of UTF-8 bytes, which may change after the call.
     *
     * @param delta from -{@link #DELTA_MAX} to {@link #DELTA_MAX}
     * @param reserved whether this belongs to a bulk, which {@link #startBulk} has made room for
     */
    public AddOutcome add(byte[] utf8, int offset, int length, long delta, boolean reserved) {
        if (fitsCell(delta)) {
            return bytes.add(utf8, offset, length, delta, reserved);
        }
        return KeyRules.problem(utf8, offset, length, keyBytesMax) == null
                ? large.add(bytes.keyOf(utf8, offset, length), delta, reserved)
                : AddOutcome.INVALID_KEY;
    }

    private static boolean fitsCell(long delta) {
        return -Table.DELTA_MAX <= delta && delta <= Table.DELTA_MAX;
    }

    /** Whether a delta may be added at all. */
    public static boolean isDelta(long delta) {
        return -DELTA_MAX <= delta && delta <= DELTA_MAX;
    }

    /** Whether a delta is too large for a cell and has to be queued. */
    public static boolean isLarge(long delta) {
        return !fitsCell(delta);
    }

    /**
     * A bulk: additions of which all or none are to count.
     *
     * @param outcome {@link AddOutcome#COUNTED} if every addition with {@code reserved} will be counted until
     *     {@link #endBulk}; anything else if there is nothing to end
     * @param reservedKeys how many keys have room set aside
     */
    public record Bulk(AddOutcome outcome, int reservedKeys) {}

    /**
     * Starts a bulk. The store is not closed before {@link #endBulk}, which must follow; nothing in
     * between may block.
     *
     * @param newKeysMax no fewer than the bulk's keys that are not in use
     * @param newKeys how many they are, each counted once; asked only when it matters, near the limit
     * @param largeDeltas how many deltas are beyond 2^40; their keys need no room
     */
    public Bulk startBulk(int newKeysMax, IntSupplier newKeys, int largeDeltas) {
        bulksUnderWay.incrementAndGet();
        Bulk bulk = new Bulk(AddOutcome.CLOSED, 0);
        try {
            if (!closing) {
                bulk = large.hasRoomFor(largeDeltas)
                        ? reserve(newKeysMax, newKeys)
                        : new Bulk(AddOutcome.LARGE_LIMIT, 0);
            }
        } finally {
            if (bulk.outcome != AddOutcome.COUNTED) {
                bulksUnderWay.decrementAndGet();
            }
        }
        return bulk;
    }

    private Bulk reserve(int newKeysMax, IntSupplier newKeys) {
        // Room for all is the quick answer; counting the new ones, near the limit, the exact one.
        if (budget.tryReserveQuietly(newKeysMax)) {
            return new Bulk(AddOutcome.COUNTED, newKeysMax);
        }
        int exactly = newKeys.getAsInt();
        return exactly == 0 || budget.tryReserve(exactly)
                ? new Bulk(AddOutcome.COUNTED, exactly)
                : new Bulk(AddOutcome.KEY_LIMIT, 0);
    }

    /** Whether additions to a key need no room of their own; handles and byte keys count for themselves. */
    public boolean isInUse(String key) {
        return strings.contains(key, 0, 0);
    }

    /** As {@link #isInUse(String)}, for additions to a key given as bytes. */
    public boolean isInUse(byte[] utf8, int offset, int length) {
        return bytes.contains(utf8, offset, length);
    }

    /** Ends a bulk that {@link #startBulk} allowed. */
    public void endBulk(Bulk bulk) {
        budget.release(bulk.reservedKeys);
        bulksUnderWay.decrementAndGet();
    }

    /**
     * Opens a handle: a way to one key's own cell, shared with whoever else has it open.
     *
     * @param key valid by {@link KeyRules}
     * @return null if as many keys as allowed are in use, or the store is closed
     */
    public @Nullable HandleCell openHandle(String key) {
        forgetSealed();
        Shared shared = handles.compute(key, (k, known) -> {
            if (known != null && (known.users > 0 || known.cell.reopen())) {
                return new Shared(known.cell, known.users + 1);
            }
            if (budget.tryOpenHandle()) {
                HandleCell cell = new HandleCell(k, stripeCount);
                if (list(cell)) {
                    return new Shared(cell, 1);
                }
                budget.handleClosed();
            }
            return null;
        });
        return shared == null ? null : shared.cell;
    }

    /** Removes entries of sealed cells from the map: not the drainer's work, as the map has locks. */
    private void forgetSealed() {
        if (sealed.get() != null) {
            for (HandleCell s = sealed.getAndSet(null); s != null; s = s.nextSealed) {
                HandleCell cell = s;
                handles.computeIfPresent(cell.key(), (key, known) -> known.cell == cell ? null : known);
            }
        }
    }

    /** Makes a cell known to the drainer, before anyone can add to it. */
    private boolean list(HandleCell cell) {
        while (true) {
            HandleCell first = handleCells.get();
            if (first == NO_MORE_HANDLES) {
                return false;
            }
            cell.next = first;
            if (handleCells.compareAndSet(first, cell)) {
                return true;
            }
        }
    }

    /**
     * Gives a handle back, once for each {@link #openHandle}; after the last, the next drain closes the
     * cell, unless somebody opens it again before.
     */
    public void closeHandle(HandleCell cell) {
        forgetSealed();
        handles.computeIfPresent(cell.key(), (key, known) -> {
            if (known.cell != cell) {
                return known;
            }
            if (known.users == 1) {
                cell.startClosing();
            }
            return new Shared(cell, known.users - 1);
        });
    }

    /** Adds by a handle; {@link AddOutcome#CLOSED} if it, or the store, was closed before. */
    public AddOutcome add(HandleCell cell, long delta, boolean reserved) {
        if (fitsCell(delta)) {
            AddOutcome outcome = cell.add(delta);
            if (outcome != AddOutcome.LARGE_LIMIT) {
                return outcome;
            }
        }
        return large.add(cell.key(), delta, reserved);
    }

    /**
     * Takes every sum out of the cells. If it throws, what was taken is in the collector, the rest is
     * still here, and it may be called again. For one thread at a time.
     *
     * @param close whether nothing may be added from now on
     * @param endOfPeriod whether keys that were not added to since the last call that said so may go
     */
    public void drain(Collector collector, boolean close, boolean endOfPeriod) {
        if (close) {
            closing = true;
            while (bulksUnderWay.get() > 0) {
                Thread.onSpinWait(); // a bulk does not block
            }
            strings.close();
            bytes.close();
        }
        boolean pressure = budget.takePressure();
        boolean idleStrings = endOfPeriod && strings.mostlyIdle();
        boolean idleBytes = endOfPeriod && bytes.mostlyIdle();
        strings.drain(collector, pressure || idleStrings);
        bytes.drain(collector, pressure || idleBytes);
        drainHandles(collector, close);
        large.drain(collector, close);
        if (endOfPeriod) {
            strings.observe();
            bytes.observe();
        }
    }

    /**
     * What has been added to a key, in whatever way, and not been drained: exact if no drain overlaps with
     * this call, which is for the caller to find out. Takes no lock that writers or the drainer take.
     *
     * @param key valid by {@link KeyRules}
     * @param utf8 the same
     */
    public long sum(String key, byte[] utf8) {
        // An open handle's cell is in the map, and a closed one's until it has been drained.
        Shared shared = handles.get(key);
        return strings.sum(key, 0, 0)
                + bytes.sum(utf8, 0, utf8.length)
                + (shared == null ? 0 : shared.cell.sum())
                + large.sum(key, utf8);
    }

    private void drainHandles(Collector collector, boolean close) {
        HandleCell first = handleCells.get();
        if (close) {
            while (first != NO_MORE_HANDLES && !handleCells.compareAndSet(first, NO_MORE_HANDLES)) {
                first = handleCells.get();
            }
            if (first != NO_MORE_HANDLES) {
                sealing = first;
            }
            for (; sealing != null; sealing = sealing.next) {
                sealing.seal(collector);
            }
            return;
        }
        HandleCell previous = null;
        for (HandleCell cell = first; cell != null; cell = cell.next) {
            if (!cell.takeToSeal()) {
                cell.collect(collector);
                previous = cell;
            } else {
                cell.seal(collector);
                // The top changes under us: if it has, the cell goes with the next drain.
                if (previous != null) {
                    previous.next = cell.next;
                    unlisted(cell);
                } else if (handleCells.compareAndSet(cell, cell.next)) {
                    unlisted(cell);
                } else {
                    previous = cell;
                }
            }
        }
    }

    private void unlisted(HandleCell cell) {
        budget.handleClosed();
        do {
            cell.nextSealed = sealed.get();
        } while (!sealed.compareAndSet(cell.nextSealed, cell));
    }

    /** How many distinct keys are in use, about. */
    public long keysInUse() {
        return budget.keysInUse();
    }

    /** How many there may be. */
    public long keysMax() {
        return budget.keysMax();
    }

    /** How often a table was found crowded, by chance or by somebody's choice of keys, and given a keyed hash. */
    public long crowdedTables() {
        return strings.keyedTables() + bytes.keyedTables();
    }
}
