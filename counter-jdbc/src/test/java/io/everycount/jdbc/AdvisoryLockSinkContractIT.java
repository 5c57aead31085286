// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.testkit.Capability;
import io.everycount.sink.testkit.CounterSinkContract;
import io.everycount.sink.testkit.StoreUnderTest;
import java.util.EnumSet;
import java.util.Set;

class AdvisoryLockSinkContractIT extends CounterSinkContract {
    @Override
    protected StoreUnderTest emptyStore() {
        return new PostgresStore(builder -> builder.contention(Contention.ADVISORY_LOCK));
    }

    @Override
    protected Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }
}
