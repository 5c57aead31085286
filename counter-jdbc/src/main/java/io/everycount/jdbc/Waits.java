// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import java.time.Duration;

/** How long each wait may take; each is shorter than the one around it. */
record Waits(int lockMillis, int statementMillis, int socketMillis, int connectMillis) {
    static final Waits DEFAULT = new Waits(5_000, 10_000, 15_000, 5_000);

    private static final Duration MAX = Duration.ofHours(1);

    Waits {
        if (lockMillis >= statementMillis) {
            throw new IllegalArgumentException("a lock timeout of " + lockMillis
                    + " ms is not below the statement timeout of " + statementMillis + " ms");
        }
        if (statementMillis >= socketMillis) {
            throw new IllegalArgumentException("a statement timeout of " + statementMillis
                    + " ms is not below the socket timeout of " + socketMillis
                    + " ms; the server has to give up before the client does");
        }
    }

    /** As the driver counts: whole seconds, at least one. */
    int statementSeconds() {
        return (statementMillis + 999) / 1000;
    }

    static int millis(String what, Duration wait) {
        if (wait.toMillis() < 1 || wait.compareTo(MAX) > 0) {
            throw new IllegalArgumentException("a " + what + " of " + wait + " is not between 1 ms and " + MAX);
        }
        return (int) wait.toMillis();
    }
}
