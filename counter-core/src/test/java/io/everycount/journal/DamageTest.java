// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everycount.journal.MemoryFiles.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a crash leaves behind is recovered; whatever else is wrong with a journal is said, with file and offset. */
class DamageTest {
    private static final long FIRST_SEED = new Random().nextInt(1_000_000_000);
    private static final int JOURNALS = 400;
    private static final int FLIPS = 25;

    private JournalBench bench = new JournalBench(1, 1024);
    private UUID id = new UUID(0, 0);
    private Path directory = JournalBench.ROOT;

    /** Four segments or so, in two incarnations. */
    @BeforeEach
    void someJournal() throws IOException {
        bench = new JournalBench(FIRST_SEED, 640);
        try (Journal journal = bench.open()) {
            id = journal.instanceId();
            directory = journal.directory();
            bench.append(journal, 20);
            journal.noteApplied(3);
        }
        try (Journal journal = bench.open()) {
            bench.append(journal, 20);
        }
        assertThat(bench.segments(directory).size()).isGreaterThan(4);
    }

    private CorruptJournalException corrupt() {
        CorruptJournalException e = catchThrowableOfType(CorruptJournalException.class, () -> bench.read(id));
        assertThat(e).as("damage").isNotNull();
        assertThat(e.instanceId()).isEqualTo(id);
        assertThat(e).hasMessageContaining(e.file().toString()).hasMessageContaining("offset " + e.offset());
        return e;
    }

    private static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    @Test
    void an_undamaged_journal_is_read_as_it_was_written() throws IOException {
        Recovered found = bench.read(id);
        assertThat(JournalBench.numbers(found)).isEqualTo(JournalBench.range(1, 40));
        assertThat(found.appliedNumber()).isEqualTo(3);
        bench.model.appliedMax = 3;
        bench.model.check(found, true);
    }

    @Test
    void a_damaged_last_frame_is_taken_for_a_write_that_did_not_end() throws IOException {
        Path segment = bench.lastSegment(directory);
        bench.flip(segment, last(bench.frames(segment)) + 70);
        assertThat(bench.read(id).lastNumber()).isEqualTo(39);
    }

    @Test
    void a_last_frame_that_says_it_is_longer_than_the_file_is_not_believed() throws IOException {
        Path segment = bench.lastSegment(directory);
        byte[] bytes = bench.files.bytes(segment);
        SegmentFormat.putInt(bytes, last(bench.frames(segment)), 0x7fff_fff8);
        bench.files.overwrite(segment, bytes);
        assertThat(bench.read(id).lastNumber()).isEqualTo(39);
    }

    @Test
    void a_file_that_ends_within_the_last_frame_is_taken_for_a_write_that_did_not_end() throws IOException {
        Path segment = bench.lastSegment(directory);
        bench.files.overwrite(segment, Arrays.copyOf(bench.files.bytes(segment), last(bench.frames(segment)) + 30));
        assertThat(bench.read(id).lastNumber()).isEqualTo(39);
    }

    @Test
    void a_damaged_frame_with_a_valid_one_behind_it_is_damage() throws IOException {
        Path segment = bench.segments(directory).get(0);
        int offset = bench.frames(segment).get(1);
        bench.flip(segment, offset + 20);
        CorruptJournalException e = corrupt();
        assertThat(e.file()).isEqualTo(segment);
        assertThat(e.offset()).isEqualTo(offset);
    }

    @Test
    void a_damaged_last_frame_of_an_earlier_segment_is_damage() throws IOException {
        Path segment = bench.segments(directory).get(0);
        bench.flip(segment, last(bench.frames(segment)) + 70);
        assertThat(corrupt().file()).isEqualTo(bench.segments(directory).get(1));
    }

    @Test
    void a_segment_missing_in_the_middle_is_damage() throws IOException {
        List<Path> segments = bench.segments(directory);
        bench.files.delete(segments.get(1));
        CorruptJournalException e = corrupt();
        assertThat(e.file()).isEqualTo(segments.get(2));
        assertThat(e).hasMessageContaining("missing");
    }

