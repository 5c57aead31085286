// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.io.PrintStream;

/**
 * Where an example talks to its user: results to one stream, and how it goes to another.
 *
 * @param out results
 * @param err progress and errors
 * @param terminal whether {@code err} is a terminal, whose last line can be written again
 * @param columns how wide that is
 */
record Console(PrintStream out, PrintStream err, boolean terminal, int columns) {
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
