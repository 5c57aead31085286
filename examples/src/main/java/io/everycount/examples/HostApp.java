// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.Counter;
import io.everycount.CounterCache;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import java.time.Duration;

/** Everycount in a host application. Yours has its Postgres already; this one brings its own. */
public final class HostApp {
    private HostApp() {}

    /** Counts a little and prints the totals. */
    public static void main(String[] arguments) throws InterruptedException {
        try (PostgresServer postgres = PostgresServer.builder().start();
                JdbcCounterSink sink = JdbcCounterSink.builder(
                                postgres.jdbcUrl("postgres"), postgres.user(), postgres.password())
                        .build();
                CounterCache counters = CounterCache.builder(sink)
                        .flushInterval(Duration.ofMillis(500))
                        .build()) {

            // From any thread, at any rate: in memory now, in Postgres with the next flush.
            counters.increment("page:/home");
            counters.add("bytes:out", 5_120);

            // A handle, for a key that is counted all the time.
            try (Counter requests = counters.counter("requests")) {
                for (int i = 0; i < 1_000; i++) {
                    requests.increment();
                }
            }

            // An increment that somebody waits for: tells when it is in Postgres.
            counters.addAsync("orders:paid", 1)
                    .thenRun(() -> System.out.println("the order is in Postgres"))
                    .toCompletableFuture()
                    .join();

            // Everything counted so far is in Postgres when this returns.
            counters.flush(Duration.ofSeconds(10));
            sink.totals()
                    .page("", null, 100)
                    .entries()
                    .forEach(total -> System.out.printf("%-12s %,6d%n", total.key(), total.value()));
        } // Closing writes what is left, and throws if that was not possible.
    }
}