    @Test
    void segments_missing_at_the_beginning_were_not_needed_any_more() throws IOException {
        List<Path> segments = bench.segments(directory);
        int gone = bench.frames(segments.get(0)).size();
        bench.files.delete(segments.get(0));
        Recovered found = bench.read(id);
        assertThat(found.baseNumber()).isEqualTo(gone);
        assertThat(found.baseDigest()).isEqualTo(bench.model.digest(gone));
        assertThat(JournalBench.numbers(found)).isEqualTo(JournalBench.range(gone + 1, 40));
    }

    @Test
    void a_damaged_header_with_records_behind_it_is_damage() throws IOException {
        Path segment = bench.segments(directory).get(0);
        bench.flip(segment, 50);
        CorruptJournalException e = corrupt();
        assertThat(e.file()).isEqualTo(segment);
        assertThat(e.offset()).isZero();
    }

    @Test
    void a_damaged_header_of_all_that_is_left_is_damage() throws IOException {
        List<Path> segments = bench.segments(directory);
        for (Path segment : segments.subList(0, segments.size() - 1)) {
            bench.files.delete(segment);
        }
        byte[] bytes = bench.files.bytes(last(segments));
        bench.files.overwrite(
                last(segments),
                Arrays.copyOf(bytes, bench.frames(last(segments)).get(1)));
        bench.flip(last(segments), 70);
        assertThat(corrupt()).hasMessageContaining("header");
    }

    @Test
    void an_empty_segment_at_the_end_was_never_written() throws IOException {
        SegmentName name =
                SegmentName.parse(bench.lastSegment(directory).getFileName().toString());
        assertThat(name).isNotNull();
        Path next = directory.resolve(new SegmentName(name.incarnation() + 1, 1).fileName());
        bench.files.open(next, true).close();
        bench.files.overwrite(next, new byte[1024]);
        assertThat(bench.read(id).lastNumber()).isEqualTo(40);
    }

    @Test
    void a_segment_under_another_name_is_damage() throws IOException {
        Path segment = bench.lastSegment(directory);
        bench.files.rename(segment, directory.resolve(new SegmentName(9, 9).fileName()));
        assertThat(corrupt()).hasMessageContaining(segment.getFileName().toString());
    }

    @Test
    void a_frame_is_valid_in_its_own_segment_only() throws IOException {
        Path first = bench.segments(directory).get(0);
        int start = bench.frames(first).get(0);
        byte[] frame = Arrays.copyOfRange(
                bench.files.bytes(first), start, bench.frames(first).get(1));
        Path segment = bench.lastSegment(directory);
        byte[] bytes = bench.files.bytes(segment);
        int end = last(bench.frames(segment)) + SegmentFormat.intAt(bytes, last(bench.frames(segment)));
        byte[] longer = Arrays.copyOf(Arrays.copyOf(bytes, end), end + frame.length);
        System.arraycopy(frame, 0, longer, end, frame.length);
        bench.files.overwrite(segment, longer);
        assertThat(bench.read(id).lastNumber()).isEqualTo(40);
    }

    @Test
    void a_segment_of_another_instance_is_damage() throws IOException {
        Journal first = bench.open();
        bench.model = new JournalModel();
        try (Journal other = bench.open()) {
            assertThat(other.instanceId()).isNotEqualTo(id);
            bench.append(other, 1);
            byte[] foreign = bench.files.bytes(bench.lastSegment(other.directory()));
            bench.files.overwrite(bench.segments(directory).get(0), foreign);
            first.close();
            assertThat(corrupt()).hasMessageContaining(other.instanceId().toString());
        }
    }

