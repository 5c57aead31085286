// SPDX-License-Identifier: Apache-2.0
/** Totals in Postgres: a sink for Everycount, over JDBC. */
module io.everycount.jdbc {
    requires com.zaxxer.hikari;
    requires transitive io.everycount.core;
    requires transitive java.sql;
    requires static org.jspecify;
    requires org.jdbi.v3.core;
    requires org.postgresql.jdbc;
    requires org.slf4j;

    exports io.everycount.jdbc;
}
