// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.model.CountOnce;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** Counting works in runtimes that have the Flight Recorder and in those that do not, on either path. */
class FlightRecorderModulesIT {
    @TempDir
    private Path directory;

    private static String place(Class<?> of) {
        try {
            return Path.of(of.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private String run(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.add(CountOnce.class.getName());
        command.add(directory.resolve("journal").toString());
        Path told = directory.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(told.toFile())
                .start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroyForcibly();
        String output = Files.readString(told);
        assertThat(ended).as("%s:%n%s", command, output).isTrue();
        assertThat(process.exitValue()).as("%s:%n%s", command, output).isZero();
        return output;
    }

    private static String path(Class<?>... of) {
        return List.of(of).stream().map(FlightRecorderModulesIT::place).collect(Collectors.joining(File.pathSeparator));
    }

    private static Set<String> eventsOf(Path recording) throws IOException {
        return RecordingFile.readAllEvents(recording).stream()
                .map(event -> event.getEventType().getName())
                .filter(name -> name.startsWith("io.everycount."))
                .collect(Collectors.toSet());
    }

    @Test
    void on_the_class_path_of_a_runtime_without_it() throws Exception {
        assertThat(run("--limit-modules", "java.base", "-cp", path(CounterCache.class, Logger.class, CountOnce.class)))
                .contains("total 1, library on the class path, recorder not there");
    }

    @Test
    void on_the_module_path_of_a_runtime_without_it() throws Exception {
        assertThat(run(
                        "-p",
                        path(CounterCache.class, Logger.class),
                        "--add-modules",
                        "io.everycount.core",
                        "--limit-modules",
                        "io.everycount.core",
                        "-cp",
                        path(CountOnce.class)))
                .contains("total 1, library on the module path, recorder not there");
    }

    @Test
    void on_the_module_path_it_records_if_it_is_there() throws Exception {
        Path recording = directory.resolve("named.jfr");
        assertThat(run(
                        "-XX:StartFlightRecording=filename=" + recording,
                        "-p",
                        path(CounterCache.class, Logger.class),
                        "--add-modules",
                        "io.everycount.core,jdk.jfr",
                        "-cp",
                        path(CountOnce.class)))
                .contains("total 1, library on the module path, recorder there");
        assertThat(eventsOf(recording)).contains("io.everycount.Flush");
    }

    @Test
    void nothing_is_prepared_for_it_while_nobody_uses_it() throws Exception {
        assertThat(run("-verbose:class", "-cp", path(CounterCache.class, Logger.class, CountOnce.class)))
                .contains("total 1, library on the class path, recorder there", "io.everycount.flush.FlightRecorder ")
                .doesNotContain("io.everycount.flush.DrainEvent ", "io.everycount.flush.FlushEvent ");
    }

    @Test
    void on_the_class_path_it_records_without_being_asked_for_by_name() throws Exception {
        Path recording = directory.resolve("unnamed.jfr");
        assertThat(run(
                        "-XX:StartFlightRecording=filename=" + recording,
                        "-cp",
                        path(CounterCache.class, Logger.class, CountOnce.class)))
                .contains("total 1, library on the class path, recorder there");
        assertThat(eventsOf(recording)).contains("io.everycount.Flush");
    }
}
