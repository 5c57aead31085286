// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.CloseReport;
import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.JournalException;
import io.everycount.http.CounterMetrics;
import io.everycount.http.CounterServer;
import io.everycount.http.CounterServerBuilder;
import io.everycount.jdbc.JdbcCounterSink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code serve}: the server, until it is told to stop. */
@Command(
        name = "serve",
        header = "Takes increments over HTTP and writes their totals to Postgres.",
        description = {
            "",
            "Runs until SIGTERM or Ctrl-C. Then /health/ready answers 503 and answers close their connections"
                    + " for the drain time; then no connection is taken, and what was counted is written. The last line"
                    + " says whether all of it was."
        },
        footer = {
            "",
            "Examples:",
            "  serve --database-url jdbc:postgresql://localhost/app --database-user app",
            "  serve --config everycount.properties --keys-file keys --listen :8080"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:stopped, and everything accepted is persisted",
            "1:not everything is known to be persisted (what is in the journal is written by the next process), or"
                    + " the cache has stopped",
            "2:a mistake in a setting, an address that cannot be listened to, or a journal that cannot be opened"
        })
final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);
    private static final int KEYS_SHOWN = 5;
    private static final long LOOK_SECONDS = 1;

    private final Console console;
    private final Map<String, String> environment;

    /** Why to stop: the first to say so counts. */
    private final BlockingQueue<String> reasons = new LinkedBlockingQueue<>();

    /** Whether what this says goes into the log, for programs, rather than to people. */
    private boolean logged;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    ServeCommand(Console console, Map<String, String> environment) {
        this.console = console;
        this.environment = environment;
    }

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = SettingOptions.resolve(spec, environment);
        List<String> conflicts = settings.conflicts();
        if (!conflicts.isEmpty()) {
            throw new UsageError(String.join("\n", conflicts));
        }
        logged = Logging.start(settings);
        settings.warnings().forEach(warning -> tell(Level.WARN, "setting", "warning: " + warning));
        try (JdbcCounterSink sink = settings.sink()) {
            return serve(settings, sink);
        }
    }

    private int serve(Settings settings, JdbcCounterSink sink) throws InterruptedException {
        CounterMetrics metrics = new CounterMetrics().pool(sink);
        CounterCache cache = cache(settings, sink, metrics);
        CloseReport report;
        // Nothing is counted before it serves, so there is nothing to wait for if it does not come to that.
        Duration patience = Duration.ZERO;
        try {
            // Before it serves: what is taken from then on must not die of a signal.
            CtrlC.onFirst(() -> reasons.add("told to stop"));
            CounterServer server = start(settings, sink, cache, metrics);
            patience = settings.get(Setting.SHUTDOWN_TIMEOUT);
            tell(
                    Level.INFO,
                    "serving",
                    "Everycount serves on " + url(settings, server.port())
                            + (server.managementPort() == server.port()
                                    ? ""
                                    : ", health and metrics on port " + server.managementPort())
                            + " (process " + ProcessHandle.current().pid() + ")");
            String reason = awaitReason(cache);
            Duration drain = settings.get(Setting.DRAIN_TIME);
            tell(
                    Level.INFO,
                    "stopping",
                    "Stopping: " + reason
                            + (drain.isZero()
                                    ? ""
                                    : ". Not ready any more; serving for " + Text.time(drain) + " more"));
            long endNanos = System.nanoTime() + drain.plus(patience).toNanos();
            // Half of the time for requests under way at most: the rest is for what they brought.
            if (!server.stop(drain, patience.dividedBy(2))) {
                tell(
                        Level.WARN,
                        "unanswered",
                        "Some requests were not answered in time; what was counted of them is written all the same");
            }
            patience = Duration.ofNanos(Math.max(0, endNanos - System.nanoTime()));
        } finally {
            report = cache.close(patience);
        }
        return verdict(report);
    }

    private static CounterCache cache(Settings settings, JdbcCounterSink sink, CounterMetrics metrics) {
        try {
            return settings.cache(sink).listener(metrics.listener()).build();
        } catch (JournalException e) {
            throw new UsageError(String.valueOf(e.getMessage()));
        }
    }

    /** Waits for a signal, or for the cache to stop by itself, which somebody has to start again then. */
    private String awaitReason(CounterCache cache) throws InterruptedException {
        while (true) {
            String reason = reasons.poll(LOOK_SECONDS, TimeUnit.SECONDS);
            if (reason != null) {
                return reason;
            }
            CounterStats stats = cache.stats();
            if (stats.state() != CounterStats.State.RUNNING) {
                return "the cache has stopped (" + stats.state() + "): " + stats.stateMessage();
            }
        }
    }

    private static CounterServer start(
            Settings settings, JdbcCounterSink sink, CounterCache cache, CounterMetrics metrics) {
        Address listen = settings.get(Setting.LISTEN);
        CounterServerBuilder builder = CounterServer.builder(cache)
                .totals(sink.totals())
                .metrics(metrics)
                .name(settings.get(Setting.NAME))
                .listen(host(listen), listen.port())
                .sessionLife(settings.get(Setting.SESSION_LIFE))
                .requestLimits(Math.toIntExact(settings.get(Setting.MAX_BODY_BYTES)), settings.get(Setting.MAX_ENTRIES))
                .maxConnections(settings.get(Setting.MAX_CONNECTIONS))
                .timeouts(settings.get(Setting.REQUEST_TIMEOUT), settings.get(Setting.IDLE_TIMEOUT))
                .ackTimeout(settings.get(Setting.ACK_TIMEOUT));
        Address management = settings.find(Setting.MANAGEMENT_LISTEN);
        if (management != null) {
            builder.managementListen(host(management), management.port());
        }
        if (settings.get(Setting.ALLOW_ANONYMOUS)) {
            builder.allowAnonymous();
        }
        Path keys = settings.find(Setting.KEYS_FILE);
        if (keys != null) {
            builder.apiKeys(keys);
        }
        Double rate = settings.find(Setting.RATE_LIMIT);
        if (rate != null) {
            builder.rateLimit((int) Math.round(rate));
        }
        Path certificate = settings.find(Setting.TLS_CERTIFICATE);
        if (certificate != null) {
            builder.tls(certificate, Objects.requireNonNull(settings.find(Setting.TLS_KEY)));
        }
        try {
            return builder.start();
        } catch (IOException e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new UsageError("cannot listen on " + listen + (management == null ? "" : " and " + management) + ": "
                    + reason.getMessage() + "; \"doctor\" with the same settings tells more");
        } catch (IllegalArgumentException e) {
            throw new UsageError(String.valueOf(e.getMessage()));
        }
    }

    private static String host(Address address) {
        return address.host().isEmpty() ? "0.0.0.0" : address.host();
    }

    private static String url(Settings settings, int port) {
        Address listen = settings.get(Setting.LISTEN);
        return (settings.find(Setting.TLS_CERTIFICATE) == null ? "http://" : "https://")
                + new Address(listen.host().isEmpty() ? "localhost" : listen.host(), port);
    }

    /** One line about how it goes, where such lines belong. */
    private void tell(Level level, String event, String line) {
        if (logged) {
            LOG.atLevel(level).addKeyValue("event", event).log(line);
        } else {
            console.note(line);
        }
    }

    /** The last line. */
    private int verdict(CloseReport report) {
        CounterStats stats = report.stats();
        if (report.isComplete()) {
            String aside = stats.quarantined() == 0 && stats.lost() == 0
                    ? ""
                    : String.format(
                            Locale.ROOT,
                            "; of that %,d in quarantine and %,d lost in declared gaps",
                            stats.quarantined(),
                            stats.lost());
            tell(
                    Level.INFO,
                    "stopped",
                    String.format(
                            Locale.ROOT, "Stopped. Everything accepted is persisted: %,d%s", stats.accepted(), aside));
            return 0;
        }
        tell(
                Level.ERROR,
                "stopped",
                "Stopped. NOT PERSISTED: " + sums("unsaved", report.unsaved()) + "; "
                        + sums("unknown", report.unknown())
                        + (report.unsaved().isEmpty() && report.unknown().isEmpty()
                                ? "; the log above says what stopped the cache"
                                : "")
                        + (report.isJournaled() ? ". All of it is in the journal: the next process writes it" : ""));
        return 1;
    }

    private static String sums(String what, Map<String, Long> deltas) {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "%s %,d in %,d keys",
                what,
                deltas.values().stream().mapToLong(Long::longValue).sum(),
                deltas.size()));
        String separator = " (";
        int shown = 0;
        for (Map.Entry<String, Long> delta : deltas.entrySet()) {
            if (shown++ == KEYS_SHOWN) {
                out.append(", …");
                break;
            }
            out.append(separator)
                    .append(Text.printable(delta.getKey(), 40))
                    .append(' ')
                    .append(delta.getValue());
            separator = ", ";
        }
        return out.append(deltas.isEmpty() ? "" : ")").toString();
    }
}
