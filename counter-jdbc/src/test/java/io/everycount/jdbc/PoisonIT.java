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

import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.FatalSinkException;
import io.everycount.sink.QuarantinedEntry;
import io.everycount.sink.WriteResult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PoisonIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private JdbcCounterSink sink;

    @BeforeEach
    void openSink() {
        sink = JdbcCounterSink.builder(database.dataSource()).build();
        sink.register(registration());
    }

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @ParameterizedTest
    @EnumSource(Contention.class)
    void aTotalThatWouldOverflowGoesToQuarantineAndTheOthersAreCounted(Contention contention) {
        sink = JdbcCounterSink.builder(database.dataSource())
                .contention(contention)
                .build();
        overflow("full");
        Map<String, Long> deltas = new HashMap<>();
        for (int i = 0; i < 1000; i++) {
            deltas.put("key" + i, 1L);
        }
        deltas.put("full", 1L);
        WriteResult result = sink.write(batch(1, 2, deltas));
        assertThat(result.isApplied()).isTrue();
        assertThat(result.quarantined()).singleElement().satisfies(entry -> {
            assertThat(entry.key()).isEqualTo("full");
            assertThat(entry.delta()).isEqualTo(1);
            assertThat(entry.reason()).startsWith("22003").contains("bigint out of range");
        });
        assertThat(stored(sink)).isEqualTo(mark(2));
        assertThat(total(database, "full")).isEqualTo(Long.MAX_VALUE);
        assertThat(database.number("SELECT count(*) FROM everycount_counter WHERE value = 1"))
                .isEqualTo(1000);
        assertThat(sink.quarantined(INSTANCE, 1, 2)).isEqualTo(result.quarantined());
        assertThat(sink.quarantined(INSTANCE, 2, 9)).isEmpty();
        assertThat(sink.quarantined(UUID.randomUUID(), 0, 9)).isEmpty();
    }

    @Test
    void aKeyThatDoesNotFitIntoTheIndexGoesToQuarantine() {
        Random random = new Random(1);
        StringBuilder key = new StringBuilder();
        random.ints(6000, 'a', 'z' + 1).forEach(c -> key.append((char) (c ^ random.nextInt(2))));
        assertOnlyThisIsRefused(key.toString(), "54000");
    }

    @Test
    void aKeyWithANulGoesToQuarantineAsItsBytes() {
        assertOnlyThisIsRefused("nul\0nul", "22021");
        assertThat(sink.quarantined(INSTANCE, 0, 9).get(0).key()).isEqualTo("nul\0nul");
    }

    @Test
    void aTotalThatAConstraintForbidsGoesToQuarantine() {
        database.execute("ALTER TABLE everycount_counter ADD CHECK (value >= 0)");
        sink.write(batch(0, 1, Map.of("balance", 3L)));
        WriteResult result = sink.write(batch(1, 2, Map.of("a", 1L, "balance", -4L, "z", 1L)));
        assertThat(result.quarantined()).singleElement().satisfies(entry -> {
            assertThat(entry.key()).isEqualTo("balance");
            assertThat(entry.reason()).startsWith("23514");
        });
        assertThat(total(database, "a") + total(database, "z")).isEqualTo(2);
    }

    @Test
    void aKeyLongerThanItsColumnGoesToQuarantine() {
        database.execute("ALTER TABLE everycount_counter ALTER COLUMN key TYPE varchar(10) COLLATE \"C\"");
        assertOnlyThisIsRefused("longer than ten", "22001");
    }

    @Test
    void entriesThatTheServerRefusesOnlyTogetherAreAppliedApart() {
        byte[][] keys = {{'a'}, {(byte) 0x80}, {(byte) 0x81}};
        CounterBatch batch = new CounterBatch(INSTANCE, OWNER, mark(0), mark(1), keys, new long[] {1, 2, 3});
        assertThat(sink.write(batch).quarantined()).isEmpty();
        assertThat(total(database, "\uFFFD")).isEqualTo(5);
    }

    @Test
    void aBatchOfNothingButRefusedEntriesStillMovesTheMark() {
        overflow("full");
        overflow2("fuller");
        WriteResult result = sink.write(batch(2, 3, Map.of("full", 1L, "fuller", 2L)));
        assertThat(result.quarantined()).extracting(QuarantinedEntry::key).containsExactly("full", "fuller");
        assertThat(stored(sink)).isEqualTo(mark(3));
    }

    @Test
    void aBatchWithARefusedEntryAndTheWrongMarkChangesNothing() {
        overflow("full");
        sink.write(batch(1, 2, Map.of("full", 1L)));
        assertThat(sink.write(batch(1, 2, Map.of("full", 1L, "a", 1L))).isApplied())
                .isFalse();
        assertThat(database.number("SELECT count(*) FROM everycount_quarantine"))
                .isEqualTo(1);
        assertThat(total(database, "a")).isZero();
    }

    @Test
    @Tag(PostgresServer.OWN_SERVER)
    void aKeyInQuarantineIsNotTriedAgainUntilItIsReleased() {
        database.logStatements();
        overflow("full");
        sink.write(batch(1, 2, Map.of("a", 1L, "full", 10L)));
        List<String> statements = database.statementsOf(() -> assertThat(
                        sink.write(batch(2, 3, Map.of("a", 1L, "full", -20L))).quarantined())
                .hasSize(1));
        assertThat(statements).filteredOn(s -> s.startsWith("ROLLBACK")).isEmpty();
        assertThat(statements)
                .filteredOn(s -> s.contains("INTO everycount_counter"))
                .hasSize(1);

        assertThat(sink.quarantine().held(0, 10)).extracting(HeldDelta::delta).containsExactly(10L, -20L);
        assertThat(sink.quarantine().release("full")).isEqualTo(2);
        assertThat(total(database, "full")).isEqualTo(Long.MAX_VALUE - 10);
        assertThat(sink.quarantine().held(0, 10)).isEmpty();

        assertThat(sink.write(batch(3, 4, Map.of("full", 1L))).quarantined()).isEmpty();
        assertThat(total(database, "full")).isEqualTo(Long.MAX_VALUE - 9);
        assertThat(database.statementsOf(() -> sink.write(batch(4, 5, Map.of("full", 1L)))))
                .hasSize(1);
    }

    @Test
    void anotherProcessLearnsOfKeysInQuarantineWhenItRegisters() {
        overflow("full");
        sink.write(batch(1, 2, Map.of("full", 10L)));
        JdbcCounterSink second = JdbcCounterSink.builder(database.dataSource()).build();
        second.register(registration());
        assertThat(second.write(batch(2, 3, Map.of("full", -1L))).quarantined())
                .singleElement()
                .satisfies(entry -> assertThat(entry.reason()).contains("release or discard"));
    }

    @Test
    void aReleaseThatTheTotalStillRefusesChangesNothing() {
        overflow("full");
        sink.write(batch(1, 2, Map.of("full", 10L)));
        assertThatThrownBy(() -> sink.quarantine().release("full"))
                .isInstanceOf(FatalSinkException.class)
                .hasMessageContaining("out of range")
                .hasMessageContaining("discard");
        assertThat(sink.quarantine().held(0, 10)).hasSize(1);
        assertThat(total(database, "full")).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aDiscardedDeltaStaysOnRecordAndTheKeyCountsAgain() {
        overflow("full");
        sink.write(batch(1, 2, Map.of("full", 10L)));
        assertThat(sink.quarantine().discard("full")).isEqualTo(1);
        assertThat(sink.quarantine().discard("full")).isZero();
        assertThat(sink.quarantine().release("full")).isZero();
        assertThat(database.query("SELECT delta, resolution FROM everycount_quarantine"))
                .containsExactly("10|discarded");
        assertThat(sink.write(batch(2, 3, Map.of("full", -5L))).quarantined()).isEmpty();
        assertThat(total(database, "full")).isEqualTo(Long.MAX_VALUE - 5);
    }

    @Test
    void everyEntryIsEitherInTheTotalsOrInQuarantineWhateverIsRefused() {
        Random random = new Random(20261101);
        Map<String, Long> expected = new HashMap<>();
        for (int record = 0; record < 20; record++) {
            Map<String, Long> deltas = new HashMap<>();
            for (int i = 0; i < 60; i++) {
                long delta = random.nextInt(8) == 0 ? Long.MAX_VALUE / 3 : random.nextInt(100) + 1;
                deltas.put("k" + random.nextInt(90), delta);
            }
            deltas.forEach((key, delta) -> expected.merge(key, delta, Long::sum));
            assertThat(sink.write(batch(record, record + 1, deltas)).isApplied())
                    .isTrue();
        }
        Map<String, Long> found = new HashMap<>();
        sink.totals().page("", null, 1000).entries().forEach(t -> found.merge(t.key(), t.value(), Long::sum));
        List<HeldDelta> held = sink.quarantine().held(0, 10_000);
        held.forEach(h -> found.merge(h.key(), h.delta(), Long::sum));
        assertThat(held).isNotEmpty();
        assertThat(found).isEqualTo(expected);
    }

    private void assertOnlyThisIsRefused(String key, String sqlState) {
        WriteResult result = sink.write(batch(0, 1, Map.of("a", 1L, key, 2L, "zz", 4L)));
        assertThat(result.quarantined()).singleElement().satisfies(entry -> {
            assertThat(entry.key()).isEqualTo(key);
            assertThat(entry.reason()).startsWith(sqlState);
        });
        assertThat(database.number("SELECT sum(value)::bigint FROM everycount_counter"))
                .isEqualTo(5);
        assertThat(stored(sink)).isEqualTo(mark(1));
    }

    private void overflow(String key) {
        assertThat(sink.write(batch(0, 1, Map.of(key, Long.MAX_VALUE))).quarantined())
                .isEmpty();
    }

    private void overflow2(String key) {
        assertThat(sink.write(batch(1, 2, Map.of(key, Long.MAX_VALUE))).quarantined())
                .isEmpty();
    }
}
