// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.PostgresServer.Shutdown;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TcpProxy.Cut;
import io.everycount.jdbc.testing.TestDatabase;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same harness and the same faults find sinks that are wrong, and only then: else it would prove nothing. */
@Tag(PostgresServer.OWN_SERVER)
class NegativeControlsFaultsIT {
    private static final int CUTS = 5;

    private final PostgresServer server = Faulty.server();
    private final TestDatabase database = server.newDatabase();
    private final TcpProxy proxy = TcpProxy.to(server);
    private NaiveSink sink;
    private Run run;

    @AfterEach
    void close() {
        Faulty.server();
        proxy.close();
        run.close();
        database.close();
    }

    private void start(String name, NaiveSink.Guard guard) {
        sink = new NaiveSink(database.dataSource(proxy), guard);
        run = new Run(name, database, sink).traffic("");
        run.flush();
    }

    private Map<String, Long> closeAndTakeDifference() {
        run.closeCompletely();
        Map<String, Long> difference = Books.of(database).difference(run.accepted());
        System.out.printf(
                "%d failures, difference %d in %d keys%n", sink.failures(), Books.sum(difference), difference.size());
        return difference;
    }

    private void cut(Cut cut) {
        for (int i = 1; i <= CUTS; i++) {
            int cuts = i;
            proxy.cutAtCommit(cut, 1, Faulty::isFlush);
            Await.until("cut " + i, () -> proxy.cutsAtCommit() == cuts);
            run.flush();
        }
        assertThat(sink.failures()).isGreaterThanOrEqualTo(CUTS);
    }

    @ParameterizedTest
    @EnumSource
    void withoutFaultsEvenANaiveSinkIsExact(NaiveSink.Guard guard) {
        start("naive, no faults, " + guard, guard);
        for (int i = 0; i < CUTS; i++) {
            run.flush();
        }
        assertThat(closeAndTakeDifference()).isEmpty();
    }

    @Test
    void aRetryWithoutALedgerCountsTwiceWhatWasCutAfterItsCommit() {
        start("no ledger, cut after commit", NaiveSink.Guard.NONE);
        cut(Cut.AFTER_COMMIT);
        assertThat(Books.sum(closeAndTakeDifference())).as("counted twice").isPositive();
    }

    @Test
    void aLaterThanGuardIsExactWhenReplyAndRequestAreCut() {
        start("later-than guard, cut", NaiveSink.Guard.LESS_THAN);
        cut(Cut.AFTER_COMMIT);
        assertThat(closeAndTakeDifference()).isEmpty();
    }

    @Test
    void aLaterThanGuardLosesWhatARewoundDatabaseForgot(@TempDir Path directory) {
        start("later-than guard, rewind", NaiveSink.Guard.LESS_THAN);
        Path copy = directory.resolve("copy");
        server.stop(Shutdown.FAST);
        server.copyTo(copy);
        server.start();
        for (int i = 0; i < 5; i++) {
            run.flush();
        }
        server.stop(Shutdown.IMMEDIATE);
        server.restoreFrom(copy);
        server.start();
        run.flush();
        assertThat(Books.sum(closeAndTakeDifference())).as("lost").isNegative();
    }
}
