// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/**
 * Whatever is in a journal's directory, it is read, or refused with a message that names the place; what was read is one
 * history without holes; and to open it for writing, to append and to lose power changes nothing of that.
 *
 * <p>In a build, on the inputs that fuzzing has kept; {@code fuzz.sh} looks for others.
 */
class JournalFuzzTest {
    private static final UUID ID = new UUID(1, 2);
    private static final Path DIRECTORY = JournalBench.ROOT.resolve(ID.toString());
    private static final int BYTES_MAX = 1 << 12;

    private MemoryFiles files = new MemoryFiles(new Random());
    private Deque<Runnable> tasks = new ArrayDeque<>();
    private JournalRoot root = root();

    private JournalRoot root() {
        return new JournalRoot(
                JournalBench.ROOT, files, new JournalSettings(512, 1 << 20, tasks::add, new Random(2), () -> 0));
    }

    /** One object serves all runs of a fuzzer. */
    private void beginAnew() {
        files = new MemoryFiles(new Random(1));
        tasks = new ArrayDeque<>();
        root = root();
    }

    /** Bytes as they come: behind a right header, or from the start. */
    @FuzzTest
    void bytes(byte[] bytes) throws IOException {
        beginAnew();
        SegmentName name = new SegmentName(1, 1);
        byte[] file = Arrays.copyOf(bytes, Math.min(bytes.length, BYTES_MAX));
        if (file.length > SegmentFormat.HEADER_BYTES && file[0] == 0) {
            new SegmentHeader(ID, name, false, 7, 0, 0, 0, 0, 0).encode(file);
        }
        put(name, file);
        checkReading();
    }

    /** Frames with right checksums, in headers with right checksums, that mean anything or nothing. */
    @FuzzTest
    void frames(FuzzedDataProvider data) throws IOException {
        beginAnew();
        FuzzedSegments segments = new FuzzedSegments(ID, data);
        int count = data.consumeInt(1, 6);
        for (int i = 0; i < count; i++) {
            SegmentName name = new SegmentName(data.consumeInt(1, 3), data.consumeInt(1, 3));
            byte[] bytes = segments.next(name);
            put(name, bytes.length > BYTES_MAX ? Arrays.copyOf(bytes, BYTES_MAX) : bytes);
        }
        checkReading();
    }

    private void put(SegmentName name, byte[] bytes) throws IOException {
        files.createDirectories(DIRECTORY);
        Path file = DIRECTORY.resolve(name.fileName());
        if (!files.list(DIRECTORY).contains(name.fileName())) {
            files.open(file, true).close();
        }
        files.overwrite(file, bytes);
    }

    private void checkReading() throws IOException {
        Recovered found;
        try {
            found = read();
        } catch (CorruptJournalException e) {
            assertThat(e.file().getParent()).isEqualTo(DIRECTORY);
            assertThat(e.offset()).isBetween(0L, (long) files.bytes(e.file()).length);
            return;
        } catch (JournalOpenException e) {
            assertThat(e).hasMessageContaining("version");
            return;
        }
        checkHistory(found);
        checkGoingOn(found);
    }

    private Recovered read() throws IOException {
        try (Journal journal = root.open(ID, true, JournalBench.SILENT)) {
            return journal.recovered();
        }
    }

    private static void checkHistory(Recovered found) {
        assertThat(found.baseNumber()).isNotNegative();
        assertThat(found.appliedNumber()).isBetween(found.baseNumber(), found.lastNumber());
        long number = found.baseNumber();
        for (JournalRecord record : found.records()) {
            assertThat(record.from()).isEqualTo(number);
            assertThat(record.number()).isGreaterThan(number);
            Entries.Cursor entry = record.entries().cursor();
            for (int i = 0; i < record.entries().size(); i++) {
                assertThat(entry.next()).isTrue();
            }
            assertThat(entry.next()).isFalse();
            number = record.number();
        }
        assertThat(found.lastNumber()).isEqualTo(number);
    }

    /** A process opens it, appends a record or two, and the power goes. */
    private void checkGoingOn(Recovered found) throws IOException {
        long number = found.lastNumber();
        long digest = found.lastDigest();
        try (Journal journal = root.open(ID, false, JournalBench.SILENT)) {
            checkSame(journal.recovered(), found, found.records().size());
            for (int i = 0; i < 2; i++) {
                JournalRecord record =
                        JournalModel.record(number, number + 1, digest, journal.salt(), Map.of("appended", 1L));
                journal.append(record, found.appliedNumber());
                number = record.number();
                digest = record.digest();
            }
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }
        files.crash();
        Recovered again = read();
        checkHistory(again);
        checkSame(again, found, found.records().size() + 2);
        assertThat(again.lastNumber()).isEqualTo(number);
        assertThat(again.lastDigest()).isEqualTo(digest);
    }

    private static void checkSame(Recovered actual, Recovered expected, int size) {
        assertThat(actual.baseNumber()).isEqualTo(expected.baseNumber());
        assertThat(actual.baseDigest()).isEqualTo(expected.baseDigest());
        assertThat(actual.records()).hasSize(size);
        for (int i = 0; i < expected.records().size(); i++) {
            JournalRecord a = actual.records().get(i);
            JournalRecord e = expected.records().get(i);
            assertThat(a.number()).isEqualTo(e.number());
            assertThat(a.digest()).isEqualTo(e.digest());
            checkSame(a.entries(), e.entries());
            assertThat(a.sinceMillis()).isEqualTo(e.sinceMillis());
        }
    }

    private static void checkSame(Entries actual, Entries expected) {
        assertThat(actual.size()).isEqualTo(expected.size());
        Entries.Cursor a = actual.cursor();
        Entries.Cursor e = expected.cursor();
        while (e.next()) {
            assertThat(a.next()).isTrue();
            assertThat(a.key()).isEqualTo(e.key());
            assertThat(a.delta()).isEqualTo(e.delta());
        }
    }
}
