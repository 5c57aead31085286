// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterSink;
import io.everycount.sink.Gap;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.testkit.Stall;
import io.everycount.sink.testkit.StoreUnderTest;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** A database behind a proxy, as the sink test kit wants it. */
final class PostgresStore implements StoreUnderTest {
    private static final List<String> TABLES = List.of("counter", "instance", "quarantine", "gap");

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final TcpProxy proxy = TcpProxy.to(PostgresServer.shared());
    private final UnaryOperator<JdbcCounterSink.Builder> settings;
    private int snapshots;

    PostgresStore(UnaryOperator<JdbcCounterSink.Builder> settings) {
        this.settings = settings;
        CounterSchema.of(database.dataSource(), "everycount_").apply();
    }

    @Override
    public CounterSink openSink() {
        var login = database.dataSource();
        return settings.apply(JdbcCounterSink.builder(database.jdbcUrl(proxy), login.getUser(), login.getPassword())
                        .lockTimeout(Duration.ofSeconds(3))
                        .statementTimeout(Duration.ofSeconds(6))
                        .socketTimeout(Duration.ofSeconds(9)))
                .build();
    }

    @Override
    public Map<String, Long> totals() {
        Map<String, Long> totals = new HashMap<>();
        rows("SELECT key, value FROM everycount_counter", row -> totals.put(row.getString(1), row.getLong(2)));
        return totals;
    }

    @Override
    public List<QuarantinedEntry> quarantined() {
        List<QuarantinedEntry> entries = new ArrayList<>();
        rows(
                "SELECT encode(key, 'hex'), delta, reason FROM everycount_quarantine",
                row -> entries.add(new QuarantinedEntry(
                        new String(HexFormat.of().parseHex(row.getString(1)), StandardCharsets.UTF_8),
                        row.getLong(2),
                        row.getString(3))));
        return entries;
    }

    @Override
    public List<Gap> gaps() {
        List<Gap> gaps = new ArrayList<>();
        rows(
                "SELECT instance_id, owner, from_record, from_digest, to_record, to_digest, delta_sum"
                        + " FROM everycount_gap",
                row -> gaps.add(new Gap(
                        row.getObject(1, UUID.class),
                        row.getObject(2, UUID.class),
                        new Mark(row.getLong(3), row.getLong(4)),
                        new Mark(row.getLong(5), row.getLong(6)),
                        row.getLong(7))));
        return gaps;
    }

    @Override
    public void failNextWrite() {
        proxy.cutAtCommit(TcpProxy.Cut.BEFORE_COMMIT, 1, PostgresStore::moves);
    }

    @Override
    public void loseNextReply() {
        proxy.cutAtCommit(TcpProxy.Cut.AFTER_COMMIT, 1, PostgresStore::moves);
    }

    private static boolean moves(String sql) {
        return sql.contains("UPDATE everycount_instance");
    }

    @Override
    public Stall stall(String key) {
        try {
            Connection holder = database.dataSource().getConnection();
            holder.setAutoCommit(false);
            try (var statement = holder.prepareStatement("SELECT FROM everycount_counter WHERE key = ? FOR UPDATE")) {
                statement.setString(1, key);
                if (!statement.executeQuery().next()) {
                    throw new IllegalArgumentException(key + " has not been counted");
                }
            }
            return new RowLock(holder);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private final class RowLock implements Stall {
        private final Connection holder;

        RowLock(Connection holder) {
            this.holder = holder;
        }

        @Override
        public boolean isHolding() {
            return database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                            + " AND wait_event_type = 'Lock'")
                    > 0;
        }

        @Override
        public void close() {
            try {
                holder.close();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public Runnable snapshot() {
        String suffix = "_" + ++snapshots;
        for (String table : TABLES) {
            database.execute("CREATE TABLE was_" + table + suffix + " AS TABLE everycount_" + table);
        }
        return () -> {
            StringBuilder sql = new StringBuilder("BEGIN;");
            for (String table : TABLES) {
                sql.append("TRUNCATE everycount_").append(table).append(";");
                sql.append("INSERT INTO everycount_").append(table);
                sql.append(" OVERRIDING SYSTEM VALUE TABLE was_")
                        .append(table)
                        .append(suffix)
                        .append(";");
            }
            database.execute(sql + "COMMIT");
        };
    }

    @Override
    public void close() {
        proxy.close();
        database.close();
    }

    private interface Row {
        void read(ResultSet row) throws SQLException;
    }

    private void rows(String sql, Row each) {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                each.read(rows);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }
}
