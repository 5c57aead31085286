// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.journal.Entries;
import io.everycount.journal.Journal;
import io.everycount.journal.JournalLockedException;
import io.everycount.journal.JournalOpenException;
import io.everycount.journal.JournalRecord;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.Recovered;
import io.everycount.journal.RecoveryProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code journal}: journals on disk, without an adapter. */
@Command(
        name = "journal",
        header = "Looks at journals, checks them, and brings what they have to the database.",
        description = {
            "",
            "DIR is what serve calls journal-dir. In it each instance has a directory of its own. One that an adapter"
                    + " has open is only listed. None of the commands counts anything by itself; what is written is"
                    + " written under its instance's id, so never twice."
        },
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "Examples:",
            "  journal list /var/lib/everycount",
            "  journal verify /var/lib/everycount --config everycount.properties",
            "  journal export /var/lib/everycount 3b241101-e2bb-4255-8caf-4136c566a962 > records.ndjson",
            "  journal adopt /var/lib/everycount --config everycount.properties"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done, and nothing is wrong",
            "1:a journal is damaged, in use, or does not agree with the database; or it was not done",
            "2:a mistake in the command or a setting"
        })
final class JournalCommand implements Callable<Integer> {
    private static final int KEYS_SHOWN = 20;
    private static final int KEY_COLUMNS = 50;
    private static final RecoveryProgress SILENT = (instanceId, done, total, records) -> {};
    private static final String DIR = "What serve calls journal-dir";
    private static final String INSTANCE = "Which one; all that are not in use, if it is left out";

    /** Those that take the settings of a database. */
    static final List<String> WITH_DATABASE = List.of("verify", "adopt");

    private final Console console;
    private final Map<String, String> environment;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    JournalCommand(Console console, Map<String, String> environment) {
        this.console = console;
        this.environment = environment;
    }

    @Override
    public Integer call() {
        throw new UsageError(
                "which one? " + String.join(", ", spec.subcommands().keySet()) + "; --help tells what they do");
    }

    @Command(name = "list", header = "Lists the journals: who has them open, why they are forked, how large they are.")
    int list(@Parameters(paramLabel = "DIR", description = DIR) Path directory) throws IOException {
        Table table = new Table("", "llrrl").row("instance", "state", "bytes", "segments", "");
        for (JournalRoot.Entry entry : root(directory).list()) {
            long bytes = 0;
            int segments = 0;
            try (Stream<Path> files = Files.list(entry.directory())) {
                for (Path file : files.toList()) {
                    bytes += Files.size(file);
                    segments += file.toString().endsWith(".seg") ? 1 : 0;
                }
            } catch (IOException e) {
                // Somebody has put it away while we looked.
            }
            table.row(
                    entry.instanceId().toString(),
                    state(entry.state()),
                    Text.count(bytes),
                    Text.count(segments),
                    Text.printable(entry.holderOrReason(), 200));
        }
        console.say(table.toString());
        return 0;
    }

    @Command(name = "inspect", header = "Tells what journals have: segments, records, sums, stores, age.")
    int inspect(
            @Parameters(paramLabel = "DIR", description = DIR) Path directory,
            @Parameters(paramLabel = "INSTANCE", arity = "0..1", description = INSTANCE) @Nullable UUID instance)
            throws IOException {
        return each(directory, instance, this::describe);
    }

    @Command(
            name = "verify",
            header = "Checks journals; with a database also how far that is.",
            description = {
                "",
                "Reads every record and checks its checksum and the digest chain. With a database-url, looks whether"
                        + " the ledger's mark is in the journal's history, and what is still to be written. Changes"
                        + " nothing."
            })
    int verify(
            @Parameters(paramLabel = "DIR", description = DIR) Path directory,
            @Parameters(paramLabel = "INSTANCE", arity = "0..1", description = INSTANCE) @Nullable UUID instance)
            throws IOException {
        Settings settings = settings("verify");
        if (settings.find(Setting.DATABASE_URL) == null) {
            return each(directory, instance, journal -> check(journal, null));
        }
        try (JdbcCounterSink sink = settings.sink()) {
            return each(directory, instance, journal -> check(journal, sink));
        }
    }

