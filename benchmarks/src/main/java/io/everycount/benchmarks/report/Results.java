// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.everycount.benchmarks.Samples;
import io.everycount.benchmarks.counters.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Everything that a run has measured so far, as it is kept in a file.
 *
 * @param profile the name of what was run
 * @param started the day, as in ISO 8601
 * @param seconds how long it took
 * @param machine what figures depend on, by name
 * @param libraries where each peer comes from, with its version
 * @param samples in the order in which they were taken
 */
record Results(
        String profile,
        String started,
        long seconds,
        Map<String, String> machine,
        Map<Peer, String> libraries,
        List<Sample> samples) {
    private static final ObjectMapper JSON = new ObjectMapper();

    static Results read(Path file) throws IOException {
        return JSON.readValue(file.toFile(), Results.class);
    }

    /** Writes it as one object, each sample on a line of its own. The file is never half written. */
    void write(Path file) throws IOException {
        Results head = new Results(profile, started, seconds, machine, libraries, List.of());
        String json = JSON.writer().with(SerializationFeature.INDENT_OUTPUT).writeValueAsString(head);
        StringBuilder lines = new StringBuilder(json.substring(0, json.lastIndexOf('[') + 1));
        String separator = "\n    ";
        for (Sample sample : samples) {
            lines.append(separator).append(JSON.writeValueAsString(sample));
            separator = ",\n    ";
        }
        lines.append("\n  ]\n}\n");
        Files.createDirectories(file.toAbsolutePath().getParent());
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, lines);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** A figure of a case, one for each round in which it was measured, in their order. */
    Optional<Samples> figure(Case measured, Figure figure) {
        List<Double> values = rounds(measured).stream()
                .filter(sample -> sample.figures().containsKey(figure))
                .map(sample -> sample.figures().get(figure))
                .toList();
        return values.isEmpty() ? Optional.empty() : Optional.of(new Samples(values));
    }

    /** A case's figure over that of another one, round by round, for the rounds in which both were measured. */
    Optional<Samples> ratio(Case over, Case under, Figure figure) {
        Map<Integer, Sample> others =
                rounds(under).stream().collect(Collectors.toMap(Sample::round, sample -> sample, (a, b) -> b));
        List<Double> ratios = rounds(over).stream()
                .filter(sample -> sample.figures().containsKey(figure))
                .filter(sample -> others.containsKey(sample.round())
                        && others.get(sample.round()).figures().containsKey(figure))
                .map(sample -> sample.figures().get(figure)
                        / others.get(sample.round()).figures().get(figure))
                .toList();
        return ratios.isEmpty() ? Optional.empty() : Optional.of(new Samples(ratios));
    }

    private List<Sample> rounds(Case measured) {
        return samples.stream()
                .filter(sample -> sample.measured().equals(measured))
                .sorted(Comparator.comparingInt(Sample::round))
                .toList();
    }

    boolean has(Case measured, int round) {
        return samples.stream().anyMatch(sample -> sample.measured().equals(measured) && sample.round() == round);
    }

    /** Every case that is in the samples, once. */
    List<Case> cases() {
        return samples.stream().map(Sample::measured).distinct().toList();
    }
}
