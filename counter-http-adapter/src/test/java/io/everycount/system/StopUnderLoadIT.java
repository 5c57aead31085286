// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** SIGTERM under load: every request gets its answer, and every acknowledged one is stored. */
class StopUnderLoadIT {
    private static final int CONNECTIONS = 40;
    private static final int ANSWERS_EACH_MIN = 20;
    private static final int ROUNDS = 20;
    private static final int ROUNDS_AT_ONCE = 3;

    private int answers;
    private int closings;
    private int refusals;
    private int late;

    @Test
    void no_request_goes_unanswered_and_none_that_was_acknowledged_is_lost() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase()) {
            for (int round = 0; round < ROUNDS; round++) {
                round(database, "stop:" + round + ":", "300ms");
            }
            assertThat(closings)
                    .as("answers that close their connection: once at the end, and more while draining")
                    .isGreaterThan(2 * ROUNDS * CONNECTIONS);
            report("SIGTERM under load, 300 ms of draining,", ROUNDS);
        }
    }

    @Test
    void nor_without_any_time_to_drain() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase()) {
            for (int round = 0; round < ROUNDS_AT_ONCE; round++) {
                round(database, "at-once:" + round + ":", "0s");
            }
            report("SIGTERM under load, no time to drain,", ROUNDS_AT_ONCE);
        }
    }

    private void report(String what, int rounds) {
        System.out.printf(
                Locale.ROOT,
                "%s: %,d answers, %,d of them 503, 0 unanswered, %d sent to connections already closing;"
                        + " exits 0, exact%n",
                what + " " + rounds + " times",
                answers,
                refusals,
                late);
        assertThat(late)
                .as("requests of which nobody knows whether the server closed first")
                .isLessThan(rounds * CONNECTIONS / 2);
    }

    private void round(TestDatabase database, String prefix, String drainTime) throws Exception {
        long seed = System.nanoTime();
        String what = prefix + " seed " + seed;
        List<Caller> callers = new ArrayList<>();
        try (Adapter adapter = Adapter.start(database.jdbcUrl(), "--drain-time", drainTime)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                Caller caller = new Caller(adapter.port(), prefix, seed + i);
                callers.add(caller);
                Thread thread = new Thread(caller, "caller-" + i);
                thread.setDaemon(true);
                thread.start();
                threads.add(thread);
            }
            Await.until("all are served", () -> callers.stream().allMatch(c -> c.answers() >= ANSWERS_EACH_MIN));
            adapter.command().terminate();
            int status = adapter.command().status();
            for (Thread thread : threads) {
                thread.join(Await.MAX.toMillis());
                assertThat(thread.isAlive()).as(what).isFalse();
            }
            Map<String, Long> acknowledged = new TreeMap<>();
            for (Caller caller : callers) {
                assertThat(caller.faults()).as(what).isEmpty();
                caller.acknowledged().forEach((key, value) -> acknowledged.merge(key, value, Long::sum));
                answers += caller.answers();
                closings += caller.closings();
                refusals += caller.refusals();
                late += caller.late();
            }
            assertThat(Records.stored(database, prefix)).as(what).isEqualTo(acknowledged);
            assertThat(status).as(adapter.command().toString()).isZero();
            assertThat(adapter.command().lastLine())
                    .isEqualTo(String.format(
                            Locale.ROOT, "Stopped. Everything accepted is persisted: %,d", Records.sum(acknowledged)));
        }
    }
}
