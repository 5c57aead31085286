// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ServerLogTest {
    private static final String LOG = String.join(
            "\n",
            "2026-11-23 10:00:00.001 GMT [10] torture 3/7 LOG:  execute <unnamed>: WITH guard AS (",
            "\t    UPDATE torture_instance",
            "\t)",
            "\tINSERT INTO torture_counter AS c VALUES (1) ON CONFLICT (key) DO UPDATE SET value = 1",
            "2026-11-23 10:00:00.002 GMT [10] torture 3/8 LOG:  execute S_1: COMMIT",
            "2026-11-23 10:00:00.003 GMT [11] other 4/1 LOG:  statement: SELECT 1",
            "2026-11-23 10:00:00.004 GMT [10] torture 3/0 LOG:  execute <unnamed>: ",
            "2026-11-23 10:00:00.005 GMT [12]  0/0 LOG:  checkpoint starting: time",
            "2026-11-23 10:00:00.006 GMT [10] torture 3/0 LOG:  statement: SET log_statement = 'none'",
            "");

    @Test
    void theStatementsOfOneDatabaseAreFoundWithTheirTransactions() {
        List<ServerLog.Statement> statements = ServerLog.statements(LOG, "torture");
        assertThat(statements).extracting(ServerLog.Statement::transaction).containsExactly("3/7", "3/8", "3/0");
        assertThat(statements).extracting(ServerLog.Statement::isUpsert).containsExactly(true, false, false);
    }
}
