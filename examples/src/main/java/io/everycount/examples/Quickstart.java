// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The main program of {@code examples/quickstart.sh}: Postgres, the HTTP adapter in front of it, load through
 * real HTTP, and a comparison of what was acknowledged with what is stored. The adapter's commands run as
 * processes of their own, as its user would run them.
 */
public final class Quickstart {
    static final String HELP = """
            Runs the HTTP adapter on an embedded Postgres, sends it 100,000 increments, compares what was
            acknowledged with what is stored, key by key, and keeps serving until Ctrl-C.

            usage: examples/quickstart.sh [--exit] [--increments N] [--port N] [--data DIR]

              --exit           stop after the verdict
              --increments N   how many to send, 1 to 100,000,000; default 100,000
              --port N         where to serve, on 127.0.0.1; default 8080, or a free one if that is taken
              --data DIR       where Postgres keeps its data, and the adapter its journal; default
                               examples/.data. It stays there

            Exit status: 0 if every acknowledged increment is stored, once; 1 if not; 2 for a mistake in the
            arguments or a missing piece; 130 after Ctrl-C before the verdict.

            Counting the lines of files, and the library in a host application: examples/count-lines.sh --help
            """;

    private static final String DATABASE = "quickstart";
    private static final int PORT = 8080;
    private static final Duration READY_MAX = Duration.ofSeconds(60);
    private static final Duration STOP_MAX = Duration.ofSeconds(60);

    private final Arguments arguments;
    private final Path adapter;
    private final Console console;
    private final Interrupts interrupts;

    private record Arguments(
            boolean help,
            boolean exit,
            int increments,
            @Nullable Integer port,
            Path data) {}

    private Quickstart(Arguments arguments, Path adapter, Console console, Interrupts interrupts) {
        this.arguments = arguments;
        this.adapter = adapter;
        this.console = console;
        this.interrupts = interrupts;
    }

    /** Runs and exits; {@code --help} tells the arguments. */
    public static void main(String[] arguments) {
        Console console = Console.standard();
        Path data = Path.of(System.getProperty("examples.data", "examples/.data"));
        Path adapter =
                Path.of(System.getProperty("examples.adapter", "counter-http-adapter/target/counter-http-adapter.jar"));
        Interrupts interrupts = new Interrupts();
        interrupts.listen();
        int status = run(List.of(arguments), data, adapter, console, interrupts);
        console.out().flush();
        console.err().flush();
        System.exit(status);
    }

    /**
     * Does what the arguments say.
     *
     * @param adapter the standalone jar
     * @return the exit status
     */
    static int run(List<String> given, Path defaultData, Path adapter, Console console, Interrupts interrupts) {
        try {
            Arguments arguments = parse(given, defaultData);
            if (arguments.help()) {
                console.out().print(HELP);
                return 0;
            }
            if (!Files.exists(adapter)) {
                throw new UserError(adapter + " is missing: ./mvnw -DskipTests package builds it");
            }
            return new Quickstart(arguments, adapter, console, interrupts).run();
        } catch (UserError e) {
            console.note("quickstart: " + e.getMessage());
            return interrupts.happened() ? 130 : 2;
        } catch (IOException e) {
            console.note("quickstart: " + e);
            return 2;
        } catch (InterruptedException e) {
            console.note("quickstart: stopped");
            return 130;
        }
    }

    private int run() throws IOException, InterruptedException {
        try (Store store = Store.openOwn(arguments.data(), DATABASE, console)) {
            int port = port();
            String url = "http://127.0.0.1:" + port;
            String journal = shortest(arguments.data().resolve("journal"));
            console.say("Journal of the adapter: " + journal + "; what is acknowledged is there, forced to disk, and"
                    + " survives kill -9");
            Process server = start(
                    store,
                    "serve",
                    "--database-url",
                    store.url(),
                    "--database-user",
                    store.user(),
                    "--journal-dir",
                    shortest(arguments.data().resolve("journal")),
                    "--listen",
                    "127.0.0.1:" + port,
                    "--journal-dir",
                    journal,
                    // No load balancer has to notice that it stops.
                    "--drain-time",
                    "0s");
            try {
                awaitReady(server, url);
                int verdict = loadAndVerify(store, url);
                if (arguments.exit() || verdict != 0) {
                    return stop(server, verdict);
                }
                sayWhatToTry(url);
                awaitCtrlC(server);
                return stop(server, verdict);
            } finally {
                server.destroyForcibly();
            }
        }
    }

