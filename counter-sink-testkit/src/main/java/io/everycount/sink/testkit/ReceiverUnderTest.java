// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import io.everycount.sink.CounterSink;
import java.util.Map;

/** The other end of a sink that delivers at least once, its own for each test. */
public interface ReceiverUnderTest extends AutoCloseable {
    /** Opens the sink. Called once; the kit closes it before this. */
    CounterSink openSink();

    /**
     * The sum of the deltas that arrived, by key, of every {@link CounterSink#write} that has returned.
     * Keys with a sum of 0 may be left out.
     */
    Map<String, Long> received();

    /** Makes the next write fail before any of it arrives; see {@link Capability#FAILURE}. */
    default void failNextWrite() {
        throw new UnsupportedOperationException("Capability.FAILURE is declared: override failNextWrite()");
    }

    /** Makes the confirmation of the next write get lost after it arrived; see {@link Capability#LOST_REPLY}. */
    default void loseNextReply() {
        throw new UnsupportedOperationException("Capability.LOST_REPLY is declared: override loseNextReply()");
    }

    /** Releases what the test holds. */
    @Override
    default void close() {}
}
