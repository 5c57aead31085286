// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.jdbc.CounterTotals;
import io.everycount.sink.InMemorySink;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** How often the database is read for the page. */
class DatabaseLookTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private static CounterStats stats() {
        try (CounterCache cache = CounterCache.builder(new InMemorySink()).build()) {
            return cache.stats();
        }
    }

    private static DatabaseLook failing(String sqlState) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource() {
            private static final long serialVersionUID = 1L;

            @Override
            public Connection getConnection() throws SQLException {
                throw new SQLException("no", sqlState);
            }
        };
        return DatabaseLook.of(CounterTotals.of(dataSource, "everycount_"), stats());
    }

    private static DatabaseLook thatTook(DatabaseLook look, long seconds) {
        return new DatabaseLook(
                look.problem(), look.instances(), look.greatest(), look.behind(), seconds * SECOND, look.worked());
    }

    @Test
    void one_that_was_too_much_for_it_is_not_repeated_at_once() {
        DatabaseLook cancelled = failing("57014");
        assertThat(cancelled.problem()).isEqualTo("The database took too long to read.");
        assertThat(thatTook(cancelled, 10).restNanos()).isEqualTo(100 * SECOND);
    }

    @Test
    void one_that_is_away_is_asked_again_soon() {
        DatabaseLook away = failing("08001");
        assertThat(away.problem()).isEqualTo("The database did not answer.");
        assertThat(thatTook(away, 5).restNanos()).isEqualTo(2 * SECOND);
        assertThat(failing("57P03").worked()).isFalse();
    }
}
