// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.jdbc.faults.Await;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A {@link CountingProcess}, as its tormentor sees it: what it reported, and how to make it suffer. */
final class Victim implements AutoCloseable {
    /**
     * How a process counts.
     *
     * @param threads none for one that only drains what others left
     * @param earlyAcknowledgements a lie that must be noticed
     * @param guard of a {@link CarelessSink}; empty for the right sink
     * @param halt see {@link FailpointSink}
     */
    record Settings(int threads, boolean earlyAcknowledgements, String guard, String halt) {
        static final Settings RIGHT = new Settings(2, false, "", "");
        static final Settings DRAIN = new Settings(0, false, "", "");

        Settings haltAt(String point) {
            return new Settings(threads, earlyAcknowledgements, guard, point);
        }
    }

    /** What was counted on one process's own keys, as far as it could tell. */
    private static final class OwnKeys {
        private final Map<String, Map<String, Long>> open = new HashMap<>();
        private final Map<String, Long> attempted = new HashMap<>();
        private final Map<String, Long> acknowledged = new HashMap<>();
    }

    private static final Duration EXPLANATION_MAX = Duration.ofSeconds(5);

    private final String name;
    private final Path journal;
    private final Path reportFile;
    private final Path log;
    private final Process process;
    private final OwnKeys own = new OwnKeys();
    private final Set<UUID> adopted = new TreeSet<>();
    private final List<String> stopped = new ArrayList<>();
    private FileChannel report;
    private byte[] rest = {};
    private boolean opening;
    private UUID instanceId;
    private int journalAcknowledgements;
    private int sinkAcknowledgements;
    private int rejections;
    private int rewinds;
    private int gaps;
    private int quarantines;
    private int pauses;
    private String closed;
    private boolean expectedToEnd;
    private boolean discarded;

