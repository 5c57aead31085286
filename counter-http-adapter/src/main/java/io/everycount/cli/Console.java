// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command talks: results to one stream, how it goes and what went wrong to the other. Thread-safe.
 *
 * @param out results
 * @param err progress and errors
 * @param terminal whether a person looks at both on a terminal
 * @param columns how wide that is
 */
record Console(PrintStream out, PrintStream err, boolean terminal, int columns) {
    private static final int COLUMNS = 100;

    /** The process's own, in UTF-8. */
    static Console ofProcess() {
        boolean terminal = isTerminal() && !"dumb".equals(System.getenv("TERM"));
        int columns = terminal ? Stty.size(0, COLUMNS)[1] : COLUMNS;
        return new Console(utf8(FileDescriptor.out), utf8(FileDescriptor.err), terminal, columns);
    }

    private static PrintStream utf8(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    /** Since JDK 22 System.console() may be there without a terminal, and then says so. */
    private static boolean isTerminal() {
        java.io.Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) java.io.Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }

    /** Writes lines of results. */
    void say(String lines) {
        out.println(lines);
        out.flush();
    }

    /** Writes lines about how it goes. */
    void note(String lines) {
        err.println(lines);
        err.flush();
    }

    /** Writes over the last line that this method wrote, on a terminal; elsewhere a line of its own. */
    void live(String line) {
        if (terminal) {
            String cut = line.length() < columns ? line : line.substring(0, columns - 1);
            err.print("\r" + cut + "\033[K");
            err.flush();
        } else {
            note(line);
        }
    }

    /** Clears the last live line. */
    void endLive() {
        if (terminal) {
            err.print("\r\033[K");
            err.flush();
        }
    }

    /** A text in a colour, on a terminal. */
    String coloured(Colour colour, String text) {
        return terminal && System.getenv("NO_COLOR") == null ? "\033[" + colour.code + "m" + text + "\033[0m" : text;
    }

    /** Few, and each means one thing. */
    enum Colour {
        GOOD("32"),
        DOUBTFUL("33"),
        BAD("1;31"),
        FAINT("2");

        private final String code;

        Colour(String code) {
            this.code = code;
        }
    }
}