    @Command(name = "export", header = "Writes the records of a journal as NDJSON, one on each line.")
    int export(
            @Parameters(paramLabel = "DIR", description = DIR) Path directory,
            @Parameters(paramLabel = "INSTANCE", description = "Which one") UUID instance)
            throws IOException {
        try (Journal journal = root(directory).open(instance, true, progress());
                JsonGenerator json = new JsonFactory()
                        .createGenerator(console.out())
                        .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                        .setRootValueSeparator(null)) {
            for (JournalRecord record : journal.recovered().records()) {
                json.writeStartObject();
                json.writeNumberField("from", record.from());
                json.writeNumberField("number", record.number());
                json.writeStringField("digest", HexFormat.of().toHexDigits(record.digest()));
                json.writeStringField(
                        "since", Instant.ofEpochMilli(record.sinceMillis()).toString());
                json.writeObjectFieldStart("deltas");
                Entries.Cursor entry = record.entries().cursor();
                while (entry.next()) {
                    json.writeNumberField(entry.keyText(), entry.delta());
                }
                json.writeEndObject();
                json.writeEndObject();
                json.writeRaw('\n');
            }
        }
        return 0;
    }

    @Command(
            name = "adopt",
            header = "Writes what free journals have to the database, now.",
            description = {
                "",
                "What an adapter that shares DIR does at its start and once a minute. The directories stay: an adapter"
                        + " removes them, after the time for which it keeps what is written."
            })
    int adopt(
            @Parameters(paramLabel = "DIR", description = DIR) Path directory,
            @Option(
                            names = "--timeout",
                            paramLabel = "TIME",
                            defaultValue = "10m",
                            description = "How long it may take (default: ${DEFAULT-VALUE})")
                    String timeout)
            throws IOException, InterruptedException {
        Duration patience =
                LoadCommand.read("--timeout", timeout, Kind.duration(Duration.ofMillis(1), Duration.ofDays(1)));
        root(directory);
        return new JournalAdoption(directory, console).run(settings("adopt"), patience);
    }

    @Command(
            name = "carry-over",
            header = "Makes chosen records those of a new instance, which an adapter then adopts.",
            description = {
                "",
                "For a forked journal, when somebody has found out which of its records are in no database. What is"
                        + " chosen is added to the totals, whatever the database has: choosing is a promise that it does"
                        + " not have it. The old directory becomes INSTANCE.carried and is not opened again. If it is"
                        + " interrupted, the same command ends it."
            })
    int carryOver(
            @Parameters(paramLabel = "DIR", description = DIR) Path directory,
            @Parameters(paramLabel = "INSTANCE", description = "Which one; forked or free") UUID instance,
            @Option(names = "--from", paramLabel = "N", required = true, description = "The first record to carry over")
                    long from,
            @Option(names = "--to", paramLabel = "M", description = "The last one; the last there is, if left out")
                    @Nullable
                    Long to,
            @Option(names = "--yes", description = "Do it; without this, only tells what would be done") boolean yes)
            throws IOException {
        JournalRoot root = root(directory);
        List<JournalRoot.State> states = root.list().stream()
                .filter(entry -> entry.instanceId().equals(instance))
                .map(JournalRoot.Entry::state)
                .toList();
        if (states.equals(List.of(JournalRoot.State.CARRIED))) {
            console.say("its records were carried over before, to " + root.resumeCarryOver(instance));
            return 0;
        }
        try (Journal journal = root.open(instance, true, progress())) {
            Recovered recovered = journal.recovered();
            JournalChoice choice = JournalChoice.of(recovered, from, to == null ? recovered.lastNumber() : to);
            tell(choice, recovered);
            if (!yes) {
                console.note("Nothing was changed. With --yes it is done.");
                return 1;
            }
            UUID made = root.carryOver(journal, choice.chosen());
            console.say("carried over to " + made + ": an adapter that shares " + directory
                    + " adopts it within a minute, and \"journal adopt\" does at once");
            return 0;
        }
    }

    private void tell(JournalChoice choice, Recovered recovered) {
        JournalSums chosen = JournalSums.of(choice.chosen());
        console.say("to be carried over  " + chosen.shown());
        console.say(chosen.largest("  ", KEYS_SHOWN, KEY_COLUMNS));
        console.say("left out before     " + JournalSums.of(choice.before()).shown());
        console.say("left out behind     " + JournalSums.of(choice.after()).shown());
        List<JournalRecord> applied = choice.chosen().stream()
                .filter(record -> record.number() <= recovered.appliedNumber())
                .toList();
        if (!applied.isEmpty()) {
            console.note(console.coloured(Console.Colour.BAD, "warning: ") + "records up to "
                    + recovered.appliedNumber() + " were in a database once ("
                    + JournalSums.of(applied).shown()
                    + " of those chosen). If it still has them, they count twice: --from "
                    + (recovered.appliedNumber() + 1) + " leaves them out");
        }
    }

    /** What is done with a journal; false if something is wrong with it. */
    private interface Action {
        boolean on(Journal journal) throws IOException;
    }

