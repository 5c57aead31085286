// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the command line of {@link HttpReport} asks for. Not thread-safe. */
final class Options {
    static final String USAGE = """
            java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.http.HttpReport [options] out.json
              --rounds N       how often each server is measured in a run, 0 for no CPU times (5)
              --forks N        how many runs, each with fresh processes (1)
              --requests N     how many POSTs of one increment a server answers in a round, and before the first (200000)
              --cases A,B      some of form, json, json_1000, array, text (all)
              --servers A,B    some of the servers (all)
              --server N=CMD   one more server, or another command for one; {java} and {port} are replaced
              --starts N       how often each server is started for the table of starts, 0 for none (5)
              --jdk HOME       a JDK to start them on, can be repeated (the one this runs on)
            """;

    int rounds = 5;
    int forks = 1;
    int requests = 200_000;
    int starts = 5;
    List<LoadCase> cases = List.of(LoadCase.values());
    List<Contender> contenders;
    final List<Path> homes = new ArrayList<>();
    Path out = Path.of("http-report.json");

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException if it asks for what there is not
     */
    Options(String... args) {
        Map<String, Contender> known = new LinkedHashMap<>();
        Contender.all().forEach(contender -> known.put(contender.name(), contender));
        List<String> names = null;
        Deque<String> words = new ArrayDeque<>(List.of(args));
        while (!words.isEmpty()) {
            String word = words.pop();
            if (!word.startsWith("--")) {
                out = Path.of(word);
                continue;
            }
            if (words.isEmpty()) {
                throw new IllegalArgumentException(word + " needs a value, or is not known:\n" + USAGE);
            }
            String value = words.pop();
            switch (word) {
                case "--rounds" -> rounds = number(word, value, 0);
                case "--forks" -> forks = number(word, value, 1);
                case "--requests" -> requests = number(word, value, 1_000);
                case "--starts" -> starts = number(word, value, 0);
                case "--cases" -> cases = cases(value);
                case "--servers" -> names = List.of(value.split(","));
                case "--server" -> {
                    Contender contender = Contender.parse(value);
                    known.put(contender.name(), contender);
                }
                case "--jdk" -> homes.add(Path.of(value));
                default -> throw new IllegalArgumentException(word + " is not an option:\n" + USAGE);
            }
        }
        if (homes.isEmpty()) {
            homes.add(Path.of(System.getProperty("java.home")));
        }
        contenders = names == null ? List.copyOf(known.values()) : chosen(names, known);
    }

    private static List<Contender> chosen(List<String> names, Map<String, Contender> known) {
        List<Contender> chosen = new ArrayList<>();
        for (String name : names) {
            Contender contender = known.get(name);
            if (contender == null) {
                throw new IllegalArgumentException(name + " is not a server; there are " + known.keySet());
            }
            chosen.add(contender);
        }
        return chosen;
    }

    private static List<LoadCase> cases(String names) {
        return Arrays.stream(names.split(","))
                .map(name -> LoadCase.valueOf(name.toUpperCase(Locale.ROOT)))
                .toList();
    }

    private static int number(String option, String value, int least) {
        int number;
        try {
            number = Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " takes a number, not " + value, e);
        }
        if (number < least) {
            throw new IllegalArgumentException(option + " is " + value + "; it is at least " + least);
        }
        return number;
    }
}
