// SPDX-License-Identifier: Apache-2.0
package io.everycount.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.journal.MemoryFiles.Crashed;
import io.everycount.journal.MemoryFiles.Operation;
import io.everycount.journal.PlantedFiles.Mistake;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One random history of a journal, driven by one thread. */
final class JournalHistory {
    private static final RecoveryProgress SILENT = (instanceId, bytesDone, bytesTotal, records) -> {};
    private static final int STEPS = 60;
    private static final int ATTEMPTS_MAX = 100;

    private final Random random;
    private final MemoryFiles memory;
    private final JournalRoot root;
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final JournalModel model = new JournalModel();
    private final Map<String, Integer> seen = new TreeMap<>();
    private final List<String> log = new ArrayList<>();
    private final Map<Integer, UUID> stores = new TreeMap<>();
    private final int segmentBytes;
    private final int keysMax;
    private @Nullable Journal journal;
    private @Nullable UUID instanceId;
    private List<JournalRecord> unwrittenPieces = List.of();

    JournalHistory(long seed, Mistake mistake) {
        random = new Random(seed);
        memory = new MemoryFiles(random);
        segmentBytes = 512 << random.nextInt(4);
        keysMax = 1 << random.nextInt(7);
        JournalSettings settings = new JournalSettings(
                segmentBytes, (4 + random.nextInt(20)) * (long) segmentBytes, tasks::add, random, () -> 0);
        root = new JournalRoot(Path.of("/srv/everycount/journals"), new PlantedFiles(memory, mistake), settings);
    }

    Map<String, Integer> seen() {
        return seen;
    }

    String log() {
        return "\n" + String.join("\n", log);
    }

