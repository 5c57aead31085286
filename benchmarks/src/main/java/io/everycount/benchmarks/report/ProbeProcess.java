// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs a {@link Probe} in a process of its own. */
final class ProbeProcess {
    private static final long PATIENCE_SECONDS = 300;
    private static final List<String> OPTIONS = List.of("-Xms3g", "-Xmx3g");

    private ProbeProcess() {}

    /**
     * Measures.
     *
     * @param java the program that runs it
     * @throws IOException if the process cannot be started, fails or does not end; the message has its last words
     */
    static SortedMap<Figure, Double> run(Case measured, Profile profile, String java)
            throws IOException, InterruptedException {
        int effort = switch (measured.kind()) {
            case LOSS -> profile.lossAdds;
            case LATENCY -> profile.latencySeconds;
            default -> 0;
        };
        Path errors = Files.createTempFile("probe", ".txt");
        Path figures = Files.createTempFile("probe", ".json");
        List<String> arguments = Stream.of(
                        List.of(java),
                        OPTIONS,
                        List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()),
                        List.of(
                                measured.kind().name(),
                                measured.peer().name(),
                                measured.keys().name(),
                                String.valueOf(measured.threads()),
                                String.valueOf(measured.drainMillis()),
                                String.valueOf(effort)))
                .flatMap(List::stream)
                .toList();
        Process process = new ProcessBuilder(arguments)
                .redirectError(errors.toFile())
                .redirectOutput(figures.toFile())
                .start();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("not done after " + PATIENCE_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(cause(Files.readString(errors, StandardCharsets.UTF_8)));
            }
            return new ObjectMapper().readValue(figures.toFile(), new TypeReference<>() {});
        } finally {
            process.destroyForcibly();
            Files.delete(errors);
            Files.delete(figures);
        }
    }

    /** The line that names the exception, or the last one. */
    private static String cause(String errors) {
        List<String> lines = errors.lines().filter(line -> !line.isBlank()).toList();
        return lines.stream()
                .filter(line -> line.startsWith("Exception in") || line.startsWith("Caused by"))
                .reduce((first, second) -> second)
                .orElse(lines.isEmpty() ? "it failed without a word" : lines.get(lines.size() - 1));
    }
}
