// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

/**
 * What a store can be made to do by its tests. The promises below are proven only for a sink whose test
 * declares the capability; the kit prints those that remain unproven.
 */
public enum Capability {
    /** {@link StoreUnderTest#poison} works: there are entries that the store refuses. */
    QUARANTINE("an entry that the store refuses is set aside, and the rest of its batch applies"),
    /** {@code failNextWrite()} works. */
    FAILURE("a write that fails before its commit changes nothing"),
    /** {@code loseNextReply()} works. */
    LOST_REPLY("a write whose reply is lost is reported as retriable, and the ledger knows that it applied"),
    /** {@link StoreUnderTest#stall} works. */
    STALL("calls are bounded in time, and the ledger is not overtaken by a write still under way"),
    /** {@link StoreUnderTest#snapshot} works. */
    REWIND("a store that went back in time shows it, and a replay heals it");

    private final String promise;

    Capability(String promise) {
        this.promise = promise;
    }

    /** What is proven with this capability, in a sentence. */
    public String promise() {
        return promise;
    }
}
