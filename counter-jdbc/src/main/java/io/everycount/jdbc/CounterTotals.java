// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.SinkException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * Reads of the totals as they are in the database: each one statement, one snapshot. Thread-safe.
 *
 * <p>Every method throws a {@link SinkException} if the database could not be read.
 */
public final class CounterTotals {
    /** The most keys that one call asks for or returns. */
    public static final int LIMIT_MAX = 10_000;

    private final Database database;
    private final Sql sql;

    CounterTotals(Database database, Sql sql) {
        this.database = database;
        this.sql = sql;
    }

    /**
     * Totals of a database that another process writes to, with the default timeouts.
     *
     * @param tablePrefix as in {@link JdbcCounterSink.Builder#tablePrefix}
     */
    public static CounterTotals of(DataSource dataSource, String tablePrefix) {
        Objects.requireNonNull(dataSource, "dataSource");
        Sql sql = new Sql(tablePrefix, Waits.DEFAULT, true);
        return new CounterTotals(new Database(dataSource, sql), sql);
    }

    /** One key's total: no entry, or one. */
    public Totals get(String key) {
        return get(List.of(key));
    }

    /**
     * The totals of some keys, in byte order.
     *
     * @throws IllegalArgumentException for more than {@link #LIMIT_MAX} keys
     */
    public Totals get(Collection<String> keys) {
        Object[] wanted = wanted(keys);
        return read(sql.totalsByKeys, query -> query.bindArray("keys", String.class, wanted));
    }

    /**
     * The totals of some keys, in byte order, and up to which record of an instance they have everything:
     * {@link Totals#appliedRecord}. What that instance has on the way, {@code CounterCache.pending}, can be added.
     *
     * @param instanceId a cache's name in this ledger, as its statistics say for each sink
     * @throws IllegalArgumentException for more than {@link #LIMIT_MAX} keys
     */
    public Totals get(Collection<String> keys, UUID instanceId) {
        Object[] wanted = wanted(keys);
        return read(
                sql.totalsByKeysAndMark,
                query -> query.bindArray("keys", String.class, wanted).bind("instance", instanceId));
    }

    private static Object[] wanted(Collection<String> keys) {
        if (keys.size() > LIMIT_MAX) {
            throw new IllegalArgumentException(keys.size() + " keys; at most " + LIMIT_MAX + " can be read at once");
        }
        return keys.stream().filter(CounterTotals::canExist).toArray(String[]::new);
    }

    /**
     * One page of the totals whose keys begin with a prefix, in byte order.
     *
     * @param prefix empty for all keys
     * @param after the last key of the page before; null or empty for the first page
     * @param limit how many at most, up to {@link #LIMIT_MAX}
     */
    public Totals page(String prefix, @Nullable String after, int limit) {
        requireRange(prefix, limit);
        requireAfter(after == null ? "" : after);
        String below = KeyRange.end(prefix);
        return read(below == null ? sql.totalsFrom : sql.totalsByPrefix, query -> {
            bindRange(query, prefix, below);
            query.bind("after", after == null ? "" : after).bind("limit", limit);
        });
    }

    /**
     * The greatest totals whose keys begin with a prefix, greatest first. Reads all of them, unless there
     * is an index on the value.
     *
     * @param prefix empty for all keys
     * @param limit how many at most, up to {@link #LIMIT_MAX}
     */
    public Totals top(String prefix, int limit) {
        requireRange(prefix, limit);
        String below = KeyRange.end(prefix);
        return read(below == null ? sql.totalsTopFrom : sql.totalsTop, query -> {
            bindRange(query, prefix, below);
            query.bind("limit", limit);
        });
    }

    /**
     * The greatest totals below one, greatest first, equal ones in byte order of their keys: the page after one
     * of {@link #top(String, int)} that ended with that total. A counter whose value changes between two pages can
     * be on both, or on neither.
     *
     * @param prefix as for the page before
     * @param afterValue the last total of the page before
     * @param afterKey its key
     * @param limit how many at most, up to {@link #LIMIT_MAX}
     */
    public Totals top(String prefix, long afterValue, String afterKey, int limit) {
        requireRange(prefix, limit);
        requireAfter(afterKey);
        String below = KeyRange.end(prefix);
        return read(below == null ? sql.totalsTopFromAfter : sql.totalsTopAfter, query -> {
            bindRange(query, prefix, below);
            query.bind("value", afterValue).bind("after", afterKey).bind("limit", limit);
        });
    }

    /**
     * The instances that were seen last, the latest first. Reads the whole ledger, which keeps a row of every instance
     * there ever was.
     *
     * @param limit how many at most, up to {@link #LIMIT_MAX}
     */
    public Instances instances(int limit) {
        requireRange("", limit);
        return Failures.translating(
                "could not read the instances",
                sql.prefix,
                () -> database.read(handle -> InstanceRows.read(database, handle, sql.instances, limit)));
    }

    private Totals read(String statement, Consumer<Query> bind) {
        return Failures.translating(
                "could not read totals", sql.prefix, () -> database.read(handle -> read(handle, statement, bind)));
    }

    private Totals read(Handle handle, String statement, Consumer<Query> bind) {
        List<Total> entries = new ArrayList<>();
        Frame[] frame = new Frame[1];
        try (Query query = database.bounded(handle.createQuery(statement))) {
            bind.accept(query);
            query.map((row, context) -> {
                        String key = row.getString(3);
                        if (key != null) {
                            entries.add(
                                    new Total(key, row.getLong(4), instant(row.getObject(5, OffsetDateTime.class))));
                        }
                        OffsetDateTime flushedAt = row.getObject(2, OffsetDateTime.class);
                        return new Frame(
                                instant(row.getObject(1, OffsetDateTime.class)),
                                flushedAt == null ? null : instant(flushedAt),
                                row.getObject(6, Long.class));
                    })
                    .forEach(row -> frame[0] = row);
        }
        Long applied = frame[0].appliedRecord;
        return new Totals(
                entries,
                frame[0].readAt,
                frame[0].flushedAt,
                applied == null ? OptionalLong.empty() : OptionalLong.of(applied));
    }

    /** What every row says beside its total. */
    private record Frame(
            Instant readAt,
            @Nullable Instant flushedAt,
            @Nullable Long appliedRecord) {}

    private static Instant instant(OffsetDateTime time) {
        return time.toInstant();
    }

    private static void bindRange(Query query, String prefix, @Nullable String below) {
        query.bind("from", prefix);
        if (below != null) {
            query.bind("below", below);
        }
    }

    /** Postgres has no text with a NUL or half a character in it, so nothing can be stored under one. */
    private static boolean canExist(String key) {
        return key.indexOf('\0') < 0
                && key.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    private static void requireAfter(String key) {
        if (!canExist(key)) {
            throw new IllegalArgumentException("a page cannot begin after a key with a NUL or an unpaired surrogate");
        }
    }

    private static void requireRange(String prefix, int limit) {
        if (!canExist(prefix)) {
            throw new IllegalArgumentException("a prefix with a NUL or an unpaired surrogate has no keys");
        }
        if (limit < 1 || limit > LIMIT_MAX) {
            throw new IllegalArgumentException("limit " + limit + " is not between 1 and " + LIMIT_MAX);
        }
    }
}
