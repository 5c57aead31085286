// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc;

import io.everycount.sink.FatalSinkException;
import io.everycount.sink.RetriableSinkException;
import io.everycount.sink.SinkException;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a failure means, by its SQLSTATE. What is not listed here can pass by itself, as far as we know,
 * and is retriable: giving up on a batch is never the answer to something new.
 */
final class Failures {
    /**
     * What one entry can cause by itself, so that the others may pass without it: a duplicate, a text
     * too long or not in the database's encoding, an overflow, a check constraint, an index row too large.
     */
    private static final Set<String> POISON = Set.of("21000", "22001", "22003", "22021", "22P05", "23514", "54000");

    /** Class 42 is "fix your statement", except where a pooler lost or doubled a prepared one. */
    private static final String DUPLICATE_PREPARED_STATEMENT = "42P05";

    private Failures() {}

    /** Work of which any failure is to be translated. */
    @FunctionalInterface
    interface Work<T> {
        T run() throws SQLException;
    }

    /**
     * Runs work.
     *
     * @throws SinkException for whatever it throws; even a driver's or a pool's own mistake must not look
     *     like anything but an unknown outcome
     */
    static <T> T translating(String doing, String prefix, Work<T> work) {
        try {
            return work.run();
        } catch (SinkException e) {
            throw e;
        } catch (SQLException | RuntimeException e) {
            throw translated(doing, e, prefix);
        }
    }

    static boolean isPoison(SQLException failure) {
        return failure.getSQLState() != null && POISON.contains(failure.getSQLState());
    }

    /** Whether the server itself said no, so that the connection and the transaction's end are certain. */
    static boolean isServersVerdict(Throwable failure) {
        String state = sqlState(failure);
        return state != null && !state.startsWith("08") && !state.startsWith("57P") && !state.startsWith("XX");
    }

    static boolean isFatal(@Nullable String state) {
        return state != null
                && (state.startsWith("28")
                        || state.equals("3D000")
                        || state.equals("3F000")
                        || state.startsWith("42") && !state.equals(DUPLICATE_PREPARED_STATEMENT));
    }

    /**
     * @param doing what was being done, as in "could not write batch 1 to 2"
     * @param prefix of the tables, for advice
     */
    static SinkException translated(String doing, Throwable failure, String prefix) {
        String state = sqlState(failure);
        String said = doing + ": " + said(failure) + (state == null ? "" : " (SQLSTATE " + state + ")");
        if (isFatal(state)) {
            return new FatalSinkException(said + ". " + advice(state, prefix), failure);
        }
        if ("25006".equals(state)) {
            return new RetriableSinkException(
                    said + ". The server is read-only: a standby that has not been promoted, or"
                            + " default_transaction_read_only is on. Writing goes on when it accepts writes;"
                            + " if the JDBC URL names several hosts, add targetServerType=primary",
                    failure);
        }
        return new RetriableSinkException(said, failure);
    }

    private static String advice(@Nullable String state, String prefix) {
        if (state == null) {
            return "";
        }
        return switch (state) {
            case "28000" -> "Let this user in (pg_hba.conf, LOGIN), or configure another one";
            case "28P01" -> "Correct the user name or the password that this sink is configured with";
            case "3D000" -> "Create the database, or correct its name in the JDBC URL";
            case "3F000" -> "Create the schema, or correct the table prefix " + prefix;
            case "42501" ->
                "Grant this user SELECT, INSERT and UPDATE on " + prefix + "counter, " + prefix + "instance, "
                        + prefix + "quarantine and " + prefix + "gap, and SELECT on " + prefix + "schema;"
                        + " to create the tables it needs CREATE on their schema; to change those of an older version it has"
                        + " to own them, or their owner runs what CounterSchema.sql() prints";
            case "42P01" ->
                "Create the tables: run what CounterSchema.sql() prints as a role that may create tables, call"
                        + " CounterSchema.apply(), or build the sink with createSchema(true)";
            case "42703", "42804", "42883", "42P10" ->
                "The tables are not the ones that CounterSchema.sql() creates: compare them, or choose another"
                        + " table prefix than " + prefix;
            default ->
                state.startsWith("28") ? "Correct the credentials" : "Compare the tables with CounterSchema.sql()";
        };
    }

    /** The first SQLSTATE on the way to the cause; a pool's own exceptions often have none. */
    static @Nullable String sqlState(Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < 10; depth++) {
            if (at instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
            at = at.getCause();
        }
        return null;
    }

    /** What the server said, without the details: they can quote keys, which come from outside. */
    static String brief(SQLException failure) {
        String message = failure.getMessage() == null ? "" : failure.getMessage();
        int line = message.indexOf('\n');
        return failure.getSQLState() + " " + (line < 0 ? message : message.substring(0, line));
    }

    private static String said(Throwable failure) {
        String last = null;
        Throwable at = failure;
        for (int depth = 0; at != null && depth < 10; depth++) {
            if (at instanceof SQLException && at.getMessage() != null) {
                last = at.getMessage();
            }
            at = at.getCause();
        }
        return last == null ? failure.toString() : last;
    }
}
