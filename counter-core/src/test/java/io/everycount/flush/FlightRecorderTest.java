// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.MemoryFiles;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import io.everycount.model.ModelStore.Op;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import jdk.jfr.SettingDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the Flight Recorder has of what a pipeline did, step by step. */
class FlightRecorderTest {
    private static final List<String> NAMES =
            List.of("io.everycount.Drain", "io.everycount.JournalCommit", "io.everycount.Flush", "io.everycount.Retry");

    @TempDir
    private Path directory;

    private final ModelStore store = new ModelStore("recorded");
    private final MemoryFiles files = new MemoryFiles(new Random(1));

    private Bench journaled() throws IOException {
        Bench.Plan plan = new Bench.Plan(store);
        JournalSettings settings = new JournalSettings(1 << 14, 1 << 20, task -> {}, new Random(2), () -> 0);
        plan.journal = new JournalRoot(Path.of("/journals"), files, settings)
                .openOwn(1, (instanceId, done, total, records) -> {});
        return plan.build();
    }

    private Recording recording() {
        Recording recording = new Recording();
        NAMES.forEach(name -> recording.enable(name).withThreshold(Duration.ZERO));
        recording.start();
        return recording;
    }

    private List<RecordedEvent> eventsOf(Recording recording, String name) throws IOException {
        if (recording.getState() == RecordingState.RUNNING) {
            recording.stop();
        }
        Path file = directory.resolve("events.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    private void threeKeysInOneRecord(Bench bench) {
        bench.add("a", 1);
        bench.add("b", 1);
        bench.add("c", 1);
        assertThat(bench.drain()).isTrue();
    }

    @Test
    void a_drain_that_found_something_is_recorded_and_an_empty_one_is_not() throws Exception {
        Bench bench = new Bench.Plan(store).build();
        try (Recording recording = recording()) {
            assertThat(bench.drain()).isTrue();
            for (int i = 0; i < 6; i++) {
                bench.add("k" + i, 1);
            }
            assertThat(bench.drain()).isTrue();
            assertThat(eventsOf(recording, "io.everycount.Drain"))
                    .singleElement()
                    .satisfies(event -> {
                        assertThat(event.getInt("records")).isEqualTo(2);
                        assertThat(event.getInt("keys")).isEqualTo(6);
                        assertThat(event.getLong("lastRecord")).isEqualTo(2);
                        assertThat(event.getDuration()).isPositive();
                    });
        }
    }

    @Test
    void each_attempt_to_flush_is_recorded_with_its_outcome_and_each_failure_with_its_wait() throws Exception {
        Bench bench = new Bench.Plan(store).build();
        store.poison(key -> key.equals("b"));
        try (Recording recording = recording()) {
            threeKeysInOneRecord(bench);
            store.script(Op.WRITE, Fault.BEFORE, Fault.REFUSE);
            bench.settle();
            List<RecordedEvent> flushes = eventsOf(recording, "io.everycount.Flush");
            assertThat(flushes)
                    .extracting(event -> event.getString("outcome"))
                    .containsExactly("failed", "refused", "applied");
            assertThat(flushes).allSatisfy(event -> {
                assertThat(event.getString("sink")).isEqualTo("recorded");
                assertThat(event.getLong("afterRecord")).isZero();
                assertThat(event.getLong("upToRecord")).isEqualTo(1);
                assertThat(event.getLong("records")).isEqualTo(1);
                assertThat(event.getInt("keys")).isEqualTo(3);
                assertThat(event.getDuration()).isPositive();
            });
            assertThat(flushes).extracting(event -> event.getInt("attempt")).containsExactly(1, 2, 2);
            assertThat(flushes).extracting(event -> event.getInt("quarantined")).containsExactly(0, 0, 1);
            assertThat(eventsOf(recording, "io.everycount.Retry"))
                    .singleElement()
                    .satisfies(event -> {
                        assertThat(event.getString("sink")).isEqualTo("recorded");
                        assertThat(event.getInt("failures")).isEqualTo(1);
                        assertThat(event.getString("outcome")).isEqualTo("retriable");
                        assertThat(event.getString("error")).contains("WRITE");
                        assertThat(event.getDuration("waitNanos")).isBetween(Duration.ZERO, Duration.ofSeconds(1));
                    });
        }
    }

    @Test
    void a_journal_commit_is_recorded_whether_it_worked_or_not() throws Exception {
        Bench bench = journaled();
        try (Recording recording = recording()) {
            files.faults((operation, path) -> true);
            bench.add("a", 1);
            bench.add("b", 1);
            bench.drainer.requestCommit();
            bench.drainer.step();
            files.faults((operation, path) -> false);
            bench.advance(20, TimeUnit.SECONDS);
            bench.drainer.step();
            List<RecordedEvent> commits = eventsOf(recording, "io.everycount.JournalCommit");
            assertThat(commits).extracting(event -> event.getString("outcome")).containsExactly("failed", "forced");
            assertThat(commits).allSatisfy(event -> {
                assertThat(event.getLong("record")).isEqualTo(1);
                assertThat(event.getInt("keys")).isEqualTo(2);
            });
            assertThat(eventsOf(recording, "io.everycount.Drain"))
                    .as("one drain, however often its record had to be written")
                    .hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {DrainEvent.class, JournalCommitEvent.class})
    void quick_drains_and_commits_are_left_out_unless_somebody_asks_for_them(Class<? extends Event> type) {
        assertThat(EventType.getEventType(type).getSettingDescriptors())
                .filteredOn(setting -> setting.getName().equals("threshold"))
                .extracting(SettingDescriptor::getDefaultValue)
                .containsExactly("10 ms");
    }

    @Test
    void nothing_is_made_while_nobody_records() {
        assertThat(FlightRecorder.isThere()).isTrue();
        assertThat(FlightRecorder.drain()).isNull();
        assertThat(FlightRecorder.flush()).isNull();
        assertThat(FlightRecorder.journalCommit()).isNull();
    }
}
