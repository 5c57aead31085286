// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.peers;

import io.everycount.CounterCache;
import io.everycount.http.CounterServer;
import io.everycount.sink.InMemorySink;

/** The HTTP adapter as it is, on a sink in memory: the others have no database either. */
public final class AdapterPeer {
    private AdapterPeer() {}

    /** Takes the port. */
    public static void main(String[] args) throws Exception {
        CounterCache counters = CounterCache.builder(new InMemorySink()).build();
        CounterServer.builder(counters)
                .listen("127.0.0.1", Integer.parseInt(args[0]))
                .start();
    }
}