    /** With one journal, or with all that can be opened; damaged ones are told and passed over. */
    private int each(Path directory, @Nullable UUID instance, Action action) throws IOException {
        JournalRoot root = root(directory);
        boolean isFine = true;
        for (JournalRoot.Entry entry : root.list()) {
            boolean isWanted = instance == null
                    ? entry.state() != JournalRoot.State.RETIRED && entry.state() != JournalRoot.State.CARRIED
                    : entry.instanceId().equals(instance);
            if (!isWanted) {
                continue;
            }
            console.say("instance    " + entry.instanceId());
            console.say("state       " + state(entry.state())
                    + (entry.holderOrReason().isEmpty() ? "" : ": " + Text.printable(entry.holderOrReason(), 300)));
            isFine &= entry.state() != JournalRoot.State.FORKED;
            try (Journal journal = root.open(entry.instanceId(), true, progress())) {
                isFine &= action.on(journal);
            } catch (JournalLockedException e) {
                // Its adapter tells; asked for by name, it is a failure.
                isFine &= instance == null;
            } catch (JournalOpenException e) {
                console.note(console.coloured(Console.Colour.BAD, "error: ") + e.getMessage());
                isFine = false;
            }
            console.say("");
        }
        if (instance != null
                && root.list().stream().noneMatch(entry -> entry.instanceId().equals(instance))) {
            throw new UsageError("there is no journal of instance " + instance + " in " + directory);
        }
        return isFine ? 0 : 1;
    }

    private boolean describe(Journal journal) {
        Recovered recovered = journal.recovered();
        console.say("directory   " + journal.directory());
        console.say("segments    " + Text.count(journal.stats().segments()) + ", "
                + Text.count(journal.stats().bytes()) + " bytes");
        if (recovered.lastNumber() == 0) {
            console.say("records     none yet");
            return true;
        }
        console.say("records     " + Text.count(recovered.baseNumber() + 1) + " to "
                + Text.count(recovered.lastNumber()) + ": "
                + JournalSums.of(recovered.records()).shown());
        console.say("applied     up to record " + Text.count(recovered.appliedNumber())
                + " at least, as the journal knows");
        List<JournalRecord> open = recovered.records().stream()
                .filter(record -> record.number() > recovered.appliedNumber())
                .toList();
        console.say("perhaps not " + JournalSums.of(open).shown()
                + (open.isEmpty()
                        ? ""
                        : ", the oldest "
                                + Text.time(Duration.ofMillis(Math.max(
                                        0,
                                        System.currentTimeMillis()
                                                - open.stream()
                                                        .mapToLong(JournalRecord::sinceMillis)
                                                        .min()
                                                        .orElseThrow())))
                                + " old"));
        for (int sink = 0; journal.store(sink) != null; sink++) {
            console.say("store       " + journal.store(sink) + " of sink " + sink);
        }
        return true;
    }

    private boolean check(Journal journal, @Nullable JdbcCounterSink sink) {
        Recovered recovered = journal.recovered();
        console.say("journal     " + Text.count(recovered.records().size()) + " records, checksums and digests agree");
        if (sink == null) {
            return true;
        }
        JournalLedger ledger = JournalLedger.compare(journal, sink);
        console.say("database    " + ledger.verdict());
        if (ledger.isFine()) {
            JournalSums missing = JournalSums.of(ledger.missing());
            console.say("to write    " + missing.shown());
            if (missing.records() > 0) {
                console.say(missing.largest("  ", KEYS_SHOWN, KEY_COLUMNS));
            }
        }
        return ledger.isFine();
    }

    private RecoveryProgress progress() {
        return console.terminal()
                ? (instanceId, done, total, records) -> {
                    if (done < total) {
                        console.live("reading " + instanceId + ": " + (done >> 20) + " of " + (total >> 20) + " MiB");
                    } else {
                        console.endLive();
                    }
                }
                : SILENT;
    }

    private Settings settings(String command) {
        CommandLine given = Objects.requireNonNull(spec.subcommands().get(command), command);
        Settings settings = SettingOptions.resolve(given.getCommandSpec(), environment);
        settings.warnings().forEach(console::note);
        return settings;
    }

    private static JournalRoot root(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new UsageError(directory + ": there is no such directory");
        }
        return Journals.root(directory);
    }

    private static String state(JournalRoot.State state) {
        return switch (state) {
            case FREE -> "free";
            case LOCKED -> "in use";
            case FORKED -> "forked";
            case UNREADABLE -> "unreadable";
            case CARRIED -> "carried over";
            case RETIRED -> "retired";
        };
    }
}