    Victim(String name, Path journal, Path directory, Settings settings, Map<String, String> more) {
        this.name = name;
        this.journal = journal;
        reportFile = directory.resolve(name + ".report");
        log = directory.resolve(name + ".log");
        Map<String, String> arguments = new LinkedHashMap<>(more);
        arguments.put("name", name);
        arguments.put("journal", journal.toString());
        arguments.put("report", reportFile.toString());
        arguments.put("threads", Integer.toString(settings.threads));
        arguments.put("acknowledge", settings.earlyAcknowledgements ? "early" : "right");
        arguments.put("guard", settings.guard);
        arguments.put("halt", settings.halt);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                CountingProcess.class.getName()));
        arguments.forEach((key, value) -> command.add(key + "=" + value));
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(new File(log.toString())))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String name() {
        return name;
    }

    Path journal() {
        return journal;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** The process's exit status; for use after its end. */
    int status() {
        return process.exitValue();
    }

    /** Whether it is about to open its journal, or has. */
    boolean isOpening() {
        read();
        return opening;
    }

    /** Its journal's; null until it counts. */
    UUID instanceId() {
        read();
        return instanceId;
    }

    int journalAcknowledgements() {
        read();
        return journalAcknowledgements;
    }

    int sinkAcknowledgements() {
        read();
        return sinkAcknowledgements;
    }

    int rejections() {
        read();
        return rejections;
    }

    int rewinds() {
        read();
        return rewinds;
    }

    int gaps() {
        read();
        return gaps;
    }

    int quarantines() {
        read();
        return quarantines;
    }

    Set<UUID> adopted() {
        read();
        return adopted;
    }

    /** Why it stopped or could not start, if it did not just die. */
    List<String> stopped() {
        read();
        return stopped;
    }

    /** Whether it closed with everything in the sink. */
    boolean isComplete() {
        read();
        return "c true true".equals(closed);
    }

    /** What it said when it closed; null if it never did. */
    String closed() {
        read();
        return closed;
    }

    Map<String, Long> attempted() {
        read();
        return own.attempted;
    }

    Map<String, Long> acknowledged() {
        read();
        return own.acknowledged;
    }

    /** Whether its end is no surprise. */
    boolean isExpectedToEnd() {
        return expectedToEnd;
    }

    void expectEnd() {
        expectedToEnd = true;
    }

    /** Whether what it counted is in a journal that was found to be a copy, and so is nowhere else. */
    boolean isDiscarded() {
        return discarded;
    }

    void discard() {
        discarded = true;
    }

    /** Waits until it counts, or has ended. */
    void awaitReady() {
        Await.until(() -> this + " counts", () -> instanceId() != null || !isAlive());
    }

    /** Waits until it has got more acknowledgements that its sink has something, or has stopped. */
    void awaitSinkAcknowledgements(int more) {
        int before = sinkAcknowledgements();
        Await.until(
                () -> explained() + " gets " + more + " more acknowledgements",
                () -> sinkAcknowledgements() >= before + more
                        || !isAlive()
                        || !stopped().isEmpty());
    }

    /** Ends it as {@code kill -9} does. */
    void kill() {
        expectedToEnd = true;
        // The process's own method would close the pipes, too.
        process.toHandle().destroyForcibly();
        awaitEnd();
    }

    void awaitEnd() {
        try {
            if (!process.waitFor(Await.MAX.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(this + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends a signal by its name. */
    void signal(String signal) {
        try {
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Waits until nobody counts in it and everything is in the sink. */
    void pause() {
        tell("pause");
        int before = pauses;
        Await.until(() -> explained() + " pauses", () -> {
            read();
            return pauses > before || !isAlive() || !stopped.isEmpty();
        });
    }

    void resume() {
        tell("resume");
    }

    void stop() {
        expectedToEnd = true;
        tell("stop");
    }

    private void tell(String word) {
        try {
            process.getOutputStream().write((word + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            // It is gone; whoever waits for what it says sees that.
        }
    }

    /** Takes note of all whole lines that are there and were not before. */
    private synchronized void read() {
        try {
            if (report == null) {
                if (!Files.exists(reportFile)) {
                    return;
                }
                report = FileChannel.open(reportFile);
            }
            int more = Math.toIntExact(report.size() - report.position());
            if (more == 0) {
                return;
            }
            ByteBuffer bytes = ByteBuffer.allocate(rest.length + more).put(rest);
            while (bytes.hasRemaining() && report.read(bytes) >= 0) {
                // Until all of it is there.
            }
            byte[] all = bytes.array();
            int start = 0;
            for (int i = 0; i < bytes.position(); i++) {
                if (all[i] == '\n') {
                    line(new String(all, start, i - start, StandardCharsets.UTF_8));
                    start = i + 1;
                }
            }
            rest = Arrays.copyOfRange(all, start, bytes.position());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void line(String line) {
        String[] words = line.split(" ");
        switch (words[0]) {
            case "o" -> opening = true;
            case "r" -> instanceId = UUID.fromString(words[1]);
            case "?" -> {
                Map<String, Long> deltas = new HashMap<>();
                for (int i = 2; i < words.length; i += 2) {
                    deltas.put(words[i], Long.parseLong(words[i + 1]));
                }
                own.open.put(words[1], deltas);
                deltas.forEach((key, delta) -> own.attempted.merge(key, delta, Long::sum));
            }
            case "j", "s" -> {
                if (words[0].equals("j")) {
                    journalAcknowledgements++;
                } else {
                    sinkAcknowledgements++;
                }
                own.open.remove(words[1]).forEach((key, delta) -> own.acknowledged.merge(key, delta, Long::sum));
            }
            case "x" -> {
                rejections++;
                own.open.remove(words[1]).forEach((key, delta) -> own.attempted.merge(key, -delta, Long::sum));
            }
            case "a" -> adopted.add(UUID.fromString(words[1]));
            case "w" -> rewinds++;
            case "g" -> gaps++;
            case "q" -> quarantines++;
            case "p" -> pauses++;
            case "c" -> closed = line;
            default -> stopped.add(line);
        }
    }

    /** The end of what it wrote elsewhere than in its report. */
    private String said() {
        try {
            String all = Files.exists(log) ? Files.readString(log).strip() : "";
            return all.substring(Math.max(0, all.length() - 2_000));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.toHandle().destroyForcibly();
        awaitEnd();
        try {
            process.getOutputStream().close();
            if (report != null) {
                report.close();
            }
        } catch (IOException e) {
            // It ended before it read everything.
        }
    }

    /** The same as {@link #toString}, with what it is doing: for when it does not do what it should. */
    String explained() {
        tell("explain");
        signal("QUIT");
        long deadline = System.nanoTime() + EXPLANATION_MAX.toNanos();
        String all = "";
        while (isAlive() && System.nanoTime() - deadline < 0 && !all.contains(CountingProcess.EXPLANATION)) {
            try {
                all = Files.readString(log);
                Thread.onSpinWait();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        String shown = Arrays.stream(all.split("\n\n"))
                .filter(part -> part.matches("(?s)\\s*(stats: |\"torture|\"caller|\"everycount|\"Hikari).*"))
                .collect(Collectors.joining("\n\n"));
        return this + "\n" + shown + "\n";
    }

    @Override
    public String toString() {
        read();
        return "process " + name + " of instance " + instanceId + (isAlive() ? "" : ", ended with " + status())
                + (closed == null ? "" : ", " + closed) + (stopped.isEmpty() ? "" : ", " + stopped) + ": " + said();
    }
}
