// SPDX-License-Identifier: Apache-2.0
package io.everycount.flush;

import io.everycount.journal.Journal;
import io.everycount.journal.JournalFiles;
import io.everycount.journal.JournalRoot;
import io.everycount.journal.JournalSettings;
import io.everycount.journal.MemoryFiles;
import io.everycount.model.ModelStore;
import io.everycount.sink.CounterBatch;
import io.everycount.sink.Mark;
import io.everycount.sink.Registration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * One random history of several processes that share a journal root and a store, without threads: they count, commit,
 * write, adopt, sum up, are killed, lose power; disk and store fail in every way they can. A book is kept of every
 * record that was ever journaled.
 */
final class JournalSimulation {
    private static final Path ROOT = Path.of("/srv/everycount/journals");
    private static final int PROCESSES_MAX = 3;

    /** A history that is replayed tells everything. */
    private static final boolean VERBOSE = Long.getLong("everycount.seed") != null;

    private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Random random;
    private final MemoryFiles memory;
    private final JournalFiles files;
    private final List<ModelStore> stores;
    private final boolean adoptersNumberOn;
    private final Bench.Plan plan = new Bench.Plan();
    private final int segmentBytes;
    private final long bytesMax;
    private final boolean rewinds;
    private final List<Process> processes = new ArrayList<>();
    private final Map<UUID, Book> books = new HashMap<>();
    private final Map<String, Long> journaled = new HashMap<>();
    final Map<String, Integer> seen = new HashMap<>();
    private final List<String> log = new ArrayList<>();
    private final Set<Adoption> entered = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean beyondJournals;
    private long now = 1_000;
    private double storeFaultRate;

    /** What is known of one instance's records. */
    private static final class Book {
        /** The sums of all its records up to each place where one ended, when that was looked at last. */
        final NavigableMap<Long, Map<String, Long>> sums = new TreeMap<>(Map.of(0L, Map.of()));

        long digest;

        /** What its journal, too, has let go of, because there was no room. */
        long base;

        long last() {
            return sums.lastKey();
        }
    }

    private final class Process {
        final Journal journal;
        final Bench bench;
        final Adopter adopter;
        final Deque<Runnable> tasks;

        Process(Journal journal, Bench bench, JournalRoot root, Deque<Runnable> tasks) {
            this.journal = journal;
            this.bench = bench;
            this.tasks = tasks;
            adopter = new Adopter(
                    root,
                    journal,
                    plan.required,
                    List.of(),
                    "bench",
                    bench.settings,
                    bench.told,
                    (instanceId, done, total, records) -> {},
                    INTERVAL_NANOS);
        }
    }

    /**
     * @param planted makes the files that the journals see
     * @param adoptersNumberOn whether who adopts goes on under the orphan's id, which is wrong
     */
    JournalSimulation(
            long seed, ModelStore.Guard guard, Function<MemoryFiles, JournalFiles> planted, boolean adoptersNumberOn) {
        random = new Random(seed);
        memory = new MemoryFiles(random);
        files = planted.apply(memory);
        this.adoptersNumberOn = adoptersNumberOn;
        stores = new ArrayList<>();
        int storeCount = random.nextInt(6) == 0 ? 2 : 1;
        for (int i = 0; i < storeCount; i++) {
            stores.add(new ModelStore("store" + i, guard, 1_000));
        }
        segmentBytes = 512 << random.nextInt(4);
        bytesMax = segmentBytes * (random.nextInt(3) == 0 ? 12L : 1_000L);
        rewinds = random.nextBoolean();
        plan.recordKeysMax = 1 + random.nextInt(4);
        plan.batchKeysMax = 1 + random.nextInt(8);
        plan.pendingBytesMax = random.nextBoolean() ? 3_000 : 1 << 20;
        plan.flushIntervalNanos = random.nextBoolean() ? 0 : TimeUnit.MILLISECONDS.toNanos(500);
        // What a store loses is to be here still, so that no gap has to be declared.
        plan.retainedBytesMax = rewinds ? 1 << 20 : random.nextInt(2) * 2_000L;
        plan.retainedNanos = rewinds ? TimeUnit.DAYS.toNanos(1) : TimeUnit.SECONDS.toNanos(random.nextInt(20));
        plan.required.addAll(stores);
    }

