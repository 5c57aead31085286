// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import io.everycount.benchmarks.Samples;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The CPU time that servers spend on a request. All of them run and are warmed up; then they are measured
 * by turns, round after round, so that whatever else the machine does hits each of them.
 */
final class CpuComparison {
    private final Map<String, Map<LoadCase, List<Double>>> nanos = new LinkedHashMap<>();
    private final List<LoadCase> cases;
    private final int singles;

    /**
     * @param cases what is sent
     * @param singles how many requests of one increment a server answers in a round, and before the first
     */
    CpuComparison(List<LoadCase> cases, int singles) {
        this.cases = List.copyOf(cases);
        this.singles = singles;
    }

    /**
     * Starts all servers, measures them and ends them; can be repeated.
     *
     * @throws IOException if a server does not start, or does not answer everything with 202
     */
    void run(List<Contender> contenders, Path java, Processors processors, int rounds)
            throws IOException, InterruptedException {
        Map<String, RunningServer> servers = new LinkedHashMap<>();
        try {
            for (Contender contender : contenders) {
                RunningServer server = RunningServer.start(contender, java, processors);
                servers.put(contender.name(), server);
                server.awaitFirstAnswer();
            }
            for (Map.Entry<String, RunningServer> server : servers.entrySet()) {
                System.err.println("warming up " + server.getKey());
                for (LoadCase load : cases) {
                    nanosPerRequest(server.getValue(), load);
                }
            }
            List<String> order = new ArrayList<>(servers.keySet());
            for (int round = 0; round < rounds; round++) {
                System.err.printf("round %d of %d%n", round + 1, rounds);
                for (LoadCase load : cases) {
                    for (String name : order) {
                        of(name, load).add(nanosPerRequest(servers.get(name), load));
                    }
                }
                Collections.reverse(order);
            }
        } finally {
            for (RunningServer server : servers.values()) {
                server.close();
            }
        }
    }

    private double nanosPerRequest(RunningServer server, LoadCase load) throws IOException {
        int requests = load.requests(singles);
        try (Load clients = Load.open(server.port, load)) {
            // Connections are opened and met for the first time outside of what is measured.
            clients.run(load.connections);
            Duration before = server.cpu();
            clients.run(requests);
            return (double) server.cpu().minus(before).toNanos() / requests;
        }
    }

    private List<Double> of(String server, LoadCase load) {
        return nanos.computeIfAbsent(server, s -> new EnumMap<>(LoadCase.class))
                .computeIfAbsent(load, c -> new ArrayList<>());
    }

    /** CPU nanoseconds per request, by server and what was sent. */
    Map<String, Map<LoadCase, Samples>> results() {
        Map<String, Map<LoadCase, Samples>> results = new LinkedHashMap<>();
        nanos.forEach((server, byCase) -> {
            Map<LoadCase, Samples> samples = new EnumMap<>(LoadCase.class);
            byCase.forEach((load, values) -> samples.put(load, new Samples(values)));
            results.put(server, samples);
        });
        return results;
    }
}
