// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.io.InputStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The main program of {@code examples/count-lines.sh}, which says where it runs by system properties. */
public final class CountLines {
    private CountLines() {}

    /** Runs and exits; {@code --help} tells the arguments. */
    public static void main(String[] arguments) {
        Console console = Console.standard();
        Path data = Path.of(System.getProperty("examples.data", "examples/.data"));
        boolean piped = Boolean.getBoolean("examples.piped");
        Interrupts interrupts = new Interrupts();
        interrupts.listen();
        int status = run(List.of(arguments), System.getenv(), System.in, piped, data, console, interrupts);
        console.out().flush();
        console.err().flush();
        System.exit(status);
    }

    /**
     * Does what the arguments say.
     *
     * @param inputIsPiped whether standard input may have lines to count
     * @return the exit status
     */
    static int run(
            List<String> arguments,
            Map<String, String> environment,
            InputStream standardInput,
            boolean inputIsPiped,
            Path defaultData,
            Console console,
            Interrupts interrupts) {
        try {
            Options options = Options.parse(arguments, environment, inputIsPiped, defaultData);
            if (options.help()) {
                console.out().print(Options.HELP);
                return 0;
            }
            return options.files().isEmpty()
                    ? new TortureCase(options, console).run()
                    : new LineCount(options, standardInput, console, interrupts).run();
        } catch (UserError e) {
            if (interrupts.happened()) {
                console.note("count-lines: stopped before anything was counted");
                return 130;
            }
            console.note("count-lines: " + e.getMessage());
            return 2;
        } catch (InvalidPathException e) {
            console.note("count-lines: not a path: " + e.getMessage());
            return 2;
        } catch (InterruptedException e) {
            console.note("count-lines: stopped");
            return 130;
        }
    }
}
