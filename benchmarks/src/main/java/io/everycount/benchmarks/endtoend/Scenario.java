// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.endtoend;

import java.util.List;

/**
 * A kind of load that is raised.
 *
 * @param title what it is
 * @param firstRate increments a second to begin with; each step has twice as many
 * @param serverOptions of the adapter, beside the usual ones
 * @param loadOptions of the load program
 */
record Scenario(String title, long firstRate, List<String> serverOptions, List<String> loadOptions) {
    static final List<Scenario> ALL = List.of(
            new Scenario(
                    "one increment a request, 1,000 keys",
                    1_000,
                    List.of(),
                    List.of("--keys", "1000", "--connections", "256")),
            new Scenario(
                    "1,000 increments a request, 1,000 keys",
                    125_000,
                    List.of(),
                    List.of("--keys", "1000", "--bulk", "1000", "--format", "lines")),
            new Scenario(
                    "1,000 increments a request, 1,000,000 keys, all alike",
                    125_000,
                    List.of(),
                    List.of("--keys", "1000000", "--distribution", "uniform", "--bulk", "1000", "--format", "lines")),
            new Scenario(
                    "the same, and at most 100,000 keys in use (max-keys)",
                    125_000,
                    List.of("--max-keys", "100000"),
                    List.of("--keys", "1000000", "--distribution", "uniform", "--bulk", "1000", "--format", "lines")));
}
