// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.jdbc.CounterTotals;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.Total;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code verify}: compares the records of load runs with the totals in the database. */
@Command(
        name = "verify",
        header = "Compares what load recorded with what is stored, key by key.",
        optionListHeading = "%nOptions:%n",
        description = {
            "",
            "For each key: acknowledged <= stored <= acknowledged + unknown. Looks again until that holds or"
                    + " the time is up, because what was acknowledged may be on its way to the database."
        },
        footer = {
            "",
            "Example:",
            "  verify --record run.tsv --database-url jdbc:postgresql://localhost/test --database-user test"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:exact",
            "1:a mismatch, or the database could not be read",
            "2:a mistake in the command, or a file that is not a record"
        })
final class VerifyCommand implements Callable<Integer> {
    private static final int DIFFERENCES_MAX = 20;
    private static final int KEY_COLUMNS = 50;
    private static final long PAUSE_MILLIS = 200;

    @Option(
            names = "--record",
            paramLabel = "FILE",
            required = true,
            description = "A record that load wrote; of several the sums are compared")
    private List<Path> records = new ArrayList<>();

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "10s",
            description = "How long to look again while something is missing (default: ${DEFAULT-VALUE})")
    private String timeout = "10s";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final Console console;
    private final Map<String, String> environment;

    VerifyCommand(Console console, Map<String, String> environment) {
        this.console = console;
        this.environment = environment;
    }

    @Override
    public Integer call() throws InterruptedException {
        Duration patience = LoadCommand.read("--timeout", timeout, Kind.duration(Duration.ZERO, Duration.ofHours(1)));
        Map<String, RecordFile.Entry> recorded = new TreeMap<>();
        for (Path file : records) {
            RecordFile.read(file).forEach((key, entry) -> recorded.merge(key, entry, RecordFile.Entry::plus));
        }
        if (recorded.isEmpty()) {
            throw new UsageError("the record holds no key: nothing was acknowledged, so there is nothing to compare");
        }
        Settings settings = SettingOptions.resolve(spec, environment);
        settings.warnings().forEach(console::note);
        try (JdbcCounterSink sink = settings.sink()) {
            Verification verification = look(sink.totals(), recorded, patience);
            console.say(console.coloured(
                    verification.isExact() ? Console.Colour.GOOD : Console.Colour.BAD, verification.verdict()));
            console.say(verification.details(DIFFERENCES_MAX, KEY_COLUMNS));
            return verification.isExact() ? 0 : 1;
        }
    }

    private static Verification look(CounterTotals totals, Map<String, RecordFile.Entry> recorded, Duration patience)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Verification verification = Verification.of(recorded, stored(totals, List.copyOf(recorded.keySet())));
            if (!verification.mayImprove() || System.nanoTime() - deadline >= 0) {
                return verification;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
    }

    private static Map<String, Long> stored(CounterTotals totals, List<String> keys) {
        Map<String, Long> stored = new HashMap<>();
        for (int from = 0; from < keys.size(); from += CounterTotals.LIMIT_MAX) {
            List<String> some = keys.subList(from, Math.min(keys.size(), from + CounterTotals.LIMIT_MAX));
            for (Total total : totals.get(some).entries()) {
                stored.put(total.key(), total.value());
            }
        }
        return stored;
    }
}
