// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.jdbc.CounterTotals;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.Total;
import io.everycount.jdbc.Totals;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads the greatest totals in the database: those of all instances. */
final class DatabaseTop implements TopLook.Source {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");

    private final JdbcCounterSink sink;
    private final CounterTotals totals;

    DatabaseTop(JdbcCounterSink sink) {
        this.sink = sink;
        this.totals = sink.totals();
    }

    @Override
    public TopLook look(String prefix, int keysMax) {
        Totals read = totals.top(prefix, Math.min(keysMax, CounterTotals.LIMIT_MAX));
        Map<String, Long> values = new LinkedHashMap<>();
        for (Total total : read.entries()) {
            values.put(total.key(), total.value());
        }
        Duration age = read.age();
        Instant at = read.readAt();
        return new TopLook(
                "database at " + TIME.format(at.atZone(ZoneId.systemDefault())) + " · "
                        + (age == null
                                ? "nothing written yet"
                                : "last written " + TopLook.seconds(age.toMillis() / 1e3) + " before"),
                values,
                at.getEpochSecond() * 1_000_000_000 + at.getNano());
    }

    @Override
    public void close() {
        sink.close();
    }
}
