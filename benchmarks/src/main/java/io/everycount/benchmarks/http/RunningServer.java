// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server's process, from its start to its end; it ends with this process at the latest. */
final class RunningServer implements AutoCloseable {
    private static final Duration START_MAX = Duration.ofSeconds(60);
    private static final long POLL_MILLIS = 1;
    private static final long STOP_SECONDS_MAX = 10;
    private static final Pattern RESIDENT = Pattern.compile("^VmRSS:\\s+(\\d+) kB$", Pattern.MULTILINE);

    final int port;
    private final String name;
    private final Path log;
    private final Process process;
    private final long startNanos;
    private final Thread killer;

    private RunningServer(String name, int port, Path log, Process process, long startNanos) {
        this.name = name;
        this.port = port;
        this.log = log;
        this.process = process;
        this.startNanos = startNanos;
        killer = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(killer);
    }

    /** Starts a server, on any free port. */
    static RunningServer start(Contender contender, Path java, Processors processors) throws IOException {
        int port = freePort();
        Path log = Files.createTempFile("everycount-" + contender.name() + "-", ".log");
        List<String> command = processors.ofServer(contender.command(java, port));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        long startNanos = System.nanoTime();
        return new RunningServer(contender.name(), port, log, builder.start(), startNanos);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * Sends a request again and again until one is answered.
     *
     * @return how long that took, from the start of the process
     * @throws IOException if the process has ended, or took too long
     */
    Duration awaitFirstAnswer() throws IOException, InterruptedException {
        byte[] request = LoadCase.JSON.requests("127.0.0.1:" + port).get(0);
        while (!answers(request)) {
            if (!process.isAlive() || System.nanoTime() - startNanos > START_MAX.toNanos()) {
                throw new IOException(name + (process.isAlive() ? " does not answer" : " has ended") + "; it said:\n"
                        + Files.readString(log));
            }
            // A server that starts tells nobody when it listens.
            Thread.sleep(POLL_MILLIS);
        }
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    private boolean answers(byte[] request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port))) {
            channel.write(ByteBuffer.wrap(request));
            AnswerReader reader = new AnswerReader();
            ByteBuffer read = ByteBuffer.allocate(4 << 10);
            while (channel.read(read) >= 0) {
                if (reader.read(read.flip())) {
                    return true;
                }
                read.clear();
            }
            return false;
        } catch (SocketException e) {
            return false;
        }
    }

    /** The CPU time that it has used so far, all threads, user and system. */
    Duration cpu() {
        return process.info()
                .totalCpuDuration()
                .orElseThrow(() -> new IllegalStateException("this system does not tell the CPU time of " + name));
    }

    /** How much memory it occupies, in bytes; empty where the system does not tell (but Linux). */
    OptionalLong residentBytes() throws IOException {
        Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
        return Files.exists(status) ? residentBytes(Files.readString(status)) : OptionalLong.empty();
    }

    /** Reads {@code /proc/PID/status}. */
    static OptionalLong residentBytes(String status) {
        Matcher matcher = RESIDENT.matcher(status);
        return matcher.find() ? OptionalLong.of(1_024 * Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(killer);
        Files.deleteIfExists(log);
    }
}
