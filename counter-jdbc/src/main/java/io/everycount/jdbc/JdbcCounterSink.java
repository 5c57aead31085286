// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.CounterBatch;
import io.everycount.sink.CounterSink;
import io.everycount.sink.FatalSinkException;
import io.everycount.sink.Gap;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.Registration;
import io.everycount.sink.WriteResult;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Totals in Postgres, exactly once: one statement moves the instance's mark and adds a batch to the
 * totals. Postgres 13 or later, through the pgjdbc driver.
 *
 * <p>Works on any {@link DataSource}, whatever its defaults for autocommit, isolation and read-only, and
 * returns connections as they came. Nothing connects before the first call.
 *
 * <p>What a write costs: one statement, which is one transaction, in autocommit mode. Where that is not
 * possible (a pooler in transaction mode, a pool whose connections are not read committed), and for a
 * batch with refused entries, it is a transaction of several statements with the same effect.
 *
 * <p>How waits are bounded: statements by the driver's query timeout and, on a pool built here, by the
 * server's {@code statement_timeout}; locks by the server's {@code lock_timeout}, set for the transaction;
 * a cut network by the socket timeout. Two waits belong to a foreign {@code DataSource}: for a connection
 * out of the pool, and for a new connection to open. Configure its connection timeout and the driver's
 * {@code connectTimeout}.
 *
 * <p>{@link #ledger} waits for a write of the same instance that the server has begun. One that still lies in
 * the network can be applied later: the guard then refuses whatever was sent in its place, and the ledger
 * tells. {@link #register} shuts out such a write for good, because it changes the owner.
 *
 * <p>Thread-safe; calls for different instances overlap as far as the pool has connections.
 */
public final class JdbcCounterSink implements CounterSink {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcCounterSink.class);
    private static final String READ_COMMITTED = "read committed";
    private static final int KNOWN_HELD_MAX = 10_000;
    private static final long PAUSE_MIN_NANOS = 1_000_000;
    private static final long PAUSE_MAX_NANOS = 20_000_000;

    private final OwnPool.@Nullable Opened ownPool;
    private final Database database;
    private final Sql sql;
    private final String flush;
    private final Contention contention;
    private final boolean createSchema;
    private final int lockMillis;

    /** Keys that had unresolved quarantine entries when we last looked: a hint, the table decides. */
    private final Set<String> knownHeld = ConcurrentHashMap.newKeySet();

    private volatile boolean schemaSeen;
    private volatile boolean flushInTransaction;

    private JdbcCounterSink(
            Builder builder, DataSource dataSource, Runnable suspect, OwnPool.@Nullable Opened ownPool) {
        this.ownPool = ownPool;
        this.contention = builder.contention;
        this.createSchema = builder.createSchema;
        this.lockMillis = builder.lockMillis;
        this.sql = new Sql(builder.tablePrefix, builder.waits(), builder.synchronousCommit);
        this.flush = sql.flush(contention);
        this.database = new Database(dataSource, suspect, builder.waits(), builder.pgBouncer, sql.opening);
        this.flushInTransaction = builder.pgBouncer;
    }

    /**
     * A sink on a pool of the host application.
     *
     * @param dataSource not closed by the sink
     */
    public static Builder builder(DataSource dataSource) {
        return new Builder(Objects.requireNonNull(dataSource, "dataSource"), null);
    }

    /**
     * A sink with a small pool of its own, tuned for it, which is closed with the sink.
     *
     * @param jdbcUrl as in {@code jdbc:postgresql://host:5432/database}; with several hosts the one that
     *     accepts writes is looked for, unless the URL says otherwise
     */
    public static Builder builder(String jdbcUrl, String user, String password) {
        return new Builder(null, new OwnPool(jdbcUrl, user, password));
    }

    @Override
    public String name() {
        return "postgres";
    }

    /** The tables that this sink writes to. */
    public CounterSchema schema() {
        return new CounterSchema(database, sql);
    }

    /** Reads of the totals, over this sink's connections. */
    public CounterTotals totals() {
        return new CounterTotals(database, sql);
    }

    /** What the totals refused, for an operator, over this sink's connections. */
    public CounterQuarantine quarantine() {
        return new CounterQuarantine(database, sql);
    }

    /** How the sink's own pool is used at the moment; empty if it works on a pool of the host application. */
    public Optional<PoolUse> poolUse() {
        return ownPool == null ? Optional.empty() : Optional.of(ownPool.use().get());
    }

    @Override
    public LedgerEntry register(Registration registration) {
        UUID instanceId = registration.instanceId();
        requireNotSentinel(instanceId);
        if (!schemaSeen && createSchema) {
            schema().apply();
        }
        return seen(() -> run(
                "could not register instance " + instanceId,
                () -> database.inTransaction(connection -> {
                    LedgerEntry entry;
                    // First: what follows needs the columns of this version.
                    schema().requireKnown(connection);
                    try (PreparedStatement statement = database.prepared(connection, sql.register)) {
                        statement.setInt(1, CounterSchema.VERSION);
                        statement.setObject(2, instanceId);
                        statement.setObject(3, registration.ownerToken());
                        statement.setString(4, registration.description());
                        statement.setString(5, LibraryVersion.text());
                        entry = entry(statement).orElseThrow(() -> new SQLException("the server returned no entry"));
                    }
                    loadKnownHeld(connection);
                    schemaSeen = true;
                    return entry;
                })));
    }

    /** A database that was restored may have tables of an older version again; so after what a person has to mend, look. */
    private <T> T seen(Supplier<T> work) {
        try {
            return work.get();
        } catch (FatalSinkException e) {
            schemaSeen = false;
            throw e;
        }
    }

    @Override
    public Optional<LedgerEntry> ledger(UUID instanceId) {
        requireNotSentinel(instanceId);
        if (!schemaSeen && createSchema && schema().isOld()) {
            schema().apply();
        }
        return seen(() -> run(
                "could not read the ledger of " + instanceId,
                () -> database.inTransaction(connection -> {
                    try (PreparedStatement statement = database.prepared(connection, sql.ledger)) {
                        statement.setInt(1, CounterSchema.VERSION);
                        statement.setObject(2, instanceId);
                        return entry(statement);
                    }
                })));
    }

    @Override
    public WriteResult write(CounterBatch batch) {
        Entries entries = Entries.of(batch);
        return run("could not write " + batch, () -> {
            if (hasKnownHeld(entries)) {
                return writeApart(batch, entries);
            }
            try {
                return writeAsOne(batch, entries);
            } catch (SQLException e) {
                if (!Failures.isPoison(e)) {
                    throw e;
                }
                LOG.debug("{} has an entry that Postgres refuses ({}); looking for it", batch, Failures.brief(e));
                return writeApart(batch, entries);
            }
        });
    }

    @Override
    public List<QuarantinedEntry> quarantined(UUID instanceId, long afterRecord, long upToRecord) {
        return run(
                "could not read the quarantine of " + instanceId,
                () -> database.autocommitted(connection -> {
                    try (PreparedStatement statement = database.prepared(connection, sql.quarantinedBetween)) {
                        statement.setObject(1, instanceId);
                        statement.setLong(2, afterRecord);
                        statement.setLong(3, upToRecord);
                        List<QuarantinedEntry> entries = new ArrayList<>();
                        try (ResultSet rows = statement.executeQuery()) {
                            while (rows.next()) {
                                String key = new String(rows.getBytes(1), StandardCharsets.UTF_8);
                                entries.add(new QuarantinedEntry(key, rows.getLong(2), rows.getString(3)));
                            }
                        }
                        return entries;
                    }
                }));
    }

    @Override
    public WriteResult declareGap(Gap gap) {
        return run(
                "could not declare " + gap,
                () -> database.inTransaction(connection -> {
                    try (PreparedStatement statement = database.prepared(connection, sql.declareGap)) {
                        int next = Guard.bindTo(statement, 1, gap.to());
                        next = Guard.bind(statement, next, gap.instanceId(), gap.ownerToken(), gap.from());
                        statement.setObject(next, gap.instanceId());
                        statement.setObject(next + 1, gap.ownerToken());
                        statement.setLong(next + 2, gap.from().record());
                        statement.setLong(next + 3, gap.from().digest());
                        statement.setLong(next + 4, gap.to().record());
                        statement.setLong(next + 5, gap.to().digest());
                        statement.setLong(next + 6, gap.deltaSum());
                        return Guard.held(statement) ? WriteResult.applied() : WriteResult.refused();
                    }
                }));
    }

    @Override
    public void report(UUID instanceId, UUID ownerToken, InstanceReport report) {
        run(
                "could not write a report on instance " + instanceId,
                () -> database.autocommitted(connection -> {
                    try (PreparedStatement statement = database.prepared(connection, sql.report)) {
                        int next = Guard.bindReport(statement, 1, report);
                        statement.setObject(next, instanceId);
                        statement.setObject(next + 1, ownerToken);
                        return statement.executeUpdate();
                    }
                }));
    }

    /** Closes the pool if this sink built it. */
    @Override
    public void close() {
        if (ownPool != null) {
            try {
                ownPool.closer().close();
            } catch (Exception e) {
                LOG.warn("the pool did not close cleanly", e);
            }
        }
    }

    private enum Flush {
        APPLIED,
        REFUSED,
        /** Nothing has changed, because a flush has to see what others commit while it waits. */
        NOT_READ_COMMITTED,
        /** Nothing has changed, because another flush has the advisory lock. */
        NOT_OUR_TURN
    }

    private WriteResult writeAsOne(CounterBatch batch, Entries entries) throws SQLException {
        Database.Work<Flush> work = connection -> flush(connection, batch, entries);
        boolean inTransaction = flushInTransaction;
        Flush outcome = inTurn(work, inTransaction);
        if (outcome == Flush.NOT_READ_COMMITTED && !inTransaction) {
            LOG.info("connections are not read committed by default: each flush sets it, in a transaction");
            flushInTransaction = true;
            outcome = inTurn(work, true);
        }
        return switch (outcome) {
            case APPLIED -> WriteResult.applied();
            case REFUSED -> WriteResult.refused();
            case NOT_OUR_TURN -> throw new SQLException("other flushes had the advisory lock all the time", "55P03");
            case NOT_READ_COMMITTED -> throw new SQLException("the server ignored SET TRANSACTION ISOLATION LEVEL");
        };
    }

    /**
     * Asks for the lock again and again instead of waiting for it in the server: whoever waits there has
     * a snapshot, and as long as any has one, nobody can remove the versions of rows that flushes leave
     * behind, so that each flush is slower than the one before.
     */
    private Flush inTurn(Database.Work<Flush> work, boolean inTransaction) throws SQLException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(lockMillis);
        long pauseNanos = PAUSE_MIN_NANOS;
        while (true) {
            Flush outcome = inTransaction ? database.inTransaction(work) : database.autocommitted(work);
            if (outcome != Flush.NOT_OUR_TURN
                    || System.nanoTime() - deadline > 0
                    || Thread.currentThread().isInterrupted()) {
                return outcome;
            }
            LockSupport.parkNanos(pauseNanos / 2 + ThreadLocalRandom.current().nextLong(pauseNanos));
            pauseNanos = Math.min(PAUSE_MAX_NANOS, pauseNanos * 3 / 2);
        }
    }

    private Flush flush(Connection connection, CounterBatch batch, Entries entries) throws SQLException {
        try (PreparedStatement statement = database.prepared(connection, flush)) {
            statement.setString(1, Integer.toString(lockMillis));
            int next = Guard.bindMove(statement, 2, batch);
            entries.bind(connection, statement, next);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                if (row.getInt(1) == 1) {
                    return Flush.APPLIED;
                }
                if (!row.getBoolean(3)) {
                    return Flush.NOT_OUR_TURN;
                }
                return READ_COMMITTED.equals(row.getString(2)) ? Flush.REFUSED : Flush.NOT_READ_COMMITTED;
            }
        }
    }

    /** Applies a batch of which something goes, or may go, to quarantine. */
    private WriteResult writeApart(CounterBatch batch, Entries entries) throws SQLException {
        WriteResult result = database.inTransaction(connection -> {
            try (PreparedStatement statement = database.prepared(connection, sql.move)) {
                Guard.bindMove(statement, 1, batch);
                if (!Guard.held(statement)) {
                    return WriteResult.refused();
                }
            }
            if (contention == Contention.ADVISORY_LOCK) {
                try (PreparedStatement statement = database.prepared(connection, sql.lock)) {
                    statement.execute();
                }
            }
            Isolation isolation = new Isolation(database, sql, connection);
            Set<String> held = isolation.heldAmong(entries);
            List<QuarantinedEntry> refused = isolation.apply(entries, held);
            quarantine(connection, batch, refused);
            for (String key : entries.keys()) {
                if (!held.contains(key)) {
                    knownHeld.remove(key);
                }
            }
            refused.forEach(entry -> remember(entry.key()));
            return WriteResult.applied(refused);
        });
        if (!result.quarantined().isEmpty()) {
            LOG.debug(
                    "{} is applied, but for {} entries, which are in quarantine",
                    batch,
                    result.quarantined().size());
        }
        return result;
    }

    private void quarantine(Connection connection, CounterBatch batch, List<QuarantinedEntry> refused)
            throws SQLException {
        if (refused.isEmpty()) {
            return;
        }
        String[] keys = refused.stream().map(QuarantinedEntry::key).toArray(String[]::new);
        Long[] deltas = refused.stream().map(QuarantinedEntry::delta).toArray(Long[]::new);
        String[] reasons = refused.stream().map(QuarantinedEntry::reason).toArray(String[]::new);
        try (PreparedStatement statement = database.prepared(connection, sql.quarantine)) {
            statement.setObject(1, batch.instanceId());
            statement.setLong(2, batch.to().record());
            statement.setArray(3, Entries.array(connection, "bytea", Isolation.bytes(keys)));
            statement.setArray(4, Entries.array(connection, "bigint", deltas));
            statement.setArray(5, Entries.array(connection, "text", reasons));
            statement.executeUpdate();
        }
    }

    private void loadKnownHeld(Connection connection) throws SQLException {
        try (PreparedStatement statement = database.prepared(connection, sql.heldKeys)) {
            statement.setInt(1, KNOWN_HELD_MAX);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    remember(new String(rows.getBytes(1), StandardCharsets.UTF_8));
                }
            }
        }
    }

    private void remember(String key) {
        if (knownHeld.size() < KNOWN_HELD_MAX) {
            knownHeld.add(key);
        }
    }

    private boolean hasKnownHeld(Entries entries) {
        if (knownHeld.isEmpty()) {
            return false;
        }
        for (String key : entries.keys()) {
            if (knownHeld.contains(key)) {
                return true;
            }
        }
        return false;
    }

    /** Reads what {@link Sql#register} and {@link Sql#ledger} return. */
    private Optional<LedgerEntry> entry(PreparedStatement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery()) {
            UUID storeId = CounterSchema.storeId(row, sql.prefix);
            @Nullable UUID owner = row.getObject(5, UUID.class);
            if (owner == null) {
                return Optional.empty();
            }
            return Optional.of(new LedgerEntry(storeId, owner, new Mark(row.getLong(6), row.getLong(7))));
        }
    }

    private static void requireNotSentinel(UUID instanceId) {
        if (instanceId.equals(Sql.SENTINEL)) {
            throw new IllegalArgumentException("the nil UUID is no instance's id: its ledger row is the database id");
        }
    }

    private <T> T run(String doing, Failures.Work<T> work) {
        return Failures.translating(doing, sql.prefix, work);
    }

    /** Settings of a sink; the defaults suit one Postgres server reached directly. Not thread-safe. */
    public static final class Builder {
        private final @Nullable DataSource dataSource;
        private final @Nullable OwnPool ownPool;
        private String tablePrefix = "everycount_";
        private boolean createSchema = true;
        private boolean pgBouncer;
        private boolean synchronousCommit = true;
        private Contention contention = Contention.ADVISORY_LOCK;
        private int lockMillis = Waits.DEFAULT.lockMillis();
        private int statementMillis = Waits.DEFAULT.statementMillis();
        private int socketMillis = Waits.DEFAULT.socketMillis();
        private int connectMillis = Waits.DEFAULT.connectMillis();

        private Builder(@Nullable DataSource dataSource, @Nullable OwnPool ownPool) {
            this.dataSource = dataSource;
            this.ownPool = ownPool;
        }

        /**
         * What the tables' names begin with; default {@code everycount_}. May name a schema before it, as
         * in {@code metering.everycount_}; without one the search path decides.
         *
         * @throws IllegalArgumentException if it has other characters than lower-case letters, digits and
         *     underscores, or is too long
         */
        public Builder tablePrefix(String prefix) {
            tablePrefix = Sql.requirePrefix(prefix);
            return this;
        }

        /**
         * Whether the first registration creates the tables where they are missing, and changes those of an older
         * version; default true. Where they are there already, nothing is asked of the role but to use them.
         */
        public Builder createSchema(boolean create) {
            createSchema = create;
            return this;
        }

        /**
         * Whether connections go through a pooler in transaction mode (PgBouncer); default false. Then
         * every write is an explicit transaction, no statement is prepared by name, and a pool built here
         * sends no startup options.
         */
        public Builder pgBouncer(boolean pooled) {
            pgBouncer = pooled;
            return this;
        }

        /**
         * Whether a commit waits until it is on the server's disk; default true, also where the role or
         * the database has it off. Turned off, writes that were reported as applied can be undone by a
         * crash of the server; the ledger shows it, and the cache writes again what it retains.
         */
        public Builder synchronousCommit(boolean synchronous) {
            synchronousCommit = synchronous;
            return this;
        }

        /** How instances that write the same keys keep apart; default {@link Contention#ADVISORY_LOCK}. */
        public Builder contention(Contention chosen) {
            contention = Objects.requireNonNull(chosen, "contention");
            return this;
        }

        /** How long to wait for a row or advisory lock; default 5 s; must be below the statement timeout. */
        public Builder lockTimeout(Duration wait) {
            lockMillis = Waits.millis("lock timeout", wait);
            return this;
        }

        /** How long a statement may run; default 10 s; must be below the socket timeout. */
        public Builder statementTimeout(Duration wait) {
            statementMillis = Waits.millis("statement timeout", wait);
            return this;
        }

        /** How long to wait for the server's next byte; default 15 s. */
        public Builder socketTimeout(Duration wait) {
            socketMillis = Waits.millis("socket timeout", wait);
            return this;
        }

        /** How long to wait for a connection; default 5 s; only for a pool that is built here. */
        public Builder connectTimeout(Duration wait) {
            connectMillis = Waits.millis("connect timeout", wait);
            return this;
        }

        /**
         * A sink; it connects when it is first used.
         *
         * @throws IllegalArgumentException if the timeouts are not in order
         */
        public JdbcCounterSink build() {
            if (ownPool != null) {
                OwnPool.Opened pool = ownPool.open(waits(), pgBouncer);
                return new JdbcCounterSink(this, pool.dataSource(), pool.suspect(), pool);
            }
            return new JdbcCounterSink(this, Objects.requireNonNull(dataSource), () -> {}, null);
        }

        private Waits waits() {
            return new Waits(lockMillis, statementMillis, socketMillis, connectMillis);
        }
    }
}
