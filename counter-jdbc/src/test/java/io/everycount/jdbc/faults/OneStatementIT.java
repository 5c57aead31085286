// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the library is for: many increments, one statement. */
@Tag(PostgresServer.OWN_SERVER)
class OneStatementIT {
    private static final int INCREMENTS = 100_000;
    private static final int THREADS = 64;
    private static final int KEYS = 100;
    private static final int SAMPLE = 2_000;

    @Test
    void aHundredThousandIncrementsAreOneStatementInOneTransaction() throws Exception {
        PostgresServer server = Faulty.server();
        try (TestDatabase database = server.newDatabase()) {
            database.logStatements();
            Map<String, Long> expected = new TreeMap<>();
            for (int i = 0; i < INCREMENTS; i++) {
                expected.merge(key(i), 1L, Long::sum);
            }
            long[] nanos = new long[1];
            List<String> statements;
            try (JdbcCounterSink sink = JdbcCounterSink.builder(database.jdbcUrl(), server.user(), server.password())
                            .build();
                    CounterCache cache = CounterCache.builder(sink)
                            .flushOnlyWhenAsked()
                            .ledgerCheckInterval(Duration.ofHours(1))
                            .build()) {
                Await.until("registration", () -> !cache.stats().sinks().get(0).failing());
                statements = database.statementsOf(() -> nanos[0] = countAndFlush(cache));
            }
            assertThat(statements).as("statements in the server's log").hasSize(1);
            assertThat(statements.get(0)).contains("INSERT INTO everycount_counter", "UPDATE everycount_instance");
            assertThat(Books.of(database).totals()).isEqualTo(expected);
            assertThat(database.query("SELECT DISTINCT xmin FROM everycount_counter"
                            + " UNION SELECT xmin FROM everycount_instance WHERE last_record > 0"))
                    .as("transactions that wrote the totals and the mark")
                    .hasSize(1);

            long oneByOne = oneByOne(database) / SAMPLE * INCREMENTS;
            System.out.printf(
                    "%,d increments: %.1f ms, one insert for each would take %.1f s: %.0f times%n",
                    INCREMENTS, nanos[0] / 1e6, oneByOne / 1e9, (double) oneByOne / nanos[0]);
        }
    }

    private static String key(int i) {
        return "key-" + i % KEYS;
    }

    private static long countAndFlush(CounterCache cache) {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            long start = System.nanoTime();
            List<Future<?>> counting = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int first = t;
                counting.add(threads.submit(() -> {
                    for (int i = first; i < INCREMENTS; i += THREADS) {
                        cache.increment(key(i));
                    }
                }));
            }
            for (Future<?> each : counting) {
                each.get(Await.MAX.toSeconds(), TimeUnit.SECONDS);
            }
            cache.flush(Await.MAX);
            return System.nanoTime() - start;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        } finally {
            threads.shutdownNow();
        }
    }

    /** The way without a cache, on one connection, into a table of its own. */
    private static long oneByOne(TestDatabase database) throws SQLException {
        database.execute("ALTER DATABASE " + database.name() + " RESET log_statement");
        database.execute("CREATE TABLE one_by_one (key text PRIMARY KEY, value bigint NOT NULL)");
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement insert = connection.prepareStatement("INSERT INTO one_by_one AS o VALUES (?, 1)"
                        + " ON CONFLICT (key) DO UPDATE SET value = o.value + 1")) {
            long start = System.nanoTime();
            for (int i = 0; i < SAMPLE; i++) {
                insert.setString(1, key(i));
                insert.executeUpdate();
            }
            return System.nanoTime() - start;
        }
    }
}
