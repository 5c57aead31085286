// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.AckLevel;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code load}: sends increments to running adapters and keeps book of what was acknowledged. */
@Command(
        name = "load",
        header = "Sends increments to a running adapter, and records what was acknowledged.",
        optionListHeading = "%nOptions:%n",
        description = {
            "",
            "An increment is acknowledged (200 or 202), rejected (4xx, 503, or never sent: not counted), or"
                    + " unknown (no complete answer, or one that does not say: counted or not). No request is ever"
                    + " sent again. Ctrl-C ends the run with its table and record."
        },
        footer = {
            "",
            "Examples:",
            "  @|faint # as fast as it goes, then compare|@",
            "  load --increments 100000 --record run.tsv",
            "  verify --record run.tsv --database-url jdbc:postgresql://localhost/test --database-user test",
            "  @|faint # 5,000 a second for a minute, to two adapters in turn|@",
            "  load --rate 5000/s --duration 1m --url http://127.0.0.1:8080 --url http://127.0.0.1:8081",
            "  @|faint # 1,000 increments in each request, as text|@",
            "  load --bulk 1000 --format lines --increments 10000000"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all increments that were sent were acknowledged, at least one",
            "1:some were not, or nobody listens",
            "2:a mistake in the command"
        })
final class LoadCommand implements Callable<Integer> {
    private static final int CONNECTIONS_MAX = 4_096;
    private static final int KEYS_MAX = 1_000_000;
    private static final int BULK_MAX = 100_000;
    private static final long INCREMENTS_MAX = 1_000_000_000_000L;
    private static final long INCREMENTS = 100_000;
    private static final Duration TICK_TERMINAL = Duration.ofSeconds(1);
    private static final Duration TICK = Duration.ofSeconds(5);
    private static final Duration LAST_ANSWERS_MORE = Duration.ofSeconds(10);

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:8080",
            description = "An adapter; give several and each gets requests in turn (default: ${DEFAULT-VALUE})")
    private List<String> urls = new ArrayList<>();

    @Option(
            names = "--increments",
            paramLabel = "N",
            description = "How many to send: 1 to 10^12 (default: 100000, or without end if --duration is given)")
    private @Nullable String increments;

    @Option(names = "--duration", paramLabel = "TIME", description = "How long to send, as in 10s or 5m")
    private @Nullable String duration;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "64",
            description = "How many requests may be under way at once: 1 to 4096 (default: ${DEFAULT-VALUE})")
    private int connections;

    @Option(
            names = "--rate",
            paramLabel = "N/s|max",
            defaultValue = "max",
            description = "Increments a second, as in 5000/s; max: as fast as answers come (default: ${DEFAULT-VALUE})")
    private String rate = "max";

    @Option(
            names = "--keys",
            paramLabel = "N",
            defaultValue = "100",
            description = "How many distinct keys: 1 to 1000000 (default: ${DEFAULT-VALUE})")
    private int keys;

    @Option(
            names = "--distribution",
            paramLabel = "zipf|uniform|hot",
            defaultValue = "zipf",
            description = "How increments spread over keys: the k-th key a share like 1/k, all the same, or nine"
                    + " tenths to one key (default: ${DEFAULT-VALUE})")
    private KeyChoice.Distribution distribution = KeyChoice.Distribution.ZIPF;

    @Option(
            names = "--prefix",
            paramLabel = "TEXT",
            description = "What keys begin with (default: load: and a random id, so that no other run has them)")
    private @Nullable String prefix;

    @Option(
            names = "--bulk",
            paramLabel = "N",
            defaultValue = "1",
            description = "How many increments a request has: 1 to 100000 (default: ${DEFAULT-VALUE})")
    private int bulk;

    @Option(
            names = "--format",
            paramLabel = "form|json|lines",
            description = "How they are written (default: form, and json for --bulk)")
    private @Nullable BodyFormat format;

    @Option(
            names = "--ack",
            paramLabel = "memory|journal|sink",
            description = "What to wait for: taken, forced to disk, or written to the database (default: the server's)")
    private @Nullable AckLevel ack;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            defaultValue = "10s",
            description = "How long to wait for an answer (default: ${DEFAULT-VALUE})")
    private String timeout = "10s";

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Repeats the order of keys of another run (default: random; it is printed)")
    private @Nullable Long seed;

    @Option(
            names = "--record",
            paramLabel = "FILE",
            description = "Where to write what was acknowledged of each key, and what is unknown, for verify")
    private @Nullable Path recordFile;

    @Mixin
    private HttpTarget http = new HttpTarget();

    private final Console console;
    private String intention = "";

    LoadCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        LoadPlan plan = plan();
        if (recordFile != null) {
            try {
                RecordFile.requireWritable(recordFile);
            } catch (IOException e) {
                throw new UsageError("--record " + recordFile + " cannot be written: " + FileProblem.of(e));
            }
        }
        Function<URI, PostConnection> connect = http.connections();
        for (URI target : plan.targets()) {
            HttpTarget.requireListener(target);
        }
        return run(plan, connect);
    }

    private int run(LoadPlan plan, Function<URI, PostConnection> connect) throws IOException, InterruptedException {
        LoadTally tally = new LoadTally(plan.keys());
        LoadRun run = new LoadRun(plan, tally, connect);
        LoadReport report = new LoadReport(plan, tally);
        CtrlC.onFirst(run::stop);
        console.note(intention);
        run.start();
        long elapsedNanos;
        try {
            long tickNanos = (console.terminal() ? TICK_TERMINAL : TICK).toNanos();
            while (!run.await(tickNanos)) {
                console.live(report.progress(run.elapsedNanos(), console.columns()));
            }
            elapsedNanos = run.elapsedNanos();
        } finally {
            // Also on a failure of ours: what is under way has an outcome soon.
            run.stop();
            boolean complete = run.await(plan.timeout().plus(LAST_ANSWERS_MORE).toNanos());
            console.endLive();
            if (complete) {
                writeRecord(tally);
            } else {
                console.note("some requests came to no end: there is no record, because it would not be true");
            }
        }
        console.say(report.table(elapsedNanos));
        if (recordFile != null) {
            console.say("recorded in " + recordFile);
        }
        long acknowledged = tally.increments(Outcome.ACKNOWLEDGED);
        return acknowledged > 0 && acknowledged == tally.increments() ? 0 : 1;
    }

    private void writeRecord(LoadTally tally) throws IOException {
        if (recordFile != null) {
            RecordFile.write(recordFile, tally.entries());
        }
    }

    private LoadPlan plan() {
        requireRange("--connections", connections, 1, CONNECTIONS_MAX);
        requireRange("--keys", keys, 1, KEYS_MAX);
        requireRange("--bulk", bulk, 1, BULK_MAX);
        BodyFormat chosen = format != null ? format : bulk > 1 ? BodyFormat.JSON : BodyFormat.FORM;
        if (chosen == BodyFormat.FORM && bulk > 1) {
            throw new UsageError("--format form holds one increment, and --bulk is " + bulk + ": use json or lines");
        }
        if (prefix != null && chosen == BodyFormat.LINES && prefix.chars().anyMatch(Character::isWhitespace)) {
            throw new UsageError("--prefix has white space, which --format lines cannot write: use form or json");
        }
        long chosenSeed = seed != null ? seed : new SecureRandom().nextLong() >>> 1;
        String begin = prefix != null ? prefix : String.format("load:%08x:", new SecureRandom().nextInt());
        List<String> names = new ArrayList<>(keys);
        for (int i = 0; i < keys; i++) {
            names.add(begin + i);
        }
        intention = "keys " + Text.printable(begin, 60) + "0 to " + (keys - 1) + ", seed " + chosenSeed;
        Duration time = duration == null
                ? null
                : read("--duration", duration, Kind.duration(Duration.ofMillis(1), Duration.ofDays(7)));
        return new LoadPlan(
                urls.stream().map(HttpTarget::base).toList(),
                increments != null ? howMany(increments) : time != null ? INCREMENTS_MAX : INCREMENTS,
                time,
                connections,
                rate.equals("max") ? 0 : read("--rate", rate, Kind.perSecond(1, 10_000_000)),
                List.copyOf(names),
                new KeyChoice(distribution, keys, chosenSeed),
                bulk,
                chosen,
                ack,
                read("--timeout", timeout, Kind.duration(Duration.ofMillis(1), Duration.ofMinutes(10))),
                http.apiKey());
    }

    private static long howMany(String text) {
        try {
            long number = Amounts.whole(text);
            if (number >= 1 && number <= INCREMENTS_MAX) {
                return number;
            }
        } catch (IllegalArgumentException e) {
            // Told below.
        }
        throw new UsageError("--increments is '" + text + "'; allowed: 1 to " + INCREMENTS_MAX);
    }

    /** Reads an option's value, or says what is allowed. */
    static <T> T read(String option, String text, Kind<T> kind) {
        try {
            return kind.reader().apply(text);
        } catch (IllegalArgumentException e) {
            throw new UsageError(option + " is '" + text + "'; allowed: " + kind.allowedWithExample());
        }
    }

    /** Says what is allowed unless a number is. */
    static void requireRange(String option, int given, int min, int max) {
        if (given < min || given > max) {
            throw new UsageError(option + " is " + given + "; allowed: " + min + " to " + max);
        }
    }
}
