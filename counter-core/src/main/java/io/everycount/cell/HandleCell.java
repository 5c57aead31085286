// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Keeps {@link HandleCell#base} away from whatever lies before it in memory. */
abstract class HandleCellPadding {
    @SuppressWarnings("unused")
    private long p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13;
}

/** The sum itself, between two paddings. */
abstract class HandleCellBase extends HandleCellPadding {
    volatile long base;
}

/**
 * The cell of a bound handle: one sum, and 128-byte stripes beside it once writers meet (the scheme of
 * LongAdder, Doug Lea; JDK, class Striped64).
 *
 * <p>Every addition changes exactly one of these sums: the base by a compare-and-set, from a value that it has
 * seen to be live, or a stripe by one atomic addition, which tells what was there before. Guarantees:
 *
 * <ol>
 *   <li>A stripe that was sealed takes late additions, which do not count, and say so. Each thread makes at most
 *       one: the stripes are taken away before they are sealed, and every call looks for them anew. A sealed sum
 *       is in the middle of a range that so few cannot leave (see {@link Table}).
 *   <li>Nor does a sum leave the range of those that are not sealed: whoever finds one beyond the live range has
 *       counted, and takes the stripes away, until they have been drained, before it returns.
 *   <li>Sealing ends in a state without a way in: the base is sealed, and the stripes are closed, whether there were
 *       any or not. The drainer takes every sum by an atomic exchange.
 * </ol>
 */
public final class HandleCell extends HandleCellBase {
    private static final int STRIDE = 16;
    private static final long[] CLOSED_STRIPES = new long[0];
    private static final long[] FULL_STRIPES = new long[0];
    private static final int OPEN = 0;

    /** Nobody has it open; the drainer may seal it, or somebody may open it again, whoever is first. */
    private static final int CLOSING = 1;