    private void saw(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    private Journal journal() {
        return Objects.requireNonNull(journal);
    }

    void run() throws IOException {
        reopen();
        for (int i = 0; i < STEPS; i++) {
            try {
                step();
            } catch (Crashed e) {
                log.add("  crashed");
                end();
                reopen();
            }
        }
        end();
        calm();
        reopen();
    }

    private void step() throws IOException {
        switch (random.nextInt(20)) {
            case 0 -> faults();
            case 1 -> {
                memory.crashAfter(random.nextInt(12));
                log.add("crash soon");
            }
            case 2 -> {
                end();
                reopen();
            }
            case 3, 4 -> checkpoint();
            case 5, 6 -> forget();
            case 7, 8, 9 -> housekeeping();
            case 10 -> note();
            case 11 -> bindStore();
            case 12 -> room();
            default -> append();
        }
    }

    private void calm() {
        memory.faults((operation, path) -> false);
        memory.bytesMax(Long.MAX_VALUE);
    }

    private void faults() {
        int percent = new int[] {0, 0, 10, 40, 100}[random.nextInt(5)];
        Operation one =
                random.nextBoolean() ? Operation.FORCE : Operation.values()[random.nextInt(Operation.values().length)];
        boolean all = random.nextInt(4) == 0;
        log.add("faults " + percent + " % of " + (all ? "all" : one));
        memory.faults((operation, path) -> (all || operation == one) && random.nextInt(100) < percent);
    }

    private void room() {
        boolean full = random.nextInt(3) == 0;
        log.add(full ? "disk full" : "disk has room");
        memory.bytesMax(full ? random.nextInt(10 * segmentBytes) : Long.MAX_VALUE);
    }

    private void append() {
        if (!unwrittenPieces.isEmpty()) {
            put(unwrittenPieces);
            return;
        }
        JournalRecord attempted = model.attempted;
        JournalRecord record =
                attempted != null ? attempted : model.next(random, journal().salt(), keysMax);
        long applied = random.nextInt((int) model.last() + 1);
        log.add("append " + record.number() + " applied " + applied);
        model.appliedMax = Math.max(model.appliedMax, applied);
        model.attempted = record;
        boolean spare = journal().stats().spareReady();
        try {
            journal().append(record, applied);
            model.appended(record);
            saw("append");
            assertThat(journal().stats().failing()).isFalse();
        } catch (IOException e) {
            log.add("  " + e);
            saw(String.valueOf(e.getMessage()).startsWith("No space") ? "no space" : "append failed");
            assertThat(journal().stats().failing()).isTrue();
        } catch (Crashed e) {
            saw("append crashed");
            throw e;
        }
        if (spare && !journal().stats().spareReady()) {
            saw("spare used");
        }
    }

    private void checkpoint() {
        long from = model.boundary(random);
        if (!unwrittenPieces.isEmpty()) {
            put(unwrittenPieces);
        } else if (from >= 0) {
            put(model.pieces(random, from));
        }
    }

    private void put(List<JournalRecord> pieces) {
        long from = pieces.get(0).from();
        log.add("checkpoint "
                + pieces.stream()
                        .map(p -> "(" + p.from() + "," + p.number() + "]")
                        .toList());
        model.checkpointTried(pieces);
        unwrittenPieces = pieces;
        try {
            journal().checkpoint(pieces, model.digest(from), Math.min(from, model.appliedMax));
            model.checkpointDone();
            unwrittenPieces = List.of();
            saw("checkpoint");
        } catch (IOException e) {
            log.add("  " + e);
            saw("checkpoint failed");
        } catch (Crashed e) {
            saw("checkpoint crashed");
            throw e;
        }
    }

    private void forget() {
        long most = unwrittenPieces.isEmpty()
                ? model.last()
                : unwrittenPieces.get(0).from();
        long upTo = random.nextInt((int) most + 1);
        log.add("forget " + upTo);
        model.forgotten = Math.max(model.forgotten, upTo);
        journal().forget(upTo);
    }

    private void housekeeping() {
        int before = journal().stats().segments();
        for (int n = random.nextInt(3); n >= 0 && !tasks.isEmpty(); n--) {
            tasks.remove().run();
        }
        log.add("housekeeping, segments " + before + " then "
                + journal().stats().segments());
        if (journal().stats().segments() < before) {
            saw("segment deleted");
        }
    }

    private void note() {
        long applied = random.nextInt((int) model.last() + 1);
        log.add("note " + applied);
        model.appliedMax = Math.max(model.appliedMax, applied);
        try {
            journal().noteApplied(applied);
            saw("note");
        } catch (IOException e) {
            log.add("  " + e);
        }
    }

    private void bindStore() {
        int sink = random.nextInt(3);
        if (!stores.containsKey(sink)) {
            UUID store = new UUID(random.nextLong(), sink);
            try {
                journal().bindStore(sink, store);
                stores.put(sink, store);
                log.add("bound " + sink);
            } catch (IOException e) {
                log.add("  " + e);
            } catch (Crashed e) {
                // It may be bound, and then to this one.
                stores.remove(sink);
                throw e;
            }
        }
    }

    /** The process ends, one way or another. */
    private void end() throws IOException {
        tasks.clear();
        unwrittenPieces = List.of();
        switch (random.nextInt(3)) {
            case 0 -> {
                log.add("kill");
                saw("kill");
                memory.kill();
            }
            case 1 -> {
                log.add("power off");
                saw("crash");
                memory.crash();
            }
            default -> {
                log.add("close");
                saw("close");
                if (journal != null) {
                    try {
                        journal.close();
                    } catch (Crashed e) {
                        // It was to crash before.
                    }
                }
                memory.kill();
            }
        }
        journal = null;
    }

    private void reopen() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            try {
                if (attempt < 5 && random.nextInt(8) == 0) {
                    memory.crashAfter(random.nextInt(16));
                }
                if (instanceId != null && random.nextInt(5) == 0) {
                    readOnly(instanceId);
                }
                open();
                return;
            } catch (CorruptJournalException e) {
                throw e;
            } catch (IOException e) {
                log.add("  not opened: " + e);
                saw("not opened");
                if (random.nextInt(3) == 0) {
                    calm();
                } else if (random.nextInt(4) == 0) {
                    log.add("power off");
                    memory.crash();
                }
            } catch (Crashed e) {
                log.add("  crashed while opening");
                end();
            }
        }
        throw new AssertionError("it cannot be opened");
    }

    private void readOnly(UUID id) throws IOException {
        log.add("open read-only");
        try (Journal read = root.open(id, true, SILENT)) {
            model.check(read.recovered(), false);
        }
        saw("read only");
    }

    private void open() throws IOException {
        Journal opened = root.openOwn(3, SILENT);
        journal = opened;
        Recovered found = opened.recovered();
        log.add("opened (" + found.baseNumber() + ".." + found.lastNumber() + "] ends "
                + found.records().stream().map(JournalRecord::number).toList());
        assertThat(instanceId == null || opened.instanceId().equals(instanceId))
                .as("the same instance")
                .isTrue();
        instanceId = opened.instanceId();
        JournalRecord attempted = model.attempted;
        if (attempted != null) {
            saw(found.lastNumber() == attempted.number() ? "attempted record recovered" : "attempted record gone");
        }
        model.check(found, true);
        stores.forEach((sink, store) ->
                assertThat(opened.store(sink)).as("store %d", sink).isEqualTo(store));
        for (int sink = 0; sink < 3; sink++) {
            UUID store = opened.store(sink);
            if (store != null) {
                stores.put(sink, store);
            }
        }
    }
}
