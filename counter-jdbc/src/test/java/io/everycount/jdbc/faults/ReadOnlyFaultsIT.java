// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The server takes no writes for a while, as in a switchover. */
@Tag(PostgresServer.OWN_SERVER)
class ReadOnlyFaultsIT {
    private final PostgresServer server = Faulty.server();
    private final TestDatabase database = server.newDatabase();
    private Run run;

    @AfterEach
    void close() {
        readOnly(false);
        run.close();
        database.close();
    }

    @Test
    void everyCountArrivesOnceWhenTheServerIsReadOnlyForAWhile() {
        run = new Run("read-only server", database, Faulty.sink(database).build()).traffic("");
        for (int i = 0; i < 4; i++) {
            run.flush();
            readOnly(true);
            run.awaitFailuresOf("25006", 3);
            run.awaitSaid("The server is read-only", "25006");
            readOnly(false);
        }
        run.flush();
        run.closeAndCompare();
    }

    private void readOnly(boolean on) {
        server.administrate("ALTER SYSTEM " + (on ? "SET default_transaction_read_only = on" : "RESET ALL"));
        server.administrate("SELECT pg_reload_conf()");
    }
}
