// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.everycount.benchmarks.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Compares the HTTP adapter with bare servers and with Spring Boot: the CPU time of requests, starts, and
 * sizes; prints tables in Markdown and writes everything measured as JSON.
 *
 * <pre>./mvnw -Pbench -DskipTests -pl benchmarks,benchmarks/spring-peer -am package
 * java -cp benchmarks/target/benchmarks.jar io.everycount.benchmarks.http.HttpReport [--rounds 5] out.json</pre>
 *
 * <p>To be started in the directory of the project. The exit status is 0 if every target whose figures were
 * measured is met, 1 if one is missed, 2 if nothing could be measured.
 */
public final class HttpReport {
    private static final double START_MILLIS_MAX = 1_500;

    private final Options options;
    private final Map<String, String> machine;
    private final Processors processors;
    private final List<StartComparison.Result> starts;
    private final Map<String, Map<LoadCase, Samples>> cpu;
    private final List<JarPart> jars;
    private boolean isMet = true;

    private HttpReport(Options options) throws IOException, InterruptedException {
        this.options = options;
        machine = Machine.describe();
        // Before this process is put on one processor, which those that it starts would inherit.
        starts = StartComparison.run(options.contenders, options.homes, options.starts);
        processors = Processors.pinLoad();
        CpuComparison comparison = new CpuComparison(options.cases, options.requests);
        if (options.rounds > 0) {
            Path java = Path.of(System.getProperty("java.home"), "bin", "java");
            for (int fork = 0; fork < options.forks; fork++) {
                comparison.run(options.contenders, java, processors, options.rounds);
            }
        }
        cpu = comparison.results();
        jars = JarPart.measure();
    }

    /** Measures, prints and writes. */
    public static void main(String[] args) throws InterruptedException {
        try {
            HttpReport report = new HttpReport(new Options(args));
            System.out.print(report.tables());
            report.writeJson();
            System.exit(report.isMet ? 0 : 1);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private String tables() {
        StringBuilder out = new StringBuilder("\n");
        machine.forEach((name, value) -> out.append(format("%s: %s; ", name, value)));
        out.append(processors).append(".\n");
        if (!cpu.isEmpty()) {
            cpuTable(out);
            targetTable(out);
        }
        if (!starts.isEmpty()) {
            startTable(out);
        }
        if (!jars.isEmpty()) {
            jarTable(out);
        }
        return out.toString();
    }

    private void cpuTable(StringBuilder out) {
        out.append(format(
                "%nCPU time of the server per request, µs: median (least-most) of %d rounds. %,d requests of one"
                        + " increment in a round, %,d of 1,000 increments; as many before the first round.%n%n",
                options.rounds * options.forks,
                LoadCase.JSON.requests(options.requests),
                LoadCase.ARRAY.requests(options.requests)));
        out.append("| Server |");
        options.cases.forEach(load -> out.append(format(" %s |", load.title)));
        out.append("\n|---|").append("---|".repeat(options.cases.size())).append('\n');
        cpu.forEach((server, samples) -> {
            out.append(format("| %s |", server));
            samples.values()
                    .forEach(nanos -> out.append(format(
                            " %.1f (%.1f-%.1f) |", nanos.median() / 1e3, nanos.least() / 1e3, nanos.most() / 1e3)));
            out.append('\n');
        });
    }

    private void targetTable(StringBuilder out) {
        out.append("\nRatios of two figures of the same round: median (least-most).\n\n");
        out.append("| Ratio | Measured | Target | |\n|---|---|---|---|\n");
        for (Target target : Target.ALL) {
            Optional<Samples> ratio = target.ratio(cpu);
            out.append(ratio.map(r -> format(
                            "| %s | %.2f (%.2f-%.2f) | at most %.2f | %s |%n",
                            target, r.median(), r.least(), r.most(), target.most(), judged(target.isMet(r))))
                    .orElseGet(() -> format("| %s | not measured | at most %.2f | |%n", target, target.most())));
        }
    }

    private void startTable(StringBuilder out) {
        out.append(format(
                "%nFrom the start of the process to the first answer, and memory a second later; %d starts, the"
                        + " JVM's defaults, all processors.%n%n",
                options.starts));
        out.append("| Server | JDK | First answer, ms | RSS, MB | |\n|---|---|---|---|---|\n");
        for (StartComparison.Result result : starts) {
            Samples millis = result.millis();
            boolean isOurs = result.server().startsWith(Contender.ADAPTER);
            out.append(format(
                    "| %s | %s | %.0f (%.0f-%.0f) | %s | %s |%n",
                    result.server(),
                    result.jdk(),
                    millis.median(),
                    millis.least(),
                    millis.most(),
                    result.residentBytes().isEmpty()
                            ? "-"
                            : format("%.0f", new Samples(result.residentBytes()).median() / 1e6),
                    isOurs ? "at most 1,500: " + judged(millis.median() <= START_MILLIS_MAX) : ""));
        }
    }

    private void jarTable(StringBuilder out) {
        out.append("\n| Jar | MiB | |\n|---|---|---|\n");
        for (JarPart jar : jars) {
            int most = jar.mebibytesMax();
            out.append(format(
                    "| %s | %.1f | %s |%n",
                    jar.title(),
                    jar.mebibytes(),
                    most == 0 ? "" : format("at most %d: %s", most, judged(jar.mebibytes() <= most))));
        }
    }

    private String judged(boolean met) {
        isMet &= met;
        return met ? "met" : "MISSED";
    }

    private void writeJson() throws IOException {
        try (JsonGenerator json = new JsonFactory()
                .createGenerator(Files.newOutputStream(options.out), JsonEncoding.UTF8)
                .useDefaultPrettyPrinter()) {
            json.writeStartObject();
            json.writeObjectFieldStart("machine");
            for (Map.Entry<String, String> entry : machine.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeStringField("assignment", processors.toString());
            json.writeEndObject();
            json.writeNumberField("requestsPerRound", options.requests);
            json.writeObjectFieldStart("cpuNanosPerRequest");
            for (Map.Entry<String, Map<LoadCase, Samples>> server : cpu.entrySet()) {
                json.writeObjectFieldStart(server.getKey());
                for (Map.Entry<LoadCase, Samples> load : server.getValue().entrySet()) {
                    writeArray(
                            json,
                            load.getKey().name().toLowerCase(Locale.ROOT),
                            load.getValue().values());
                }
                json.writeEndObject();
            }
            json.writeEndObject();
            json.writeArrayFieldStart("starts");
            for (StartComparison.Result result : starts) {
                json.writeStartObject();
                json.writeStringField("server", result.server());
                json.writeStringField("jdk", result.jdk());
                writeArray(json, "millisToFirstAnswer", result.millis().values());
                writeArray(json, "residentBytes", result.residentBytes());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeObjectFieldStart("jarBytes");
            for (JarPart jar : jars) {
                json.writeNumberField(jar.title(), jar.bytes());
            }
            json.writeEndObject();
            json.writeEndObject();
        }
    }

    private static void writeArray(JsonGenerator json, String name, List<Double> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (double value : values) {
            json.writeNumber(Math.round(value));
        }
        json.writeEndArray();
    }

    private static String format(String format, Object... args) {
        return String.format(Locale.ROOT, format, args);
    }
}
