// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import static io.everycount.jdbc.Fixture.INSTANCE;
import static io.everycount.jdbc.Fixture.OWNER;
import static io.everycount.jdbc.Fixture.batch;
import static io.everycount.jdbc.Fixture.mark;
import static io.everycount.jdbc.Fixture.registration;
import static io.everycount.jdbc.Fixture.stored;
import static io.everycount.jdbc.Fixture.total;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.CounterCache;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.InstanceReport;
import io.everycount.sink.RetriableSinkException;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What instances say of themselves in the ledger. */
class InstancesIT {
    private static final InstanceReport REPORT =
            new InstanceReport(Long.MIN_VALUE, Long.MAX_VALUE, Duration.ofMillis(1_234));

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final JdbcCounterSink sink =
            JdbcCounterSink.builder(database.dataSource()).build();
    private final CounterTotals totals = sink.totals();

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    private Instance only() {
        Instances read = totals.instances(10);
        assertThat(read.total()).isEqualTo(1);
        assertThat(read.entries()).hasSize(1);
        return read.entries().get(0);
    }

    @Test
    void anEmptyLedgerHasNoInstance() {
        sink.schema().apply();
        Instances read = totals.instances(10);
        assertThat(read.entries()).isEmpty();
        assertThat(read.total()).isZero();
        assertThat(read.readAt()).isAfter("2020-01-01T00:00:00Z");
    }

    @Test
    void aReportIsWrittenWithItsBatch() {
        sink.register(registration());
        assertThat(only().report()).isNull();
        assertThat(only().writtenAt()).isNull();
        assertThat(only().version()).matches("\\d+\\.\\d+.*");

        sink.write(batch(0, 1, Map.of("a", 5L)).with(REPORT));

        Instance written = only();
        assertThat(written.id()).isEqualTo(INSTANCE);
        assertThat(written.description()).isEqualTo("a test");
        assertThat(written.report()).isEqualTo(REPORT);
        assertThat(written.lastRecord()).isEqualTo(1);
        assertThat(written.seenAt()).isEqualTo(written.writtenAt()).isAfter(written.registeredAt());
    }

    @Test
    void aBatchWithoutAReportLeavesNoOldOneBehind() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 5L)).with(REPORT));
        sink.write(batch(1, 2, Map.of("a", 5L)));
        assertThat(only().report()).isNull();
        assertThat(total(database, "a")).isEqualTo(10);
    }

    @Test
    void aBatchWithARefusedEntryHasItsReportToo() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", Long.MAX_VALUE)));
        assertThat(sink.write(batch(1, 2, Map.of("a", 1L, "b", 1L)).with(REPORT))
                        .quarantined())
                .hasSize(1);
        assertThat(only().report()).isEqualTo(REPORT);
        assertThat(stored(sink)).isEqualTo(mark(2));
    }

    @Test
    void aRefusedBatchReportsNothing() {
        sink.register(registration());
        assertThat(sink.write(batch(4, 5, Map.of("a", 5L)).with(REPORT)).isApplied())
                .isFalse();
        assertThat(only().report()).isNull();
    }

    @Test
    void aReportOfAnIdleInstanceChangesNothingElse() {
        sink.register(registration());
        sink.write(batch(0, 1, Map.of("a", 5L)));
        Instance before = only();

        sink.report(INSTANCE, OWNER, REPORT);

        Instance after = only();
        assertThat(after.report()).isEqualTo(REPORT);
        assertThat(after.seenAt()).isAfter(before.seenAt());
        assertThat(after.writtenAt()).isEqualTo(before.writtenAt());
        assertThat(totals.get("a").flushedAt()).isEqualTo(before.writtenAt());
        assertThat(stored(sink)).isEqualTo(mark(1));
        assertThat(sink.write(batch(1, 2, Map.of("a", 5L))).isApplied()).isTrue();
        assertThat(total(database, "a")).isEqualTo(10);
    }

    @Test
    void aReportUnderAFormerOwnerIsNotTaken() {
        sink.register(registration());
        sink.report(INSTANCE, UUID.randomUUID(), REPORT);
        sink.report(UUID.randomUUID(), OWNER, REPORT);
        assertThat(only().report()).isNull();
    }

    @Test
    void aReportThatCannotBeWrittenEndsInTimeAndTheNextBatchApplies() throws Exception {
        JdbcCounterSink impatient = JdbcCounterSink.builder(database.dataSource())
                .lockTimeout(Duration.ofMillis(100))
                .statementTimeout(Duration.ofSeconds(1))
                .socketTimeout(Duration.ofSeconds(2))
                .build();
        impatient.register(registration());
        try (Connection holder = database.dataSource().getConnection();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("SELECT FROM everycount_instance FOR UPDATE");
            assertThatThrownBy(() -> impatient.report(INSTANCE, OWNER, REPORT))
                    .isInstanceOf(RetriableSinkException.class);
        }
        assertThat(impatient.write(batch(0, 1, Map.of("a", 5L))).isApplied()).isTrue();
        assertThat(total(database, "a")).isEqualTo(5);
    }

    @Test
    void twoCachesShowWhatEachOfThemHasAccepted() throws Exception {
        try (CounterCache first = CounterCache.builder(sink).name("first").build();
                CounterCache second = CounterCache.builder(sink).name("second").build()) {
            first.add("a", 3);
            first.flush(Duration.ofSeconds(20));
            second.add("a", 40);
            second.flush(Duration.ofSeconds(20));

            List<Instance> entries = totals.instances(10).entries();

            assertThat(entries).extracting(Instance::id).containsExactly(second.instanceId(), first.instanceId());
            assertThat(entries)
                    .extracting(entry ->
                            entry.description().substring(0, entry.description().indexOf(' ')))
                    .containsExactly("second", "first");
            assertThat(entries)
                    .extracting(
                            entry -> entry.report().accepted() - entry.report().pending())
                    .containsExactly(40L, 3L);
            assertThat(totals.instances(1).entries()).extracting(Instance::id).containsExactly(second.instanceId());
            assertThat(totals.instances(1).total()).isEqualTo(2);
        }
    }
}
