// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import io.everycount.jdbc.testing.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a database holds, read by plain JDBC: totals, and what is in quarantine and nobody has released. Sums
 * are modulo 2^64, as everywhere.
 */
public record Books(Map<String, Long> totals, Map<String, Long> held, long gaps) {
    private static final String ALL = """
            SELECT 'total', convert_to(key, 'UTF8'), value FROM everycount_counter
            UNION ALL
            SELECT 'held', key, delta FROM everycount_quarantine WHERE resolution IS DISTINCT FROM 'released'
            UNION ALL
            SELECT 'gap', ''::bytea, delta_sum FROM everycount_gap""";

    /** Everything in one snapshot. */
    public static Books of(TestDatabase database) {
        Map<String, Long> totals = new HashMap<>();
        Map<String, Long> held = new HashMap<>();
        long gaps = 0;
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(ALL)) {
            while (rows.next()) {
                String key = new String(rows.getBytes(2), StandardCharsets.UTF_8);
                long amount = rows.getLong(3);
                switch (rows.getString(1)) {
                    case "total" -> totals.put(key, amount);
                    case "held" -> held.merge(key, amount, Long::sum);
                    default -> gaps += amount;
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return new Books(totals, held, gaps);
    }

    /** Stored and quarantined, less accepted, for every key where that is not 0: a positive one was counted twice. */
    public Map<String, Long> difference(Map<String, Long> accepted) {
        Map<String, Long> difference = new TreeMap<>(totals);
        held.forEach((key, amount) -> difference.merge(key, amount, Long::sum));
        accepted.forEach((key, amount) -> difference.merge(key, -amount, Long::sum));
        difference.values().removeIf(amount -> amount == 0);
        return difference;
    }

    /** The sum of all, modulo 2^64. */
    public static long sum(Map<String, Long> amounts) {
        return amounts.values().stream().mapToLong(Long::longValue).sum();
    }
}
