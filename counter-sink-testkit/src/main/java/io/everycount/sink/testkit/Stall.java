// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

/** Holds writes up inside the store until it is closed. */
public interface Stall extends AutoCloseable {
    /** Whether a write is being held up right now. Asked again and again, so it must be quick. */
    boolean isHolding();

    /** Lets writes go on. */
    @Override
    void close();
}
