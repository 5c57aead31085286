// SPDX-License-Identifier: Apache-2.0
package io.everycount.cell;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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
 * <p>Every addition changes exactly one of these sums by a compare-and-set, from a value that it has
 * seen to be live; so a sealed sum is never added to, and no sum leaves the live range. The drainer
 * takes a sum by an atomic exchange. Sealing ends in a state without a way in: the base is sealed, and
 * so is every stripe, or the closed stripes have been set where there were none.
 */
public final class HandleCell extends HandleCellBase {
    private static final int STRIDE = 16;
    private static final long[] CLOSED_STRIPES = new long[0];
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

    /** Null until two writers meet. */
    private volatile long @Nullable [] stripes;

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
        if (sums == CLOSED_STRIPES) {
            return false;
        }
        int index = indexOf(stripeOfThread());
        long sum = (long) SUM.getVolatile(sums, index);
        return Table.isLive(sum) && SUM.compareAndSet(sums, index, sum, sum + delta);
    }

    /** From the upper bits, as for lanes: in lower ones, threads with consecutive ids can meet. */
    private int stripeOfThread() {
        return (int) (Thread.currentThread().getId() * 0x9e3779b97f4a7c15L >>> stripeShift);
    }

    private int indexOf(int stripe) {
        return ((stripe & stripeCount - 1) + 1) * STRIDE;
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
        long[] sums = stripes;
        if (sums == null) {
            sums = new long[(stripeCount + 1) * STRIDE];
            if (!STRIPES.compareAndSet(this, null, sums)) {
                sums = stripes;
            }
        }
        if (sums == null || sums == CLOSED_STRIPES) {
            return AddOutcome.CLOSED;
        }
        int stripe = stripeOfThread();
        while (true) {
            int index = indexOf(stripe);
            long sum = (long) SUM.getVolatile(sums, index);
            if (!Table.isLive(sum)) {
                return refused(sum);
            }
            if (SUM.compareAndSet(sums, index, sum, sum + delta)) {
                return AddOutcome.COUNTED;
            }
            stripe++;
        }
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
        long[] sums = stripes;
        if (sums != null) {
            for (int i = STRIDE; i < sums.length; i += STRIDE) {
                sum += unlessSealed((long) SUM.getVolatile(sums, i));
            }
        }
        return sum;
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
        long[] sums = stripes;
        if (sums != null) {
            for (int i = STRIDE; i < sums.length; i += STRIDE) {
                if ((long) SUM.getVolatile(sums, i) != 0) {
                    collector.makeRoom();
                    collector.put(key, (long) SUM.getAndSet(sums, i, 0L));
                }
            }
        }
    }

    /** Takes the sums and lets no addition in any more. For the drainer; may be called again if it failed half way. */
    void seal(Collector collector) {
        collector.makeRoom();
        putUnlessSealed(collector, (long) BASE.getAndSet(this, Table.SEALED));
        STRIPES.compareAndSet(this, null, CLOSED_STRIPES);
        long[] sums = stripes;
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
