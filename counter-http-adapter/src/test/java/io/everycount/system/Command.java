// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process, most often a command of the standalone jar, that does not outlive the tests. What it writes, to
 * both streams, is in a file under {@code target/system}. Thread-safe.
 */
final class Command implements AutoCloseable {
    private static final Path JAR = Path.of("target/counter-http-adapter.jar");
    private static final Path OUTPUTS = Path.of("target/system");
    private static final Duration RUN_MAX = Duration.ofSeconds(60);
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private final String line;
    private final Path output;
    private final Process process;

    private Command(String name, List<String> command, Map<String, String> environment) throws IOException {
        Files.createDirectories(OUTPUTS);
        line = String.join(" ", command);
        output = OUTPUTS.resolve(name + "-" + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet() + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.environment().keySet().removeIf(variable -> variable.startsWith("EVERYCOUNT_"));
        builder.environment().putAll(environment);
        process = builder.start();
        RUNNING.add(process);
    }

    /** Starts a program. */
    static Command start(String name, List<String> command, Map<String, String> environment) throws IOException {
        return new Command(name, command, environment);
    }

    /**
     * Starts a command of the jar.
     *
     * @param jvm options of its JVM
     * @param arguments the command and its arguments
     */
    static Command ofJar(List<String> jvm, Map<String, String> environment, List<String> arguments) throws IOException {
        if (!Files.exists(JAR)) {
            throw new IllegalStateException(JAR.toAbsolutePath() + " is missing; the package phase makes it");
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        command.addAll(List.of("-jar", JAR.toString()));
        command.addAll(arguments);
        return new Command(arguments.get(0), command, environment);
    }

    /** Asks it to stop, as a supervisor does: SIGTERM. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Ends it as a crash does: SIGKILL. */
    void kill9() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    boolean isRunning() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** Waits for its end. */
    int status() throws InterruptedException {
        if (!process.waitFor(RUN_MAX.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("still running after " + RUN_MAX + ": " + this);
        }
        return process.exitValue();
    }

    /** What it has written so far. */
    String output() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            return "(no output: " + e + ")";
        }
    }

    /** The last line that it has written; empty if there is none. */
    String lastLine() {
        return output().lines().reduce("", (before, last) -> last);
    }

    @Override
    public String toString() {
        return line + "\n" + output();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        RUNNING.remove(process);
    }
}
