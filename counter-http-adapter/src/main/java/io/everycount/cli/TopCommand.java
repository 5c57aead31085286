// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code top}: the hottest keys, live. */
@Command(
        name = "top",
        header = "Shows the greatest totals and how fast they grow, live.",
        optionListHeading = "%nOptions:%n",
        description = {
            "",
            "Reads the database if one is configured, which has the totals of all adapters; otherwise, or with"
                    + " --url, asks an adapter. q or Ctrl-C ends. Where it cannot draw, it prints once."
        },
        footer = {
            "",
            "Examples:",
            "  top --url http://127.0.0.1:8080",
            "  top --order rate --prefix page: --database-url jdbc:postgresql://localhost/postgres"
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:ended by its user, or printed once", "1:nothing could be read", "2:a mistake in the command"
        })
final class TopCommand implements Callable<Integer> {
    private static final String URL = "http://127.0.0.1:8080";
    private static final int ROWS_MAX = 1_000;
    private static final int CANDIDATES = 1_000;
    private static final int OTHER_ROWS = 5;

    @Option(names = "--url", paramLabel = "URL", description = "An adapter (default, without a database: " + URL + ")")
    private @Nullable String url;

    @Option(names = "--prefix", paramLabel = "TEXT", description = "Only keys that begin with this")
    private String prefix = "";

    @Option(
            names = "--order",
            paramLabel = "value|rate",
            defaultValue = "value",
            description = "Greatest totals first, or fastest growing among the 1000 greatest (default:"
                    + " ${DEFAULT-VALUE})")
    private TopLook.Order order = TopLook.Order.VALUE;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many keys: 1 to 1000 (default: ${DEFAULT-VALUE})")
    private int limit;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "2s",
            description = "How often to look (default: ${DEFAULT-VALUE})")
    private String interval = "2s";

    @Option(names = "--once", description = "Print once, without rates, and end")
    private boolean once;

    @Mixin
    private HttpTarget http = new HttpTarget();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final Console console;
    private final Map<String, String> environment;
    private final CountDownLatch end = new CountDownLatch(1);

    TopCommand(Console console, Map<String, String> environment) {
        this.console = console;
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        LoadCommand.requireRange("--limit", limit, 1, ROWS_MAX);
        Duration pause =
                LoadCommand.read("--interval", interval, Kind.duration(Duration.ofMillis(100), Duration.ofHours(1)));
        Settings settings = SettingOptions.resolve(spec, environment);
        settings.warnings().forEach(console::note);
        try (TopLook.Source source = source(settings)) {
            if (once || !console.terminal()) {
                TopLook look = source.look(prefix, limit);
                console.say(look.text(null, TopLook.Order.VALUE, limit, console.columns()));
            } else {
                live(source, pause);
            }
        }
        return 0;
    }

    private TopLook.Source source(Settings settings) {
        if (url == null && settings.find(Setting.DATABASE_URL) != null) {
            return new DatabaseTop(settings.sink());
        }
        URI base = HttpTarget.base(url == null ? URL : url);
        return new HttpTop(http.client(Executors.newFixedThreadPool(2, TopCommand::daemon)), base, http.apiKey());
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "top");
        thread.setDaemon(true);
        return thread;
    }

    private void live(TopLook.Source source, Duration pause) throws IOException, InterruptedException {
        int candidates = order == TopLook.Order.RATE ? CANDIDATES : limit;
        @Nullable TopLook before = null;
        TopLook look = source.look(prefix, candidates);
        CtrlC.onFirst(end::countDown);
        daemon(this::waitForQ).start();
        try (FullScreen screen = new FullScreen(console)) {
            do {
                int[] size = screen.size();
                int rows = Math.max(1, Math.min(limit, size[0] - OTHER_ROWS));
                screen.show(look.text(before, order, rows, size[1]) + "\n\n"
                        + console.coloured(Console.Colour.FAINT, "q ends"));
                if (end.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                    return;
                }
                before = look;
                look = source.look(prefix, candidates);
            } while (true);
        }
    }

    private void waitForQ() {
        try {
            for (int key = System.in.read(); key >= 0; key = System.in.read()) {
                if (key == 'q' || key == 'Q') {
                    end.countDown();
                    return;
                }
            }
        } catch (IOException e) {
            // Then only Ctrl-C is left.
        }
    }
}
