// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CloseReport;
import io.everycount.jdbc.Contention;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Several caches count the same hot keys, and one after another of them is killed. */
class SeveralInstancesFaultsIT {
    private static final int KILLED = 6;
    private static final String VICTIM = "victim";

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final TcpProxy proxy = TcpProxy.to(PostgresServer.shared());
    private final List<Run> runs = new ArrayList<>();

    @AfterEach
    void close() {
        runs.forEach(Run::close);
        proxy.close();
        database.close();
    }

    private Run start(String name, JdbcCounterSink.Builder sink, Contention contention) {
        Run run = new Run(name, database, sink.contention(contention).build()).traffic("");
        runs.add(run);
        return run;
    }

    private Run survivor(int number, Contention contention) {
        return start("survivor " + number + " " + contention, Faulty.sink(database), contention);
    }

    /** One whose write stays where it waits: a second attempt could take along what came after the first. */
    private Run victim(int number, Contention contention) {
        String url = database.jdbcUrl(proxy);
        String named = url + (url.contains("?") ? "&" : "?") + "ApplicationName=" + VICTIM;
        JdbcCounterSink.Builder sink = Faulty.sink(database, named)
                .socketTimeout(Await.MAX.plusSeconds(2))
                .statementTimeout(Await.MAX.plusSeconds(1))
                .lockTimeout(Await.MAX);
        return start("victim " + number + " " + contention, sink, contention);
    }

    @ParameterizedTest
    @EnumSource
    void whatAKilledCacheReportsIsExactlyWhatIsMissing(Contention contention) throws SQLException {
        Run first = survivor(1, contention);
        Run second = survivor(2, contention);
        Map<String, Long> accepted = new HashMap<>();
        List<CloseReport> reports = new ArrayList<>();
        first.add("hot", 1);
        first.flush();
        for (int i = 0; i < KILLED; i++) {
            Run victim = victim(i, contention);
            victim.flush();
            switch (i % 3) {
                case 0 -> reports.add(victim.kill());
                case 1 -> {
                    // In the middle of a write that will be applied.
                    try (Faulty.Session session = holdHotRow()) {
                        reports.add(killInFlight(victim));
                    }
                }
                default -> {
                    // In the middle of a write that will not.
                    try (Faulty.Session session = holdHotRow()) {
                        reports.add(killInFlight(victim));
                        proxy.cutNow();
                        victim.awaitDead();
                        // A server does not notice by itself that its client has gone, and would go on.
                        database.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                                + " WHERE application_name = '" + VICTIM + "' AND datname = current_database()");
                    }
                }
            }
            victim.awaitDead();
            victim.accepted().forEach((key, sum) -> accepted.merge(key, sum, Long::sum));
            CloseReport report = reports.get(i);
            // A write that ended while the report was made may be in both of the first two.
            assertThat(Books.sum(victim.accepted()) - Books.sum(report.unsaved()))
                    .as("accepted and not unsaved, of victim %s", i)
                    .isIn(report.stats().persisted(), report.stats().persisted() + Books.sum(report.unknown()));
            first.flush();
            second.flush();
        }
        for (Run survivor : List.of(first, second)) {
            survivor.closeCompletely();
            survivor.accepted().forEach((key, sum) -> accepted.merge(key, sum, Long::sum));
        }

        Map<String, Long> difference = Books.of(database).difference(accepted);
        reports.forEach(report -> report.unsaved().forEach((key, sum) -> difference.merge(key, sum, Long::sum)));
        assertThat(subsets(reports).map(SeveralInstancesFaultsIT::unknownOf))
                .as("sums of unknown writes, one of which is all that is missing beyond what is unsaved")
                .contains(negative(difference));
        assertThat(reports.stream().filter(report -> !report.unknown().isEmpty()))
                .hasSizeGreaterThanOrEqualTo(KILLED / 3 * 2);
        assertThat(reports.stream().filter(report -> !report.unsaved().isEmpty()))
                .hasSizeGreaterThanOrEqualTo(KILLED / 3 * 2);
        assertThat(first.heard().failures("40P01") + second.heard().failures("40P01"))
                .as("deadlocks")
                .isZero();
    }

    private static CloseReport killInFlight(Run victim) {
        victim.add("hot", 1);
        // The survivors wait for rows, too: only the victim's own wait says that it is in the middle of a write.
        Faulty.awaitLockWait(victim.database(), VICTIM);
        victim.add("after that write began", 1);
        return victim.kill();
    }

    private Faulty.Session holdHotRow() throws SQLException {
        return new Faulty.Session(database).run("SELECT FROM everycount_counter WHERE key = 'hot' FOR UPDATE");
    }

    private static Stream<List<CloseReport>> subsets(List<CloseReport> all) {
        return IntStream.range(0, 1 << all.size())
                .mapToObj(bits -> IntStream.range(0, all.size())
                        .filter(i -> (bits >> i & 1) == 1)
                        .mapToObj(all::get)
                        .toList());
    }

    private static Map<String, Long> unknownOf(List<CloseReport> reports) {
        Map<String, Long> sums = new TreeMap<>();
        reports.forEach(report -> report.unknown().forEach((key, sum) -> sums.merge(key, sum, Long::sum)));
        sums.values().removeIf(sum -> sum == 0);
        return sums;
    }

    private static Map<String, Long> negative(Map<String, Long> sums) {
        Map<String, Long> negative = new TreeMap<>();
        sums.forEach((key, sum) -> {
            if (sum != 0) {
                negative.put(key, -sum);
            }
        });
        return negative;
    }
}
