// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import java.util.EnumSet;
import java.util.Set;

class InMemorySinkTest extends CounterSinkContract {
    @Override
    protected StoreUnderTest emptyStore() {
        return new InMemoryStore();
    }

    @Override
    protected Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }
}
