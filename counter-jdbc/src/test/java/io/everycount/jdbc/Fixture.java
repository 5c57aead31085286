// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.jdbc.testing.TestDatabase;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.LedgerEntry;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** One instance's records, and the batches made of them. */
final class Fixture {
    static final UUID INSTANCE = new UUID(0xABCDEF, 1);
    static final UUID OWNER = new UUID(7, 7);

    private Fixture() {}

    static Registration registration() {
        return new Registration(INSTANCE, OWNER, "a test");
    }

    /** A mark of the one history there is; its digest follows from the number. */
    static Mark mark(long record) {
        return record == 0 ? Mark.ORIGIN : new Mark(record, record * 0x9E3779B97F4A7C15L);
    }

    static CounterBatch batch(long from, long to, Map<String, Long> deltas) {
        return batch(INSTANCE, OWNER, mark(from), mark(to), deltas);
    }

    static CounterBatch batch(UUID instance, UUID owner, Mark from, Mark to, Map<String, Long> deltas) {
        TreeMap<byte[], Long> sorted = new TreeMap<>(Arrays::compareUnsigned);
        deltas.forEach((key, delta) -> sorted.put(key.getBytes(StandardCharsets.UTF_8), delta));
        return new CounterBatch(
                instance,
                owner,
                from,
                to,
                sorted.keySet().toArray(byte[][]::new),
                sorted.values().stream().mapToLong(Long::longValue).toArray());
    }

    static long total(TestDatabase database, String key) {
        return database.number("SELECT coalesce((SELECT value FROM everycount_counter WHERE key = '"
                + key.replace("'", "''") + "'), 0)");
    }

    static Mark stored(JdbcCounterSink sink) {
        return sink.ledger(INSTANCE).map(LedgerEntry::mark).orElseThrow();
    }
}