    private int loadAndVerify(Store store, String url) throws IOException, InterruptedException {
        String record = shortest(arguments.data().resolve("quickstart.acknowledged"));
        int load = start(
                        store,
                        "load",
                        "--url",
                        url,
                        "--increments",
                        Integer.toString(arguments.increments()),
                        "--record",
                        record)
                .waitFor();
        int verify = start(
                        store,
                        "verify",
                        "--record",
                        record,
                        "--database-url",
                        store.url(),
                        "--database-user",
                        store.user())
                .waitFor();
        return load == 0 ? verify : load;
    }

    /** Runs a command of the adapter, after showing it. The password is handed over where nobody sees it. */
    private Process start(Store store, String... command) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar", adapter.toString()));
        line.addAll(List.of(command));
        console.say("");
        console.say("$ java -jar " + shortest(adapter) + " " + String.join(" ", command));
        ProcessBuilder builder = new ProcessBuilder(line)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("EVERYCOUNT_DATABASE_PASSWORD", store.password());
        return builder.start();
    }

    private void awaitReady(Process server, String url) throws IOException, InterruptedException {
        HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/health/ready"))
                .timeout(Duration.ofSeconds(2))
                .build();
        long deadline = System.nanoTime() + READY_MAX.toNanos();
        while (server.isAlive() && System.nanoTime() - deadline < 0) {
            try {
                if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // Not listening yet.
            }
            if (server.waitFor(50, TimeUnit.MILLISECONDS)) {
                break;
            }
        }
        throw new UserError("the adapter did not become ready; what it wrote above says why");
    }

    private void sayWhatToTry(String url) {
        String jar = shortest(adapter);
        console.say("");
        console.say("Serving on " + url + " until Ctrl-C. To try, in another terminal:");
        console.say("");
        console.say("  curl -d 'key=abcdef&value=1' " + url + "/increment");
        console.say("  curl -H 'Prefer: ack=sink' -d 'key=abcdef' " + url + "/increment");
        console.say("  printf 'page:/home 3\\npage:/shop 1\\n' |"
                + " curl -H 'Content-Type: text/plain' --data-binary @- " + url + "/increments");
        console.say("  curl " + url + "/counters/abcdef");
        console.say("  curl '" + url + "/counters?order=value&limit=3'");
        console.say("  curl " + url + "/stats");
        console.say("  java -jar " + jar + " journal list "
                + shortest(arguments.data().resolve("journal")));
        console.say("  java -jar " + jar + " top --url " + url);
        console.say("  java -jar " + jar + " load --url " + url + " --duration 10s --bulk 1000 --format lines");
    }

    private void awaitCtrlC(Process server) throws InterruptedException {
        Thread waiting = Thread.currentThread();
        interrupts.onFirst(waiting::interrupt);
        try {
            if (!interrupts.happened()) {
                server.waitFor();
                console.note("quickstart: the adapter ended by itself, with status " + server.exitValue());
            }
        } catch (InterruptedException e) {
            // Ctrl-C: what is left is to stop.
        }
    }

    /** Stops the adapter as an operator would, and waits until it has written what it counted. */
    private int stop(Process server, int verdict) throws InterruptedException {
        server.destroy();
        if (!server.waitFor(STOP_MAX.toSeconds(), TimeUnit.SECONDS)) {
            console.note("quickstart: the adapter did not stop in " + STOP_MAX.toSeconds() + " s");
            return 1;
        }
        return verdict != 0 ? verdict : server.exitValue() == 0 ? 0 : 1;
    }

    private int port() throws IOException {
        Integer asked = arguments.port();
        if (asked != null || isFree(PORT)) {
            return asked != null ? asked : PORT;
        }
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            console.note("Port " + PORT + " is taken; using " + any.getLocalPort());
            return any.getLocalPort();
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    private static Arguments parse(List<String> given, Path defaultData) {
        boolean help = false;
        boolean exit = false;
        int increments = 100_000;
        @Nullable Integer port = null;
        Path data = defaultData;
        Iterator<String> rest = given.iterator();
        while (rest.hasNext()) {
            String name = rest.next();
            switch (name) {
                case "--help", "-h" -> help = true;
                case "--exit" -> exit = true;
                case "--increments" -> increments = number(name, rest, 1, 100_000_000);
                case "--port" -> port = number(name, rest, 1, 65_535);
                case "--data" -> data = Path.of(Options.value(name, rest));
                default ->
                    throw new UserError("unknown argument " + name
                            + "; --help lists them (counting files: examples/count-lines.sh)");
            }
        }
        return new Arguments(help, exit, increments, port, data);
    }

    private static int number(String name, Iterator<String> rest, int min, int max) {
        return Options.number(name, Options.value(name, rest), min, max);
    }

    private static String shortest(Path path) {
        return Store.shortest(path.toAbsolutePath().normalize());
    }
}
