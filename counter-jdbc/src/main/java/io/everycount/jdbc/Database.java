// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.core.statement.StatementCustomizer;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections as we need them, whatever the pool's defaults: in autocommit mode or in a transaction of
 * our own, every wait bounded, and returned as they came.
 *
 * <p>Nothing is set for a session, because a pooler in transaction mode would hand it to somebody else.
 * Client side, the driver's socket timeout is set for the lease and its query timeout for each
 * statement (a cancel request; no statement of its own). Server side, the bounds are settings of the
 * transaction.
 */
final class Database {
    /** Work on a connection; what it throws is translated by whoever asked for it. */
    @FunctionalInterface
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Database.class);

    private final DataSource dataSource;
    private final Runnable suspect;
    private final Waits waits;
    private final boolean pgBouncer;
    private final String opening;

    /** For a foreign pool, with the default waits. */
    Database(DataSource dataSource, Sql sql) {
        this(dataSource, () -> {}, Waits.DEFAULT, false, sql.opening);
    }

    /**
     * @param suspect called when a connection turned out to be broken
     * @param opening the statement that opens a transaction
     */
    Database(DataSource dataSource, Runnable suspect, Waits waits, boolean pgBouncer, String opening) {
        this.dataSource = dataSource;
        this.suspect = suspect;
        this.waits = waits;
        this.pgBouncer = pgBouncer;
        this.opening = opening;
    }

    /** Runs work whose every statement is a transaction of its own. */
    <T> T autocommitted(Work<T> work) throws SQLException {
        try (Lease lease = new Lease(true)) {
            return lease.run(work);
        }
    }

    /** Runs work in one read committed transaction with bounded waits, and commits it. */
    <T> T inTransaction(Work<T> work) throws SQLException {
        try (Lease lease = new Lease(false)) {
            return lease.run(connection -> {
                try (Statement statement = statement(connection)) {
                    statement.execute(opening);
                }
                T result = work.on(connection);
                connection.commit();
                return result;
            });
        }
    }

    /** As {@link #autocommitted}, with Jdbi around the connection. */
    <T> T read(Function<Handle, T> work) throws SQLException {
        return autocommitted(connection -> {
            try (Handle handle = Jdbi.open(connection)) {
                return work.apply(handle);
            }
        });
    }

    PreparedStatement prepared(Connection connection, String sql) throws SQLException {
        return bounded(connection.prepareStatement(sql));
    }

    Statement statement(Connection connection) throws SQLException {
        return bounded(connection.createStatement());
    }

    /** The same for a statement of Jdbi's. */
    <S extends SqlStatement<S>> S bounded(S statement) {
        return statement.addCustomizer(new StatementCustomizer() {
            @Override
            public void beforeExecution(PreparedStatement prepared, StatementContext context) throws SQLException {
                bounded(prepared);
            }
        });
    }

    private <S extends Statement> S bounded(S statement) throws SQLException {
        statement.setQueryTimeout(waits.statementSeconds());
        return statement;
    }

    /** A connection out of the pool, and what has to be put back before it returns there. */
    private final class Lease implements AutoCloseable {
        private final Connection connection;
        private final boolean wasAutocommit;
        private final boolean wasReadOnly;
        private final int networkTimeoutMillis;
        private final int prepareThreshold;
        private boolean sound;

        Lease(boolean autocommit) throws SQLException {
            connection = dataSource.getConnection();
            try {
                wasAutocommit = connection.getAutoCommit();
                wasReadOnly = connection.isReadOnly();
                networkTimeoutMillis = connection.getNetworkTimeout();
                connection.setNetworkTimeout(Runnable::run, waits.socketMillis());
                if (wasReadOnly) {
                    connection.setReadOnly(false);
                }
                if (wasAutocommit != autocommit) {
                    connection.setAutoCommit(autocommit);
                }
                prepareThreshold = neverPreparing();
            } catch (SQLException | RuntimeException e) {
                cut();
                throw e;
            }
        }

        /** For the whole connection, because the driver also prepares the COMMIT that it sends itself. */
        private int neverPreparing() throws SQLException {
            if (!pgBouncer || !connection.isWrapperFor(PGConnection.class)) {
                return 0;
            }
            PGConnection driver = connection.unwrap(PGConnection.class);
            int threshold = driver.getPrepareThreshold();
            driver.setPrepareThreshold(0);
            return threshold;
        }

        <T> T run(Work<T> work) throws SQLException {
            try {
                T result = work.on(connection);
                sound = true;
                return result;
            } catch (SQLException | RuntimeException e) {
                sound = Failures.isServersVerdict(e) && rolledBack();
                throw e;
            }
        }

        private boolean rolledBack() {
            try {
                if (!connection.getAutoCommit()) {
                    connection.rollback();
                }
                return true;
            } catch (SQLException e) {
                return false;
            }
        }

        /**
         * A connection that failed in an unclear way is cut rather than returned, so that the next one
         * is a new one; a statement that it may have left behind is met by the ledger's row lock.
         */
        @Override
        public void close() {
            try {
                if (sound) {
                    restore();
                    connection.close();
                    return;
                }
            } catch (SQLException | RuntimeException e) {
                LOG.debug("a connection could not be returned as it came; it is cut instead", e);
            }
            cut();
        }

        private void restore() throws SQLException {
            if (connection.getAutoCommit() != wasAutocommit) {
                connection.setAutoCommit(wasAutocommit);
            }
            if (wasReadOnly) {
                connection.setReadOnly(true);
            }
            if (prepareThreshold != 0) {
                connection.unwrap(PGConnection.class).setPrepareThreshold(prepareThreshold);
            }
            connection.setNetworkTimeout(Runnable::run, networkTimeoutMillis);
        }

        private void cut() {
            suspect.run();
            try {
                connection.abort(Runnable::run);
            } catch (SQLException | RuntimeException e) {
                LOG.debug("a broken connection could not be cut", e);
            }
            try {
                connection.close();
            } catch (SQLException | RuntimeException e) {
                LOG.debug("a broken connection could not be closed", e);
            }
        }
    }
}
