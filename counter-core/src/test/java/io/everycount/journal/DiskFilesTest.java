// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static io.everycount.journal.JournalBench.SILENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Journals on a real disk, and its locks among processes. */
class DiskFilesTest {
    @TempDir
    Path temp = Path.of("");

    private final Random random = new Random(7);
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final JournalModel model = new JournalModel();

    private JournalRoot root() {
        return JournalRoot.of(
                temp.resolve("a").resolve("b"),
                new JournalSettings(4096, 1 << 20, tasks::add, random, System::nanoTime));
    }

    private void append(Journal journal, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            JournalRecord record = model.next(random, journal.salt(), 20);
            journal.append(record, 0);
            model.appended(record);
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }
    }

    @Test
    void what_was_written_is_read() throws IOException {
        UUID id;
        try (Journal journal = root().openOwn(1, SILENT)) {
            id = journal.instanceId();
            append(journal, 200);
            journal.bindStore(0, new UUID(1, 2));
            assertThat(journal.stats().segments()).isGreaterThan(3);
            assertThat(journal.stats().spareReady()).isTrue();
        }
        try (Journal journal = root().openOwn(1, SILENT)) {
            assertThat(journal.instanceId()).isEqualTo(id);
            assertThat(journal.store(0)).isEqualTo(new UUID(1, 2));
            model.check(journal.recovered(), true);
            append(journal, 20);
            model.forgotten = 150;
            journal.forget(150);
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }
        try (Journal journal = root().open(id, true, SILENT)) {
            assertThat(journal.recovered().baseNumber()).isPositive();
            model.check(journal.recovered(), true);
            journal.retire();
        }
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
        assertThat(root().list()).isEmpty();
        assertThat(temp.resolve("a").resolve("b")).isDirectoryContaining(path -> path.endsWith(id + ".lock"));
    }

    @Test
    void who_only_wants_to_know_what_is_there_needs_no_settings() throws IOException {
        Path directory = temp.resolve("a").resolve("b");
        assertThat(JournalRoot.list(directory)).isEmpty();
        try (Journal journal = root().openOwn(1, SILENT)) {
            assertThat(JournalRoot.list(directory))
                    .extracting(JournalRoot.Entry::instanceId, JournalRoot.Entry::state)
                    .containsExactly(tuple(journal.instanceId(), JournalRoot.State.LOCKED));
        }
    }

    @Test
    void an_interrupt_from_before_does_no_harm_and_is_kept() throws IOException {
        try (Journal journal = root().openOwn(1, SILENT)) {
            Thread.currentThread().interrupt();
            append(journal, 30);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(journal.stats().poisonedSegments()).isZero();
        }
    }

    @Test
    void a_lock_is_not_given_twice_in_one_jvm_nor_lost_when_it_is_asked_for() throws Exception {
        DiskFiles files = new DiskFiles();
        Path file = temp.resolve("x.lock");
        try (Closeable lock = files.lock(file, "me")) {
            assertThat(lock).isNotNull();
            assertThat(new DiskFiles().lock(temp.resolve(".").resolve("x.lock"), "other"))
                    .isNull();
            assertThat(files.holder(file)).isEqualTo("me");
        }
        assertThat(files.holder(file)).isEqualTo("me");
        try (Closeable again = files.lock(file, "again")) {
            assertThat(again).isNotNull();
            assertThat(files.holder(file)).isEqualTo("again");
        }
        assertThat(Files.readString(file)).isEqualTo("again\n");
    }

    @Test
    void an_interrupt_while_it_is_taken_leaves_a_lock_that_is_one() throws Exception {
        DiskFiles files = new DiskFiles();
        Path file = temp.resolve("y.lock");
        AtomicReference<Closeable> taken = new AtomicReference<>();
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread taker = new Thread(() -> {
            try {
                taken.set(files.lock(file, "me"));
                interrupted.set(Thread.interrupted());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        synchronized (DiskFiles.HELD) {
            taker.start();
            while (taker.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
            }
            taker.interrupt();
        }
        taker.join();
        assertThat(interrupted).isTrue();
        try (Closeable lock = taken.get();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(channel::tryLock).isInstanceOf(OverlappingFileLockException.class);
        }
    }

    @Test
    void a_journal_that_another_process_has_open_is_left_to_it() throws Exception {
        Path directory = temp.resolve("a").resolve("b");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            UUID theirs = UUID.fromString(String.valueOf(output.readLine()));
            assertThatThrownBy(() -> root().open(theirs, true, SILENT))
                    .isInstanceOf(JournalLockedException.class)
                    .hasMessageContaining("process " + process.pid() + " on ");
            assertThat(root().list()).extracting(JournalRoot.Entry::state).containsExactly(JournalRoot.State.LOCKED);
            UUID ours;
            try (Journal journal = root().openOwn(1, SILENT)) {
                ours = journal.instanceId();
                assertThat(ours).isNotEqualTo(theirs);
            }
            process.destroyForcibly().waitFor();
            try (Journal journal = root().open(theirs, false, SILENT)) {
                assertThat(journal.instanceId()).isEqualTo(theirs);
            }
        } finally {
            process.destroyForcibly();
        }
    }
}
