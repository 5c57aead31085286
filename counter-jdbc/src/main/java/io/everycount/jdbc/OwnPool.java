// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.util.Objects;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** The pool that a sink builds for itself: a writer, a few readers, every wait bounded. */
record OwnPool(String jdbcUrl, String user, String password) {
    private static final int CONNECTIONS_MAX = 4;

    /**
     * @param suspect to be called when a connection broke: the others then are likely to be broken too
     */
    record Opened(DataSource dataSource, Runnable suspect, Supplier<PoolUse> use, AutoCloseable closer) {}

    OwnPool {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(password, "password");
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException("'" + withoutParameters(jdbcUrl)
                    + "' is not a Postgres JDBC URL; they begin with jdbc:postgresql:");
        }
    }

    /** Returns at once; the pool connects in the background, and goes on trying. */
    Opened open(Waits waits, boolean pgBouncer) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("everycount");
        config.setJdbcUrl(jdbcUrl);
        config.setUsername(user);
        config.setPassword(password);
        config.setMaximumPoolSize(CONNECTIONS_MAX);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(Math.max(250, waits.connectMillis()));
        config.setValidationTimeout(Math.max(250, waits.connectMillis()));
        config.setInitializationFailTimeout(-1);
        // The driver counts in seconds.
        String connectSeconds = Integer.toString((waits.connectMillis() + 999) / 1000);
        config.addDataSourceProperty("connectTimeout", connectSeconds);
        config.addDataSourceProperty("loginTimeout", connectSeconds);
        config.addDataSourceProperty("cancelSignalTimeout", connectSeconds);
        config.addDataSourceProperty("socketTimeout", Integer.toString((waits.socketMillis() + 999) / 1000));
        config.addDataSourceProperty("tcpKeepAlive", "true");
        addUnlessInUrl(config, "ApplicationName", "everycount");
        // Lets the driver say its name while connecting, not in a statement afterwards.
        addUnlessInUrl(config, "assumeMinServerVersion", "13");
        if (hasSeveralHosts()) {
            addUnlessInUrl(config, "targetServerType", "primary");
        }
        if (pgBouncer) {
            config.addDataSourceProperty("prepareThreshold", "0");
        } else {
            addUnlessInUrl(
                    config,
                    "options",
                    "-c statement_timeout=" + waits.statementMillis() + " -c lock_timeout=" + waits.lockMillis()
                            + " -c default_transaction_isolation=read\\ committed");
        }
        HikariDataSource pool = new HikariDataSource(config);
        return new Opened(pool, () -> pool.getHikariPoolMXBean().softEvictConnections(), () -> use(pool), pool);
    }

    private static PoolUse use(HikariDataSource pool) {
        HikariPoolMXBean now = pool.getHikariPoolMXBean();
        return new PoolUse(
                now.getActiveConnections(),
                now.getIdleConnections(),
                now.getThreadsAwaitingConnection(),
                pool.getMaximumPoolSize());
    }

    private void addUnlessInUrl(HikariConfig config, String property, String value) {
        if (!jdbcUrl.contains(property + "=")) {
            config.addDataSourceProperty(property, value);
        }
    }

    private boolean hasSeveralHosts() {
        return withoutParameters(jdbcUrl).contains(",");
    }

    /** Parameters may hold a password. */
    private static String withoutParameters(String url) {
        int query = url.indexOf('?');
        return query < 0 ? url : url.substring(0, query);
    }

    @Override
    public String toString() {
        return "pool for " + withoutParameters(jdbcUrl);
    }
}
