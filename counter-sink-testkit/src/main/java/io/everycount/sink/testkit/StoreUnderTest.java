// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.QuarantinedEntry;
import java.util.List;
import java.util.Map;

/**
 * One store, its own for each test, and what the kit needs to see and to do to it. The kit closes the
 * sinks that it opened, then the store.
 *
 * <p>What the kit reads here should come from the store itself and not through the sink, so that a sink
 * cannot vouch for itself. Called from the test's thread, except {@link #openSink}'s sinks, which are
 * called from several.
 */
public interface StoreUnderTest extends AutoCloseable {
    /**
     * Opens a sink on this store. Called several times: the sinks then share the store, as those of
     * several processes do. Their timeouts should be short, and below {@link CounterSinkContract#patience}.
     */
    CounterSink openSink();

    /** Every key's total, as committed. Keys with a total of 0 may be left out. */
    Map<String, Long> totals();

    /** One key's total, read as an application would; 0 for a key never counted. */
    default long total(String key) {
        return totals().getOrDefault(key, 0L);
    }

    /** Everything in quarantine, of all instances, in any order. */
    List<QuarantinedEntry> quarantined();

    /** Every gap written down, in any order. The kit does not compare {@link Gap#ownerToken}. */
    List<Gap> gaps();

    /**
     * An entry that the store will refuse; see {@link Capability#QUARANTINE}. The default lets the
     * key's total overflow.
     *
     * @param key a key that the test does not use otherwise; take another if the refusal lies in the key
     */
    default PoisonEntry poison(String key) {
        return new PoisonEntry(key, Long.MAX_VALUE, 1);
    }

    /**
     * Makes the next {@link CounterSink#write} on this store fail after as much of its work as possible
     * and before its commit; see {@link Capability#FAILURE}. In a database, a cut connection.
     */
    default void failNextWrite() {
        throw missing(Capability.FAILURE, "failNextWrite()");
    }

    /**
     * Makes the reply to the next {@link CounterSink#write} on this store get lost after the write was
     * committed; see {@link Capability#LOST_REPLY}. For a database, a proxy that drops the answer to a
     * commit. The loss must happen below the sink: what is proven is what the sink makes of it.
     */
    default void loseNextReply() {
        throw missing(Capability.LOST_REPLY, "loseNextReply()");
    }

    /**
     * Holds up every write that touches a key, from now until the stall is closed; see {@link
     * Capability#STALL}. A write must be held after it has checked its guard: in a database, by a row
     * lock that another connection has on the key's total.
     *
     * @param key a key that has been counted before
     */
    default Stall stall(String key) {
        throw missing(Capability.STALL, "stall(String)");
    }

    /**
     * Remembers the store as it is: totals, ledger, quarantine and gaps; see {@link Capability#REWIND}.
     *
     * @return brings the remembered state back, under the same store id, while sinks are open
     */
    default Runnable snapshot() {
        throw missing(Capability.REWIND, "snapshot()");
    }

    /** Removes the store. */
    @Override
    default void close() {}

    private static UnsupportedOperationException missing(Capability capability, String hook) {
        return new UnsupportedOperationException(
                "the test declares Capability." + capability + ", so its StoreUnderTest has to override " + hook);
    }
}