    @Test
    void a_newer_version_is_refused_and_nothing_is_touched() throws IOException {
        Path segment = bench.segments(directory).get(2);
        byte[] bytes = bench.files.bytes(segment);
        SegmentFormat.putInt(bytes, 8, 2);
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, 124);
        SegmentFormat.putInt(bytes, 124, (int) crc.getValue());
        bench.files.overwrite(segment, bytes);
        List<String> names = bench.files.list(directory);
        assertThatThrownBy(bench::open)
                .isInstanceOf(JournalOpenException.class)
                .isNotInstanceOf(CorruptJournalException.class)
                .hasMessageContaining("version 2");
        assertThat(bench.files.list(directory)).isEqualTo(names);
        assertThat(bench.files.bytes(segment)).isEqualTo(bytes);
    }

    @Test
    void a_damaged_set_of_pieces_is_passed_over_while_what_it_replaces_is_there() throws IOException {
        try (Journal journal = bench.open()) {
            bench.checkpoint(journal, 10, 20, 40);
            bench.flip(bench.lastSegment(directory), SegmentFormat.HEADER_BYTES + 70);
        }
        assertThat(JournalBench.numbers(bench.read(id))).isEqualTo(JournalBench.range(1, 40));
    }

    @Test
    void a_damaged_set_of_pieces_is_damage_when_what_it_replaces_is_gone() throws IOException {
        try (Journal journal = bench.open()) {
            bench.checkpoint(journal, 10, 20, 40);
            bench.housekeeping();
        }
        assertThat(JournalBench.numbers(bench.read(id))).endsWith(10L, 20L, 40L);
        Path segment = bench.lastSegment(directory);
        for (long offset : new long[] {
            60, bench.frames(segment).get(0) + 70, bench.frames(segment).get(1) + 70
        }) {
            byte[] bytes = bench.files.bytes(segment);
            bench.flip(segment, offset);
            assertThat(corrupt().file()).isEqualTo(segment);
            bench.files.overwrite(segment, bytes);
        }
    }

    @Test
    void a_set_of_pieces_with_a_valid_record_behind_it_may_not_be_damaged() throws IOException {
        try (Journal journal = bench.open()) {
            bench.checkpoint(journal, 10, 20, 40);
            bench.append(journal, 1);
        }
        Path segment = bench.lastSegment(directory);
        bench.flip(segment, SegmentFormat.HEADER_BYTES + 70);
        assertThat(corrupt().file()).isEqualTo(segment);
    }

    @Test
    void replaced_segments_may_be_there_in_part() throws IOException {
        try (Journal journal = bench.open()) {
            bench.checkpoint(journal, 0, 40);
        }
        List<Path> segments = bench.segments(directory);
        for (int i = 0; i < segments.size() - 1; i += 2) {
            bench.files.delete(segments.get(i));
        }
        bench.flip(segments.get(1), 150);
        assertThat(JournalBench.numbers(bench.read(id))).containsExactly(40L);
    }

    @Test
    void two_histories_in_one_directory_are_damage() throws IOException {
        // Two copies of a directory have gone on, and somebody puts them together.
        try (Journal journal = bench.open()) {
            while (bench.frames(bench.lastSegment(directory)).size() < 4) {
                bench.append(journal, 1);
            }
        }
        long number = bench.model.last() - 1;
        Path segment = bench.lastSegment(directory);
        byte[] whole = bench.files.bytes(segment);
        List<Integer> frames = bench.frames(segment);
        bench.files.overwrite(segment, Arrays.copyOf(whole, frames.get(frames.size() - 2)));
        try (Journal journal = bench.open()) {
            long before = journal.recovered().lastDigest();
            journal.append(JournalModel.record(number - 1, number, before, journal.salt(), Map.of("other", 1L)), 0);
        }
        assertThat(bench.read(id).lastDigest()).isNotEqualTo(bench.model.digest(number));
        bench.files.overwrite(segment, whole);
        assertThat(corrupt()).hasMessageContaining("two histories");
    }

    @Test
    void a_record_whose_digest_does_not_follow_is_damage() throws IOException {
        Path segment = bench.segments(directory).get(0);
        byte[] bytes = bench.files.bytes(segment);
        int offset = bench.frames(segment).get(1);
        bytes[offset + 47] ^= 1;
        int length = SegmentFormat.intAt(bytes, offset);
        FrameChecksum checksum = new FrameChecksum(id, new SegmentName(1, 1));
        SegmentFormat.putInt(bytes, offset + 4, checksum.of(bytes, offset, length));
        bench.files.overwrite(segment, bytes);
        CorruptJournalException e = corrupt();
        assertThat(e).hasMessageContaining("digest");
        assertThat(e.offset()).isEqualTo(offset);
    }

    @Test
    void no_flipped_bit_makes_wrong_data() throws IOException {
        Long only = Long.getLong("everycount.seed");
        long from = only == null ? FIRST_SEED : only;
        int damaged = 0;
        int shorter = 0;
        int journals = only == null ? JOURNALS : 1;
        System.out.printf("flipped bits: %d journals from seed %d%n", journals, from);
        for (long seed = from; seed < from + journals; seed++) {
            String replay = "replay: -Deverycount.seed=" + seed;
            build(seed);
            for (int i = 0; i < FLIPS; i++) {
                List<Path> segments = bench.segments(directory);
                Path segment = segments.get(bench.random.nextInt(segments.size()));
                byte[] before = bench.files.bytes(segment);
                bench.flip(segment, bench.random.nextInt(before.length));
                try {
                    Recovered found = bench.read(id);
                    bench.model.checkPrefix(found, replay);
                    shorter += found.lastNumber() < bench.model.last() ? 1 : 0;
                    assertThat(found.lastNumber()).as(replay).isGreaterThanOrEqualTo(bench.model.last() - 1);
                } catch (CorruptJournalException e) {
                    damaged++;
                    assertThat(e.file().getParent()).as(replay).isEqualTo(directory);
                    assertThat(e.offset()).as(replay).isBetween(0L, (long) bench.files.bytes(e.file()).length);
                }
                bench.files.overwrite(segment, before);
            }
        }
        System.out.printf(
                "flipped bits: %d of %d noticed as damage, %d taken for a last write that did not end%n",
                damaged, journals * FLIPS, shorter);
        assertThat(damaged).isPositive();
    }

    /** A journal with all that one can have: incarnations, poisoned segments, sets of pieces, segments gone. */
    private void build(long seed) throws IOException {
        bench = new JournalBench(seed, 512 << new Random(seed).nextInt(3));
        for (int opening = 0; opening < 3; opening++) {
            try (Journal journal = bench.open()) {
                id = journal.instanceId();
                directory = journal.directory();
                for (int i = 0; i < 5; i++) {
                    bench.append(journal, 1 + bench.random.nextInt(5));
                    bench.files.faults(
                            (operation, path) -> operation == Operation.FORCE && bench.random.nextInt(6) == 0);
                    step(journal);
                    bench.files.faults((operation, path) -> false);
                }
                if (bench.random.nextBoolean()) {
                    journal.noteApplied(0);
                }
            }
            bench.tasks.clear();
        }
    }

    private void step(Journal journal) throws IOException {
        switch (bench.random.nextInt(4)) {
            case 0 -> {
                long start = bench.model.boundary(bench.random);
                if (start >= 0) {
                    List<JournalRecord> pieces = bench.model.pieces(bench.random, start);
                    bench.model.checkpointTried(pieces);
                    untilDone(() -> journal.checkpoint(pieces, bench.model.digest(start), 0));
                    bench.model.checkpointDone();
                }
            }
            case 1 -> {
                bench.model.forgotten = Math.max(bench.model.forgotten, bench.model.last() - 12);
                journal.forget(bench.model.forgotten);
                bench.housekeeping();
            }
            case 2 -> {
                JournalRecord record = bench.model.next(bench.random, journal.salt(), 4);
                untilDone(() -> journal.append(record, 0));
                bench.model.appended(record);
            }
            default -> bench.housekeeping();
        }
    }

    private interface Write {
        void run() throws IOException;
    }

    private static void untilDone(Write write) {
        boolean done = false;
        while (!done) {
            try {
                write.run();
                done = true;
            } catch (IOException e) {
                // The disk fails now and then.
            }
        }
    }
}