    private static final int SEALED = 2;
    private static final VarHandle STATE;
    private static final VarHandle BASE;
    private static final VarHandle STRIPES;
    private static final VarHandle SUM = MethodHandles.arrayElementVarHandle(long[].class);

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            BASE = lookup.findVarHandle(HandleCellBase.class, "base", long.class);
            STATE = lookup.findVarHandle(HandleCell.class, "state", int.class);
            STRIPES = lookup.findVarHandle(HandleCell.class, "stripes", long[].class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final String key;

    private final int stripeCount;

    private final int stripeShift;

    /** Null until two writers meet; {@link #FULL_STRIPES} until the next drain; {@link #CLOSED_STRIPES} for good. */
    private volatile long @Nullable [] stripes;

    /** The stripes, once {@link #stripes} says that nobody may add to them; there is only one array ever. */
    private volatile long @Nullable [] setAside;

    /** {@link #OPEN}, {@link #CLOSING} or {@link #SEALED}; changed by compare-and-set only. */
    private volatile int state = OPEN;

    /** The next cell in the store's list; for the drainer once published. */
    @Nullable
    HandleCell next;

    /** The next cell that the drainer has sealed and unlisted. */
    @Nullable
    HandleCell nextSealed;

    /**
     * @param stripeCount a power of two
     */
    HandleCell(String key, int stripeCount) {
        this.key = key;
        this.stripeCount = stripeCount;
        this.stripeShift = Long.numberOfLeadingZeros(stripeCount - 1L);
    }

    /** The counter's key. */
    public String key() {
        return key;
    }

    /**
     * Adds, if that goes at the first attempt.
     *
     * @return false if nothing was counted, for whatever reason: {@link CellStore#add(HandleCell, long, boolean)}
     *     takes it from there
     */
    public boolean tryAdd(long delta) {
        if (CellStore.isLarge(delta)) {
            return false;
        }
        long[] sums = stripes;
        if (sums == null) {
            long sum = base;
            return Table.isLive(sum) && BASE.compareAndSet(this, sum, sum + delta);
        }
        return sums.length != 0 && tryAdd(sums, delta);
    }

    private boolean tryAdd(long[] sums, long delta) {
        // From the upper bits, as for lanes: in lower ones, threads with consecutive ids can meet.
        int stripe = (int) (Thread.currentThread().getId() * 0x9e3779b97f4a7c15L >>> stripeShift);
        long previous = (long) SUM.getAndAdd(sums, (stripe + 1) * STRIDE, delta);
        return Table.isLive(previous) || isCountedBeyond(sums, previous);
    }

    /** Whether an addition counted that has found a sum not live; if so, nobody adds to the stripes before a drain. */
    private boolean isCountedBeyond(long[] sums, long previous) {
        if (Table.isSealed(previous)) {
            return false;
        }
        setAside = sums;
        STRIPES.compareAndSet(this, sums, FULL_STRIPES);
        return true;
    }

    /**
     * Adds.
     *
     * @param delta at most {@link Table#DELTA_MAX} either way
     * @return {@link AddOutcome#COUNTED}; {@link AddOutcome#CLOSED}; or {@link AddOutcome#LARGE_LIMIT} if the
     *     sum is near the end of its range, so that the delta must go elsewhere until the next drain
     */
    AddOutcome add(long delta) {
        if (stripes == null) {
            long sum = base;
            if (!Table.isLive(sum)) {
                return refused(sum);
            }
            if (BASE.compareAndSet(this, sum, sum + delta)) {
                return AddOutcome.COUNTED;
            }
        }
        return addToStripe(delta);
    }

    private static AddOutcome refused(long sum) {
        return Table.isSealed(sum) ? AddOutcome.CLOSED : AddOutcome.LARGE_LIMIT;
    }

    private AddOutcome addToStripe(long delta) {
        long[] sums = split();
        if (sums == FULL_STRIPES) {
            return AddOutcome.LARGE_LIMIT;
        }
        return sums != CLOSED_STRIPES && tryAdd(sums, delta) ? AddOutcome.COUNTED : AddOutcome.CLOSED;
    }

    /** The stripes, which are made if there are none; may be those that take nothing. */
    long[] split() {
        long[] sums = stripes;
        if (sums == null) {
            sums = new long[(stripeCount + 1) * STRIDE];
            if (!STRIPES.compareAndSet(this, null, sums)) {
                sums = Objects.requireNonNull(stripes);
            }
        }
        return sums;
    }

    /** Nobody has it open any more. */
    void startClosing() {
        STATE.compareAndSet(this, OPEN, CLOSING);
    }

    /** Somebody wants it again; false if it has been sealed. */
    boolean reopen() {
        return STATE.compareAndSet(this, CLOSING, OPEN);
    }

    /** Whether the drainer is to seal it now, after which nobody can open it again. For the drainer. */
    boolean takeToSeal() {
        return state == SEALED || STATE.compareAndSet(this, CLOSING, SEALED);
    }

    /** What is in it. Takes no lock and changes nothing. */
    long sum() {
        long sum = unlessSealed(base);
        long[] sums = allStripes();
        if (sums != null) {
            for (int i = STRIDE; i < sums.length; i += STRIDE) {
                sum += unlessSealed((long) SUM.getVolatile(sums, i));
            }
        }
        return sum;
    }

    /** The stripes with their sums, whoever may add to them; null if there have never been any. */
    private long @Nullable [] allStripes() {
        long[] sums = stripes;
        return sums == null || sums.length != 0 ? sums : setAside;
    }

    private static long unlessSealed(long sum) {
        return Table.isSealed(sum) ? 0 : sum;
    }

    /** Takes the sums and leaves the cell open. For the drainer. */
    void collect(Collector collector) {
        if (base != 0) {
            collector.makeRoom();
            collector.put(key, (long) BASE.getAndSet(this, 0L));
        }
        long[] sums = allStripes();
        if (sums != null) {
            for (int i = STRIDE; i < sums.length; i += STRIDE) {
                if ((long) SUM.getVolatile(sums, i) != 0) {
                    collector.makeRoom();
                    collector.put(key, (long) SUM.getAndSet(sums, i, 0L));
                }
            }
            STRIPES.compareAndSet(this, FULL_STRIPES, sums);
        }
    }

    /** Takes the sums and lets no addition in any more. For the drainer; may be called again if it failed half way. */
    void seal(Collector collector) {
        collector.makeRoom();
        putUnlessSealed(collector, (long) BASE.getAndSet(this, Table.SEALED));
        long[] open = (long[]) STRIPES.getAndSet(this, CLOSED_STRIPES);
        if (open != null && open.length != 0) {
            setAside = open;
        }
        long[] sums = setAside;
        if (sums != null) {
            for (int i = STRIDE; i < sums.length; i += STRIDE) {
                collector.makeRoom();
                putUnlessSealed(collector, (long) SUM.getAndSet(sums, i, Table.SEALED));
            }
        }
    }

    private void putUnlessSealed(Collector collector, long sum) {
        if (!Table.isSealed(sum)) {
            collector.put(key, sum);
        }
    }
}
