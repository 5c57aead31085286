// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterStats;
import io.everycount.jdbc.CounterSchema;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Under the same URL there suddenly is another database. */
class OtherDatabaseFaultsIT {
    private final PostgresServer server = PostgresServer.shared();
    private final TestDatabase database = server.newDatabase();
    private final String name = database.name();
    private final String away = name + "_away";
    private Run run;

    @BeforeEach
    void count() {
        run = new Run("another database", database, Faulty.sink(database).build()).traffic("");
        run.flush();
    }

    @AfterEach
    void close() {
        run.close();
        server.administrate("DROP DATABASE IF EXISTS " + away + " WITH (FORCE)");
        database.close();
    }

    /** Takes the database away and puts another one in its place. */
    private void replaceBy(String options) {
        rename(name, away);
        server.administrate("CREATE DATABASE " + name + " " + options);
    }

    private void bringBack() {
        server.administrate("DROP DATABASE " + name + " WITH (FORCE)");
        rename(away, name);
    }

    private void rename(String from, String to) {
        server.administrate("ALTER DATABASE " + from + " ALLOW_CONNECTIONS false");
        endConnections(from);
        server.administrate("ALTER DATABASE " + from + " RENAME TO " + to);
        server.administrate("ALTER DATABASE " + to + " ALLOW_CONNECTIONS true");
    }

    private void endConnections(String to) {
        server.administrate(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '" + to + "'");
    }

    private void expectRefusal(String... words) {
        run.awaitSaid(words);
        CounterStats stats = run.stats();
        assertThat(stats.state()).isEqualTo(CounterStats.State.RUNNING);
        assertThat(stats.pending()).as("pending").isNotZero();
    }

    @Test
    void aDatabaseWithItsOwnTablesIsRefusedUntilTheRightOneIsBack() {
        replaceBy("");
        run.awaitSaid("fatal", "42P01");
        CounterSchema.of(database.dataSource(), "everycount_").apply();
        expectRefusal("fatal", "now leads to store", "point it back there");
        assertThat(database.number("SELECT count(*) FROM everycount_counter")).isZero();
        assertThat(database.query("SELECT DISTINCT last_record FROM everycount_instance"))
                .as("marks")
                .isEqualTo(List.of("0"));
        bringBack();
        run.flush();
        run.closeAndCompare();
    }

    @Test
    void totalsWithoutTheirLedgerAreRefusedUntilTheRightOnesAreBack() {
        replaceBy("TEMPLATE " + away);
        database.execute("TRUNCATE everycount_instance");
        Map<String, Long> before = Books.of(database).totals();
        assertThat(before).isNotEmpty();
        expectRefusal("fatal", "totals and ledger do not belong together", "Restore all of these tables");
        assertThat(Books.of(database).totals()).isEqualTo(before);
        assertThat(database.number("SELECT count(*) FROM everycount_instance")).isZero();
        bringBack();
        run.flush();
        run.closeAndCompare();
    }

    @Test
    void totalsWithTheTablesOfAnotherLedgerAreRefusedUntilTheRightOnesAreBack() {
        replaceBy("TEMPLATE " + away);
        database.execute("UPDATE everycount_instance SET owner = gen_random_uuid()"
                + " WHERE instance_id = '00000000-0000-0000-0000-000000000000'");
        // It may have met the copy while that was still like the original, and looks again when it connects.
        endConnections(name);
        Map<String, Long> before = Books.of(database).totals();
        expectRefusal("fatal", "totals and ledger do not belong together");
        assertThat(Books.of(database).totals()).isEqualTo(before);
        bringBack();
        run.flush();
        run.closeAndCompare();
    }
}