    String log() {
        return "\n" + String.join("\n", log);
    }

    private void saw(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    /** Null if everything came out right. */
    String run() throws IOException {
        int operations = 40 + random.nextInt(120);
        double faultRate = random.nextInt(3) * 0.15;
        storeFaults(faultRate);
        memory.errors(random.nextInt(3) == 0);
        for (int i = 0; i < operations; i++) {
            try {
                operate();
            } catch (MemoryFiles.Crashed e) {
                // As it should be seen below.
            } catch (OutOfMemoryError e) {
                log.add("an Error ended an operation: " + e.getMessage());
                saw("an Error ended an operation");
            }
            if (memory.hasCrashed()) {
                log.add("crashed");
                saw("crashed in an operation");
                end();
            }
            leaveFailed();
        }
        storeFaults(0);
        diskFaults(0, 0);
        memory.errors(false);
        memory.crashAfter(Long.MAX_VALUE);
        if (random.nextBoolean()) {
            end();
        }
        settle();
        return check();
    }

    private void storeFaults(double rate) {
        storeFaultRate = rate;
        stores.forEach(store -> store.faults((op, argument) -> random.nextDouble() >= rate
                ? ModelStore.Fault.NONE
                : ModelStore.Fault.values()[random.nextInt(ModelStore.Fault.values().length)]));
    }

    private void diskFaults(int percent, int which) {
        memory.faults(
                (operation, path) -> (which == 0 || operation.ordinal() == which - 1) && random.nextInt(100) < percent);
        memory.bytesMax(Long.MAX_VALUE);
    }

    private void operate() throws IOException {
        now += random.nextInt(50) * 1_000_000L;
        if (processes.isEmpty() || processes.size() < PROCESSES_MAX && random.nextInt(25) == 0) {
            start();
            return;
        }
        Process p = processes.get(random.nextInt(processes.size()));
        p.bench.now = now;
        switch (random.nextInt(24)) {
            case 0, 1, 2, 3, 4 -> add(p);
            case 5, 6, 7, 8 -> drain(p, random.nextInt(3) == 0);
            case 9, 10, 11, 12, 13 -> {
                int n = random.nextInt(p.bench.writers.size());
                p.bench.writers.get(n).step();
            }
            case 14, 15 -> adopt(p);
            case 16, 17 -> housekeeping(p);
            case 18 -> now += random.nextInt(70) * 1_000_000_000L;
            case 19 -> {
                if (random.nextInt(3) == 0) {
                    int percent = new int[] {0, 0, 0, 20, 100}[random.nextInt(5)];
                    log.add("disk faults " + percent + " %");
                    diskFaults(percent, random.nextInt(7));
                }
            }
            case 20 -> {
                if (random.nextInt(6) == 0) {
                    memory.crashAfter(random.nextInt(30));
                }
            }
            case 21 -> {
                if (rewinds && random.nextInt(3) == 0) {
                    int changes = random.nextInt(6) == 0 ? 1_000 : 1 + random.nextInt(5);
                    int undone = stores.get(random.nextInt(stores.size())).rewind(changes);
                    log.add("store went back " + undone);
                    lookBack();
                }
            }
            case 22 -> {
                if (random.nextInt(4) == 0) {
                    if (random.nextBoolean()) {
                        leave(p);
                    } else {
                        close(p);
                    }
                }
            }
            default -> {
                if (random.nextInt(12) == 0) {
                    end();
                }
            }
        }
        if (!memory.hasCrashed()) {
            keepBook(p);
        }
    }

    private void add(Process p) {
        for (int i = random.nextInt(5); i >= 0; i--) {
            long delta = random.nextInt(40) == 0 ? 1L << 40 + random.nextInt(20) : random.nextInt(9) - 4;
            if (delta != 0) {
                p.bench.add("k" + random.nextInt(8), delta);
            }
        }
    }

    private void adopt(Process p) {
        p.adopter.step();
        for (Adoption adoption : adoptions(p.adopter)) {
            if (entered.add(adoption)) {
                RecordLog its = Bench.field(adoption, "log", RecordLog.class);
                recovered(
                        adoption.instanceId(),
                        its.base(),
                        its.last().mark(),
                        its.after(its.base().record(), Integer.MAX_VALUE));
            } else if (adoptersNumberOn && adoption.isDone() && random.nextInt(4) == 0) {
                numberOn(adoption);
            }
        }
    }

    private void numberOn(Adoption adoption) {
        ModelStore store = stores.get(0);
        UUID id = adoption.instanceId();
        Mark mark = store.mark(id);
        UUID owner = new UUID(random.nextLong(), random.nextLong());
        store.register(new Registration(id, owner, "adopter"));
        byte[][] keys = {"k0".getBytes(StandardCharsets.UTF_8)};
        Mark next = new Mark(mark.record() + 1, random.nextLong());
        if (store.write(new CounterBatch(id, owner, mark, next, keys, new long[] {1}))
                .isApplied()) {
            journaled.merge("k0", 1L, Long::sum);
        }
    }

    @SuppressWarnings("unchecked")
    private static List<Adoption> adoptions(Adopter adopter) {
        return Bench.field(adopter, "adoptions", List.class);
    }

    private void drain(Process p, boolean flush) {
        if (flush) {
            p.bench.drainer.request();
        } else {
            p.bench.drainer.requestCommit();
        }
        p.bench.drainer.step();
    }

    private void housekeeping(Process p) {
        for (int n = random.nextInt(3); n >= 0 && !p.tasks.isEmpty(); n--) {
            p.tasks.remove().run();
        }
    }

    private boolean start() throws IOException {
        Deque<Runnable> tasks = new ArrayDeque<>();
        JournalRoot root = new JournalRoot(
                ROOT, files, new JournalSettings(segmentBytes, bytesMax, tasks::add, random, () -> now));
        Journal journal = null;
        try {
            journal = root.openOwn(stores.size(), (instanceId, done, total, records) -> {});
            Journal opened = journal;
            plan.seed = random.nextLong();
            plan.journal = journal;
            plan.startNanos = now;
            Process started = new Process(journal, plan.build(), root, tasks);
            processes.add(started);
            RecordLog its = started.bench.log;
            recovered(
                    opened.instanceId(),
                    its.base(),
                    its.last().mark(),
                    its.after(its.base().record(), Integer.MAX_VALUE));
            log.add("started " + journal.instanceId() + " at "
                    + started.bench.log.last().mark() + ", known applied "
                    + started.bench.log.start().record());
            saw(started.bench.log.last().record() > 0 ? "recovered" : "new instance");
            return true;
        } catch (MemoryFiles.Crashed e) {
            return false;
        } catch (OutOfMemoryError e) {
            log.add("not opened for an Error: " + e.getMessage());
            saw("not opened for an Error");
            return false;
        } catch (IOException e) {
            if (String.valueOf(e.getMessage()).contains("damaged")) {
                throw new AssertionError(e.getMessage(), e);
            }
            saw("not opened");
            log.add("not opened: " + e.getMessage());
            if (journal != null) {
                journal.close();
            }
            return false;
        }
    }

    /** Nothing that was journaled may be missing, and what else is there counts from now on. */
    private void recovered(UUID instanceId, RecordLog.Point base, Mark last, List<DeltaRecord> records) {
        Book book = books.computeIfAbsent(instanceId, id -> new Book());
        if (last.record() < book.last()) {
            throw new AssertionError(
                    "journaled up to " + book.last() + ", recovered up to " + last + " of " + instanceId);
        }
        if (last.record() > book.last()) {
            saw("recovered what was not confirmed");
        } else if (last.digest() != book.digest) {
            throw new AssertionError("record " + book.last() + " has another digest");
        }
        enter(book, base.record(), records);
        book.digest = last.digest();
    }

    /**
     * Notes what is true at the ends of an instance's records from now on.
     *
     * @param records all that are kept, from base on
     */
    private void enter(Book book, long base, List<DeltaRecord> records) {
        Map<String, Long> before = book.sums.get(base);
        if (before == null) {
            throw new AssertionError(
                    "no record is known to have ended with " + base + ", but with " + book.sums.keySet());
        }
        Map<String, Long> known = book.sums.lastEntry().getValue();
        long last = book.last();
        Map<String, Long> end = before;
        book.sums.tailMap(base, false).clear();
        for (DeltaRecord record : records) {
            Map<String, Long> next = new HashMap<>(end);
            record.entries().addTo(next);
            next.values().removeIf(sum -> sum == 0);
            end = next;
            book.sums.put(record.number(), end);
            if (record.number() == last && record.end().mark().digest() == book.digest && !end.equals(known)) {
                throw new AssertionError("at record " + last + " there was " + known + " and is " + end);
            }
            if (record.number() - record.from() > 1) {
                saw("summed up");
            }
        }
        end.forEach((key, sum) -> journaled.merge(key, sum, Long::sum));
        known.forEach((key, sum) -> journaled.merge(key, -sum, Long::sum));
    }

    /** Enters what a process has published since: it is in its journal. */
    private void keepBook(Process p) {
        Book book = books.get(p.journal.instanceId());
        long base = p.bench.log.base().record();
        book.base = base;
        lookBack();
        enter(book, base, p.bench.log.after(base, Integer.MAX_VALUE));
        book.digest = p.bench.log.last().mark().digest();
        for (String line : p.bench.told.lines) {
            saw(line.startsWith("not adopted") ? "not adopted" : line.split(" ")[0]);
            if (VERBOSE || !line.startsWith("writ")) {
                log.add(p.journal.instanceId() + " " + line);
            }
        }
        p.bench.told.lines.clear();
        if (VERBOSE) {
            System.out.println(log.get(log.size() - 1));
            log.add(p.journal.instanceId() + " has (" + base + ".."
                    + p.bench.log.last().record() + "] ends "
                    + p.bench.log.after(base, Integer.MAX_VALUE).stream()
                            .map(r -> r.end().mark() + "")
                            .toList() + ", marks "
                    + p.bench.writers.stream()
                            .map(w -> w.progress().mark().record())
                            .toList());
        }
    }

    /** A store that goes back further than journals reach cannot be mended by anybody. */
    private void lookBack() {
        books.forEach((id, book) -> beyondJournals |=
                rewinds && stores.stream().anyMatch(store -> store.mark(id).record() < book.base));
    }

    /** Whoever has no memory left for its drainer is ended by its users. */
    private void leaveFailed() throws IOException {
        for (Process p : List.copyOf(processes)) {
            if (p.bench.pipeline.state() == PipelineState.FAILED) {
                saw("failed for an Error");
                keepBook(p);
                leave(p);
            }
        }
    }

    /** One process dies, and others live on: its lock is free. */
    private void leave(Process p) throws IOException {
        log.add("left " + p.journal.instanceId());
        saw("left");
        processes.remove(p);
        p.adopter.requestClose();
        try (p.journal) {
            p.adopter.step();
        } catch (OutOfMemoryError e) {
            log.add("an Error while it was left");
        }
    }

    /** One process closes its cache, with little time, and its report must be true. */
    private void close(Process p) throws IOException {
        log.add("closes " + p.journal.instanceId());
        // Else records would be in stores that are in no journal, which the books could not tell from doubles.
        diskFaults(0, 0);
        p.adopter.requestClose();
        p.adopter.step();
        p.bench.drainer.close();
        for (int i = random.nextInt(4); i > 0; i--) {
            p.bench.drainer.step();
        }
        keepBook(p);
        p.bench.writers.forEach(SinkWriter::finish);
        for (int i = random.nextInt(8); i > 0; i--) {
            p.bench.writers.get(random.nextInt(p.bench.writers.size())).step();
            keepBook(p);
        }
        if (p.bench.pipeline.state() == PipelineState.FAILED) {
            return;
        }
        processes.remove(p);
        try {
            p.bench.pipeline.close(0);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        saw("closed");
        checkReport(p, p.bench.pipeline.remains());
    }

    private void checkReport(Process p, Pipeline.Remains remains) {
        long lowest = Long.MAX_VALUE;
        double rate = storeFaultRate;
        storeFaults(0);
        for (int i = 0; i < stores.size(); i++) {
            UUID id = p.bench.writers.get(i).instanceId();
            // What was late arrives now.
            stores.get(i).ledger(id);
            lowest = Math.min(lowest, stores.get(i).mark(id).record());
        }
        storeFaults(rate);
        long last = p.bench.log.last().record();
        if (remains.complete() && !rewinds && lowest < last) {
            throw new AssertionError("complete, and a store is at " + lowest + " of " + last);
        }
        saw(remains.complete() ? "closed and complete" : "closed and not complete");
        if (!remains.unsaved().isEmpty() && !isTail(p.bench, lowest, remains.unsaved())) {
            throw new AssertionError("certainly not saved: " + remains.unsaved() + ", and the stores are at " + lowest);
        }
    }

    /** Whether these are the sums of the last records, none of which is at or below a number. */
    private static boolean isTail(Bench bench, long number, Map<String, Long> sums) {
        List<DeltaRecord> records =
                new ArrayList<>(bench.log.after(bench.log.base().record(), Integer.MAX_VALUE));
        records.addAll(bench.drainer.leftOverRecords());
        Map<String, Long> tail = new HashMap<>();
        for (int i = records.size() - 1; i >= 0 && records.get(i).number() > number; i--) {
            records.get(i).entries().addTo(tail);
            if (tail.equals(sums)) {
                return true;
            }
        }
        return false;
    }

    /** All die. */
    private void end() {
        processes.clear();
        if (random.nextBoolean()) {
            log.add("power off");
            saw("power off");
            memory.crash();
        } else {
            log.add("kill");
            saw("kill");
            memory.kill();
        }
    }

    /** Lets processes work until everything that was journaled is where it belongs. */
    private void settle() throws IOException {
        for (int i = 0; processes.isEmpty(); i++) {
            if (i == 20) {
                throw new AssertionError("nothing can be started");
            }
            start();
        }
        for (int round = 0; round < 400; round++) {
            now += TimeUnit.SECONDS.toNanos(round % 10 == 0 ? 61 : 6);
            boolean done = round > 20;
            for (Process p : processes) {
                p.bench.now = now;
                drain(p, true);
                keepBook(p);
                for (int i = 0; i < 50; i++) {
                    p.bench.writers.forEach(SinkWriter::step);
                }
                adopt(p);
                while (!p.tasks.isEmpty()) {
                    p.tasks.remove().run();
                }
                keepBook(p);
                done &= p.bench.pipeline.state() != PipelineState.RUNNING
                        || p.bench.writers.stream()
                                        .allMatch(w -> w.progress().known()
                                                && !w.progress().failing()
                                                && w.progress().mark().equals(p.bench.log.last()))
                                && p.adopter.adopting() == 0;
            }
            if (done) {
                return;
            }
        }
        throw new AssertionError("nothing settles: "
                + processes.stream().map(p -> p.bench.pipeline.snapshot()).toList());
    }

    private String check() throws IOException {
        if (beyondJournals) {
            saw("back beyond journals");
            return null;
        }
        for (Process p : processes) {
            if (p.bench.pipeline.state() != PipelineState.RUNNING) {
                return "stopped: " + p.bench.pipeline.whyStopped();
            }
            if (p.adopter.unadoptable() != 0 || p.adopter.forked() != 0) {
                return "some journals were not adopted";
            }
        }
        for (ModelStore store : stores) {
            Map<String, Long> difference = new HashMap<>(store.totals());
            store.quarantineSums().forEach((key, sum) -> difference.merge(key, sum, Long::sum));
            journaled.forEach((key, sum) -> difference.merge(key, -sum, Long::sum));
            difference.values().removeIf(d -> d == 0);
            if (!difference.isEmpty()) {
                return store.name() + ": stored less journaled is " + difference;
            }
            if (!store.gaps().isEmpty()) {
                return store.name() + " has gaps: " + store.gaps();
            }
        }
        return null;
    }
}
