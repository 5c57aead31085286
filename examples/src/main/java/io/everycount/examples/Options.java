// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * What the user asked for.
 *
 * @param help only the help is wanted
 * @param files what to count; "-" for standard input; empty for the torture case
 * @param what the name of what is counted, as in "request path"
 * @param finders a new finder for each thread
 * @param threads how many count
 * @param top how many keys to show
 * @param data where the embedded Postgres keeps its data
 * @param url a server to use instead, or null
 * @param user whom to connect as there
 * @param password with this
 */
record Options(
        boolean help,
        List<String> files,
        String what,
        Supplier<KeyFinder> finders,
        int threads,
        int top,
        Path data,
        @Nullable String url,
        String user,
        String password) {
    static final int TORTURE_THREADS = 64;

    static final String HELP = """
            Counts the lines of files through Everycount into Postgres, and proves the totals.

            usage: examples/count-lines.sh [options] [FILE...]

              FILE...       files to count, plain or gzip; - is standard input.
                            Without one, what is piped in is counted. If nothing is (standard input
                            is a terminal or /dev/null), the torture case runs instead: 100,000
                            increments by 64 threads over 100 keys, written by one statement, next
                            to one INSERT for each increment.

              --field N     count field N of each line, between spaces or tabs; 1 is the first
              --regex RE    count what the first group of RE captures (Java syntax), or all that
                            it matches
                            default: the request's path in an access log (common or combined
                            format), without its query
              --threads N   how many threads count, 1 to 256; default: one for each core, at least 2
              --top N       how many keys to show, 0 to 1000; default 10

              --data DIR    where the embedded Postgres keeps its data; default examples/.data.
                            It stays there, and totals add up from run to run
              --url URL     use this Postgres instead: jdbc:postgresql://host:5432/database
                            (or set EVERYCOUNT_JDBC_URL)
              --user NAME   connect there as NAME (or EVERYCOUNT_JDBC_USER); the password is read
                            from EVERYCOUNT_JDBC_PASSWORD

              --host-app    run the example of a host application instead
              --help        this text

            Lines without the field are counted as "(no match)". Keys of more than 256 bytes are cut,
            and bytes that are not UTF-8 replaced; it is said how many.

            Ctrl-C stops reading, writes what was counted, and gives the verdict for that; a second
            one does not wait for Postgres.

            Exit status: 0 if lines read = accepted = persisted; 1 if not, or if a file could not be
            read to its end; 2 for a mistake in the command; 130 after Ctrl-C with equal totals.
            """;

    /**
     * @param arguments as given
     * @param environment of the process
     * @param inputIsPiped whether standard input may have lines
     * @param defaultData where data goes if nothing is said
     * @throws UserError if they make no sense
     */
    static Options parse(
            List<String> arguments, Map<String, String> environment, boolean inputIsPiped, Path defaultData) {
        boolean help = false;
        List<String> files = new ArrayList<>();
        String what = "request path";
        Supplier<KeyFinder> finders = KeyFinder::requestPath;
        @Nullable String chosen = null;
        int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
        int top = 10;
        Path data = defaultData;
        @Nullable String url = environment.get("EVERYCOUNT_JDBC_URL");
        String user = environment.getOrDefault("EVERYCOUNT_JDBC_USER", "");
        String password = environment.getOrDefault("EVERYCOUNT_JDBC_PASSWORD", "");

        Iterator<String> rest = arguments.iterator();
        boolean optionsEnded = false;
        while (rest.hasNext()) {
            String argument = rest.next();
            if (optionsEnded || argument.equals("-") || !argument.startsWith("-")) {
                files.add(argument);
                continue;
            }
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            String name = equals < 0 ? argument : argument.substring(0, equals);
            Supplier<String> value = () -> {
                if (equals >= 0) {
                    return argument.substring(equals + 1);
                }
                return value(name, rest);
            };
            switch (name) {
                case "--" -> optionsEnded = true;
                case "--help", "-h" -> help = true;
                case "--field", "--regex" -> {
                    if (chosen != null) {
                        throw new UserError(chosen + " and " + name + " do not go together: give one of them, once");
                    }
                    chosen = name;
                    String given = value.get();
                    if (name.equals("--field")) {
                        int field = number(name, given, 1, 100_000);
                        finders = () -> KeyFinder.field(field);
                        what = "field " + field;
                    } else {
                        Pattern pattern = pattern(given);
                        finders = () -> KeyFinder.regex(pattern);
                        what = "regex " + given;
                    }
                }
                case "--threads" -> threads = number(name, value.get(), 1, 256);
                case "--top" -> top = number(name, value.get(), 0, 1_000);
                case "--data" -> data = Path.of(value.get());
                case "--url" -> url = value.get();
                case "--user" -> user = value.get();
                default -> throw new UserError("unknown option " + name + "; --help lists them");
            }
        }
        if (files.isEmpty() && inputIsPiped) {
            files.add("-");
        }
        if (url != null && url.isBlank()) {
            url = null;
        }
        if (url != null && !url.startsWith("jdbc:postgresql:")) {
            throw new UserError("the URL does not begin with jdbc:postgresql: but is " + withoutParameters(url));
        }
        if (files.stream().filter("-"::equals).count() > 1) {
            throw new UserError("standard input (-) can be read only once");
        }
        return new Options(help, List.copyOf(files), what, finders, threads, top, data, url, user, password);
    }

    /** Parameters may hold a password. */
    static String withoutParameters(String url) {
        int query = url.indexOf('?');
        return query < 0 ? url : url.substring(0, query);
    }

    static String value(String name, Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new UserError(name + " needs a value");
        }
        return rest.next();
    }

    static int number(String name, String given, int min, int max) {
        try {
            int number = Integer.parseInt(given);
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below, like a number out of bounds.
        }
        throw new UserError(name + " is " + given + "; a whole number from " + min + " to " + max + " is needed");
    }

    private static Pattern pattern(String given) {
        try {
            return Pattern.compile(given);
        } catch (PatternSyntaxException e) {
            throw new UserError("--regex " + given + " is not a regular expression: " + e.getDescription()
                    + (e.getIndex() < 0 ? "" : " at position " + e.getIndex()));
        }
    }
}
