// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.cell.SipHash;
import java.util.UUID;

/** The names under which an instance with a journal is known to its sinks. */
final class InstanceIds {
    private InstanceIds() {}

    /**
     * Another one for each sink, so that two sinks that lead to one store do not take each other's ledger entry; the
     * same one after each restart.
     *
     * @param instanceId the journal's; the first sink's own
     * @param sink from 0, in the order in which they were given
     */
    static UUID ofSink(UUID instanceId, int sink) {
        return sink == 0 ? instanceId : new UUID(half(instanceId, sink, 0), half(instanceId, sink, 1));
    }

    private static long half(UUID id, int sink, int which) {
        return new SipHash(id.getMostSignificantBits(), id.getLeastSignificantBits())
                .update(sink)
                .update(which)
                .finish();
    }
}
