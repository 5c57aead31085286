// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

/**
 * What a check of doctor's found.
 *
 * @param level how bad it is
 * @param what was looked at: a few words
 * @param detail what was found, and what to do unless it is fine; one line, never a secret
 */
record Finding(Level level, String what, String detail) {
    /** How bad something is. */
    enum Level {
        /** As it should be. */
        OK("ok  "),
        /** The server would start. */
        WARN("warn"),
        /** The server would not start, or not count. */
        FAIL("FAIL");

        final String shown;

        Level(String shown) {
            this.shown = shown;
        }
    }

    static Finding ok(String what, String detail) {
        return new Finding(Level.OK, what, detail);
    }

    static Finding warn(String what, String detail) {
        return new Finding(Level.WARN, what, detail);
    }

    static Finding fail(String what, String detail) {
        return new Finding(Level.FAIL, what, detail);
    }
}
