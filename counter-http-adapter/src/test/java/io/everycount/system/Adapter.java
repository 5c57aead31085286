// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import io.everycount.jdbc.testing.PostgresServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The jar's commands, on a database: {@code serve} as a process that is asked and stopped, {@code load}, {@code verify}. */
final class Adapter implements AutoCloseable {
    /** For servers that live for seconds: a JVM that starts fast, and leaves the processor to others. */
    static final List<String> QUICK_JVM = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m");

    private static final Pattern SERVES = Pattern.compile("Everycount serves on http://[^ ]*:(\\d+)");
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final Command command;
    private final int port;

    private Adapter(Command command) throws Exception {
        this.command = command;
        try {
            Await.until(
                    "it serves: " + command,
                    () -> SERVES.matcher(command.output()).find() || !command.isRunning());
            Matcher line = SERVES.matcher(command.output());
            if (!line.find()) {
                throw new AssertionError("it ended: " + command);
            }
            port = Integer.parseInt(line.group(1));
        } catch (Exception | AssertionError e) {
            command.close();
            throw e;
        }
    }

    /** Starts one on a free port and waits until it serves. */
    static Adapter start(String databaseUrl, String... options) throws Exception {
        return start(QUICK_JVM, databaseUrl, options);
    }

    static Adapter start(List<String> jvm, String databaseUrl, String... options) throws Exception {
        return new Adapter(launch(jvm, databaseUrl, options));
    }

    /** Starts one that need not come to serving. */
    static Command launch(List<String> jvm, String databaseUrl, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("serve"));
        if (List.of(options).stream().noneMatch("--listen"::equals)) {
            arguments.addAll(List.of("--listen", "127.0.0.1:0"));
        }
        arguments.addAll(List.of(options));
        return Command.ofJar(jvm, databaseUrl.isEmpty() ? Map.of() : environment(databaseUrl), arguments);
    }

    /** Starts to send to an address. */
    static Command load(String url, Path record, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("load", "--url", url, "--record", record.toString()));
        arguments.addAll(List.of(options));
        return Command.ofJar(List.of("-Xmx256m"), Map.of(), arguments);
    }

    /** Compares what was recorded with what is stored. */
    static Command verify(String databaseUrl, Path record) throws IOException {
        return Command.ofJar(QUICK_JVM, environment(databaseUrl), List.of("verify", "--record", record.toString()));
    }

    private static Map<String, String> environment(String databaseUrl) {
        PostgresServer server = PostgresServer.shared();
        return Map.of(
                "EVERYCOUNT_DATABASE_URL", databaseUrl,
                "EVERYCOUNT_DATABASE_USER", server.user(),
                "EVERYCOUNT_DATABASE_PASSWORD", server.password());
    }

    int port() {
        return port;
    }

    String url() {
        return "http://127.0.0.1:" + port;
    }

    Command command() {
        return command;
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url() + path)));
    }

    /** Counts one. */
    HttpResponse<String> increment(String key) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url() + "/increment"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("key=" + key)));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return CLIENT.send(request.timeout(Duration.ofSeconds(10)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /** A sample of {@code /metrics}, by the beginning of its line. */
    double metric(String beginning) throws IOException, InterruptedException {
        String all = get("/metrics").body();
        return sample(all, beginning).orElseThrow(() -> new AssertionError("no " + beginning + " in:\n" + all));
    }

    /** How many increments it has taken so far, by its own metrics. */
    long taken() throws IOException, InterruptedException {
        return sample(get("/metrics").body(), "everycount_http_requests_total{status=\"202\"}")
                .orElse(0.0)
                .longValue();
    }

    private static Optional<Double> sample(String metrics, String beginning) {
        return metrics.lines()
                .filter(line -> line.startsWith(beginning))
                .map(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .findFirst();
    }

    @Override
    public void close() {
        command.close();
    }
}
