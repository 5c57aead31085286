// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what a Postgres with {@code log_statement=all} has logged, with the prefix that {@link Store} gives it. */
final class ServerLog {
    private static final Pattern ENTRY = Pattern.compile("\n(?=\\d{4}-\\d\\d-\\d\\d )");

    /** Time, process, database, virtual transaction, message. What a pool sends to see whether anybody is there is empty. */
    private static final Pattern STATEMENT = Pattern.compile(
            "\\S+ \\S+ \\S+ \\[\\d+\\] (\\S+) (\\S+) LOG:  (?:statement|execute [^:]*): (\\S.*)", Pattern.DOTALL);

    private ServerLog() {}

    /**
     * One statement that the server ran.
     *
     * @param transaction the server's own (virtual) number of the transaction it ran in
     * @param text as it was sent
     */
    record Statement(String transaction, String text) {
        /** Whether it adds to totals: whatever else it does. */
        boolean isUpsert() {
            return text.contains("ON CONFLICT") && text.contains("counter");
        }
    }

    /** The statements of one database, in the order in which they began. */
    static List<Statement> statements(String log, String database) {
        List<Statement> statements = new ArrayList<>();
        for (String entry : ENTRY.split(log)) {
            Matcher found = STATEMENT.matcher(entry);
            if (found.lookingAt() && found.group(1).equals(database)) {
                statements.add(new Statement(found.group(2), found.group(3).strip()));
            }
        }
        return statements;
    }
}
