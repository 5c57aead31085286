// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;

/** Journals under one root, on files in memory, for tests that say step by step what happens. */
final class JournalBench {
    static final RecoveryProgress SILENT = (instanceId, bytesDone, bytesTotal, records) -> {};

    static final JournalRoot.Suitability ANY = (sinks, stores) -> null;
    static final Path ROOT = Path.of("/srv/everycount/journals");

    final Random random;
    final MemoryFiles files;
    final Deque<Runnable> tasks = new ArrayDeque<>();
    final JournalSettings settings;
    final JournalRoot root;
    JournalModel model = new JournalModel();

    JournalBench(long seed, int segmentBytes) {
        random = new Random(seed);
        files = new MemoryFiles(random);
        settings = new JournalSettings(segmentBytes, 64L * segmentBytes, tasks::add, random, () -> 0);
        root = new JournalRoot(ROOT, files, settings);
    }

    Journal open() throws IOException {
        return root.openOwn(2, SILENT);
    }

    Recovered read(UUID instanceId) throws IOException {
        try (Journal journal = root.open(instanceId, true, SILENT)) {
            return journal.recovered();
        }
    }

    void housekeeping() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    /** Appends so many records of a few entries. */
    void append(Journal journal, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            JournalRecord record = model.next(random, journal.salt(), 4);
            journal.append(record, 0);
            model.appended(record);
        }
    }

    /** Replaces everything after a number by so many pieces as there are bounds; each ends at one of them. */
    void checkpoint(Journal journal, long from, long... ends) throws IOException {
        List<JournalRecord> pieces = new ArrayList<>();
        long start = from;
        for (long end : ends) {
            pieces.add(model.piece(start, end));
            start = end;
        }
        model.checkpointTried(pieces);
        journal.checkpoint(pieces, model.digest(from), 0);
        model.checkpointDone();
    }

    List<Path> segments(Path directory) {
        return files.list(directory).stream()
                .filter(name -> SegmentName.parse(name) != null)
                .map(directory::resolve)
                .toList();
    }

    Path lastSegment(Path directory) {
        List<Path> all = segments(directory);
        return all.get(all.size() - 1);
    }

    /** Where the frames of a segment begin. */
    List<Integer> frames(Path segment) throws IOException {
        byte[] bytes = files.bytes(segment);
        List<Integer> offsets = new ArrayList<>();
        int offset = SegmentFormat.HEADER_BYTES;
        while (offset + 8 <= bytes.length && SegmentFormat.intAt(bytes, offset) != 0) {
            offsets.add(offset);
            offset += SegmentFormat.intAt(bytes, offset);
        }
        return offsets;
    }

    void flip(Path segment, long offset) throws IOException {
        byte[] bytes = files.bytes(segment);
        bytes[(int) offset] ^= (byte) (1 << random.nextInt(8));
        files.overwrite(segment, bytes);
    }

    static List<Long> numbers(Recovered found) {
        return found.records().stream().map(JournalRecord::number).toList();
    }

    static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }
}
