// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where an example talks to its user: results to one stream, and how it goes to another.
 *
 * @param out results
 * @param err progress and errors
 * @param terminal whether {@code err} is a terminal, whose last line can be written again
 * @param columns how wide that is
 */
record Console(PrintStream out, PrintStream err, boolean terminal, int columns) {
    /** That of the process, whose script has said by system properties what it is. */
    static Console standard() {
        return new Console(
                new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8),
                Boolean.getBoolean("examples.terminal"),
                Integer.getInteger("examples.columns", 80));
    }

    /** Writes a line of results. */
    void say(String line) {
        out.println(line);
        out.flush();
    }

    /** Writes a line about how it goes. */
    void note(String line) {
        err.println(line);
        err.flush();
    }

    /** Writes over the last line that this method wrote, on a terminal; elsewhere a line of its own. */
    void live(String line) {
        if (terminal) {
            err.print('\r' + line + "\033[K");
            err.flush();
        } else {
            note(line);
        }
    }

    /** Keeps the last live line. */
    void endLive() {
        if (terminal) {
            note("");
        }
    }
}
