// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import io.everycount.examples.Strategies.Contender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The main program of {@code examples/loss.sh}: what the usual ways to bring counts to a database lose. */
public final class LossDemo {
    private final LossOptions options;
    private final List<Contender> contenders;
    private final Console console;

    LossDemo(LossOptions options, List<Contender> contenders, Console console) {
        this.options = options;
        this.contenders = contenders;
        this.console = console;
    }

    /** Runs and exits; {@code --help} tells the arguments. */
    public static void main(String[] arguments) {
        Console console = Console.standard();
        new Interrupts().listen();
        int status = run(List.of(arguments), console);
        console.out().flush();
        console.err().flush();
        System.exit(status);
    }

    /**
     * Does what the arguments say.
     *
     * @return the exit status
     */
    static int run(List<String> arguments, Console console) {
        try {
            LossOptions options = LossOptions.parse(arguments);
            if (options.help()) {
                console.out().print(LossOptions.HELP);
                return 0;
            }
            return new LossDemo(options, Strategies.ALL, console).run();
        } catch (UserError e) {
            console.note("loss: " + e.getMessage());
            return 2;
        } catch (InvalidPathException e) {
            console.note("loss: not a path: " + e.getMessage());
            return 2;
        } catch (InterruptedException e) {
            console.endLive();
            console.note("loss: stopped");
            return 130;
        }
    }

    /** Runs all, shows what came of it, and returns the exit status. */
    int run() throws InterruptedException {
        List<LossReport.Row> rows = new ArrayList<>();
        int all = 2 * contenders.size();
        console.note(all + " runs of " + LossReport.seconds(options.time()) + ": " + options.threads()
                + " threads increment " + Text.count(options.keys()) + " keys");
        for (Contender contender : contenders) {
            LossRun.Outcome paused = measure(contender, options.interval(), rows.size() * 2 + 1, all);
            LossRun.Outcome steady = measure(contender, Duration.ZERO, rows.size() * 2 + 2, all);
            rows.add(new LossReport.Row(contender, paused, steady));
        }
        console.endLive();
        LossReport report = new LossReport(options, rows);
        console.out().print(report.text());
        console.out().flush();
        write(options.svg(), LossChart.svg(options, rows));
        write(options.markdown(), report.markdown());
        return report.oursIsExact() ? 0 : 1;
    }

    private LossRun.Outcome measure(Contender contender, Duration interval, int number, int all)
            throws InterruptedException {
        console.live(Text.printable(
                number + " of " + all + ": " + contender.title() + ", drained " + LossReport.cadence(interval),
                console.columns() - 1));
        return LossRun.run(
                contender.make().get(),
                new LossRun.Load(options.threads(), options.keys(), Long.MAX_VALUE, options.time(), interval));
    }

    private void write(@Nullable Path file, String content) {
        if (file == null) {
            return;
        }
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UserError("cannot write " + file + ": " + e.getMessage());
        }
        console.note("Wrote " + file);
    }
}
