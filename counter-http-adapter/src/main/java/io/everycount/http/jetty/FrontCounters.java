// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.jetty;

import java.util.concurrent.atomic.LongAdder;

/** What is counted of connections; see {@link FrontStats}. */
final class FrontCounters {
    final LongAdder accepted = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder slowHeads = new LongAdder();
    final LongAdder slowBodies = new LongAdder();
    final LongAdder slowReaders = new LongAdder();
    final LongAdder malformed = new LongAdder();

    FrontStats toStats(int open) {
        return new FrontStats(
                open,
                accepted.sum(),
                refused.sum(),
                slowHeads.sum(),
                slowBodies.sum(),
                slowReaders.sum(),
                malformed.sum());
    }
}
