// SPDX-License-Identifier: Apache-2.0
package io.everycount.jdbc.torture;

import io.everycount.jdbc.CounterSchema;
import io.everycount.jdbc.faults.Await;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.PostgresServer.Shutdown;
import io.everycount.jdbc.testing.TcpProxy;
import io.everycount.jdbc.testing.TcpProxy.Cut;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Several processes on one directory of journals and one database, both with a history of their own, and faults drawn
 * from a seed. After the last one everything is left in peace until it has settled, and then checked.
 */
final class Torture implements AutoCloseable {
    /** What is done to them. */
    enum Fault {
        /** {@code kill -9} of a process that counts, at any moment. */
        KILLED("kill -9 at any moment"),
        /** {@code kill -9} of a process while it opens its journal, or right after. */
        KILLED_STARTING("kill -9 while it recovers"),
        HALTED("halt before or after a call of the sink"),
        ABANDONED("killed and not restarted: adopted by another"),
        POSTGRES_KILLED("kill -9 of Postgres"),
        CUT_BEFORE_COMMIT("network cut before a commit"),
        CUT_DURING_COMMIT("network cut during a commit"),
        CUT_AFTER_COMMIT("network cut after a commit"),
        CUT("network cut at any moment, three times"),
        FROZEN("SIGSTOP for longer than the sink waits"),
        REWOUND("database replaced by an older copy, under traffic"),
        REWOUND_IDLE("database replaced by an older copy, while idle"),
        OUTAGE("database away until backlogs were summed up"),
        OUTAGE_KILLED("the same, for one killed and restarted meanwhile"),
        COPIED("a copy of a journal started, beside the original"),
        COPIED_LONGER("the same, for a copy that counted more than the original has written"),
        /** Not a fault that anything has to withstand: it must be noticed. */
        SEGMENT_DELETED("a journal's last segments deleted");

        private final String what;

        Fault(String what) {
            this.what = what;
        }

        private boolean isKill() {
            return this == KILLED || this == KILLED_STARTING || this == HALTED;
        }
    }

    /** No process that has room goes without a commit for so long. */
    private static final long ROOM_AWAITED_MILLIS = 3_000;

    private static final int PROCESSES = 3;
    private static final long MILLI = 1_000_000;

    /** Longer than the sink's socket timeout. */
    private static final int FREEZE_MILLIS = 2_000;

    private final long seed;
    private final Random random;
    private final Path directory;
    private final Path root;
    private final Path reports;
    private final PostgresServer server;
    private final TestDatabase database;
    private final TcpProxy proxy;
    private final Archive archive;
    private final Victim.Settings settings;
    private final List<Victim> live = new ArrayList<>();
    private final List<Victim> all = new ArrayList<>();
    private final Map<Fault, Integer> counts = new EnumMap<>(Fault.class);
    private final List<String> violations = new ArrayList<>();
    private final Map<UUID, ArchivedJournal> journals = new HashMap<>();
    private int copies;

    /**
     * @param directory for journals and all else, empty
     * @param settings of the processes that count
     */
    Torture(long seed, Path directory, PostgresServer server, Victim.Settings settings) {
        this.seed = seed;
        this.random = new Random(seed);
        this.directory = directory;
        this.root = directory.resolve("journals");
        this.reports = directory.resolve("reports");
        this.server = server;
        this.settings = settings;
        database = server.newDatabase();
        CounterSchema.of(database.dataSource(), "everycount_").apply();
        proxy = TcpProxy.to(server);
        try {
            Files.createDirectories(reports);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        archive = new Archive(root, directory.resolve("archive"));
    }

    /** Three kills at any moment for every one at a special one, and the rest as often as told, in any order. */
    List<Fault> draw(int kills, int others) {
        List<Fault> drawn = new ArrayList<>();
        for (int i = 0; i < kills; i++) {
            boolean special = i % 4 == 3;
            drawn.add(!special ? Fault.KILLED : i % 8 == 3 ? Fault.HALTED : Fault.KILLED_STARTING);
        }
        for (Fault fault : Fault.values()) {
            for (int i = 0; i < others && !fault.isKill() && fault != Fault.SEGMENT_DELETED; i++) {
                drawn.add(fault);
            }
        }
        Collections.shuffle(drawn, random);
        return drawn;
    }

    /** Does all of this, one after the other, lets it settle, and returns what is wrong then. */
    List<String> run(List<Fault> faults) {
        long start = System.nanoTime();
        int done = 0;
        for (Fault fault : faults) {
            muster();
            long begin = System.nanoTime();
            perform(fault);
            counts.merge(fault, 1, Integer::sum);
            done++;
            System.out.printf(
                    "torture %d: %3d of %d, %5.1f s, %s took %.1f s%n",
                    seed, done, faults.size(), seconds(start), fault, seconds(begin));
            if (!violations.isEmpty()) {
                // What comes after a violation shows no more than it did.
                break;
            }
        }
        settle();
        violations.addAll(Checker.check(database, journals, all));
        return violations;
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    /** How often each fault was there. */
    Map<Fault, Integer> counts() {
        return counts;
    }

    /** What came of it, in numbers. */
    Map<String, Long> outcome() {
        Map<String, Long> outcome = new java.util.LinkedHashMap<>();
        outcome.put("processes", (long) all.size());
        outcome.put("journals", (long) journals.size());
        outcome.put("records", sum(journals.values().stream().map(ArchivedJournal::records)));
        outcome.put("summaries", sum(journals.values().stream().map(ArchivedJournal::summaries)));
        outcome.put("acknowledged at JOURNAL", sum(all.stream().map(Victim::journalAcknowledgements)));
        outcome.put("acknowledged at SINK", sum(all.stream().map(Victim::sinkAcknowledgements)));
        outcome.put("rejected", sum(all.stream().map(Victim::rejections)));
        outcome.put("adopted", sum(all.stream().map(v -> v.adopted().size())));
        outcome.put("rewinds", sum(all.stream().map(Victim::rewinds)));
        outcome.put("quarantines", sum(all.stream().map(Victim::quarantines)));
        outcome.put("gaps", sum(all.stream().map(Victim::gaps)));
        return outcome;
    }

    private static long sum(java.util.stream.Stream<Integer> numbers) {
        return numbers.mapToLong(Integer::longValue).sum();
    }

    /** Sees to it that as many processes as there should be are there, and that none ended of its own accord. */
    private void muster() {
        for (Victim victim : List.copyOf(live)) {
            boolean surprise = !victim.isAlive() || !victim.stopped().isEmpty();
            if (surprise && !victim.isExpectedToEnd()) {
                violations.add("stopped of its own accord: " + victim);
                victim.kill();
            }
            if (!victim.isAlive()) {
                live.remove(victim);
            }
        }
        archive.sweep();
        while (live.size() < PROCESSES) {
            start(settings);
        }
    }

    private Victim start(Victim.Settings how) {
        Victim victim = start(how, root);
        live.add(victim);
        return victim;
    }

    private Victim start(Victim.Settings how, Path journal) {
        Map<String, String> more = Map.of(
                "url", database.jdbcUrl(proxy),
                "user", server.user(),
                "password", server.password(),
                "seed", Long.toString(random.nextLong()),
                "pendingBytes", Integer.toString(256 << 10),
                "journalBytes", Integer.toString(32 << 20),
                "retainBytes", Integer.toString(8 << 20));
        Victim victim = new Victim("p" + all.size(), journal, reports, how, more);
        all.add(victim);
        return victim;
    }

    /** One that counts, and has got an acknowledgement. */
    private Victim anyone() {
        Victim victim = live.get(random.nextInt(live.size()));
        Await.until(
                () -> victim.explained() + " gets an acknowledgement",
                () -> victim.journalAcknowledgements() > 0
                        || !victim.isAlive()
                        || !victim.stopped().isEmpty());
        return victim;
    }

    private Victim kill(Victim victim) {
        victim.kill();
        live.remove(victim);
        archive.sweep();
        return victim;
    }

    /** What is done after this happens at any moment, not when something has come to pass. */
    private void anyMoment(int millisMax) {
        LockSupport.parkNanos((long) (random.nextDouble() * millisMax * MILLI));
    }

    /** Whoever counts gets things into the sink, now. */
    private void awaitProgress() {
        for (Victim victim : live) {
            victim.awaitReady();
            victim.awaitSinkAcknowledgements(3);
        }
    }

    private void perform(Fault fault) {
        switch (fault) {
            case KILLED -> {
                Victim victim = anyone();
                anyMoment(150);
                kill(victim);
            }
            case KILLED_STARTING -> {
                kill(anyone());
                Victim victim = start(settings);
                Await.until(() -> victim + " opens its journal", () -> victim.isOpening() || !victim.isAlive());
                anyMoment(100);
                kill(victim);
            }
            case HALTED -> halt();
            case ABANDONED -> abandon();
            case POSTGRES_KILLED -> {
                awaitProgress();
                anyMoment(100);
                server.kill9();
                server.start();
                awaitProgress();
            }
            case CUT_BEFORE_COMMIT -> cut(Cut.BEFORE_COMMIT);
            case CUT_DURING_COMMIT -> cut(Cut.DURING_COMMIT);
            case CUT_AFTER_COMMIT -> cut(Cut.AFTER_COMMIT);
            case CUT -> {
                for (int i = 0; i < 3; i++) {
                    awaitProgress();
                    anyMoment(50);
                    proxy.cutNow();
                }
                awaitProgress();
            }
            case FROZEN -> {
                Victim victim = anyone();
                victim.signal("STOP");
                // It is about timeouts, so time has to pass.
                LockSupport.parkNanos(FREEZE_MILLIS * MILLI);
                anyMoment(300);
                victim.signal("CONT");
                victim.awaitSinkAcknowledgements(3);
            }
            case REWOUND -> rewind();
            case REWOUND_IDLE -> rewindIdle();
            case OUTAGE -> outage(false);
            case OUTAGE_KILLED -> outage(true);
            case COPIED -> copy(false);
            case COPIED_LONGER -> copy(true);
            case SEGMENT_DELETED -> deleteSegments();
            default -> throw new IllegalArgumentException(fault.toString());
        }
    }

    private void halt() {
        kill(anyone());
        FailpointSink.Point point = FailpointSink.Point.values()[random.nextInt(FailpointSink.Point.values().length)];
        int nth = 1
                + switch (point) {
                    case BEFORE_WRITE, AFTER_WRITE -> random.nextInt(6);
                    default -> 0;
                };
        Victim victim = start(settings.haltAt(point + ":" + nth));
        victim.expectEnd();
        boolean ledger = point == FailpointSink.Point.BEFORE_LEDGER || point == FailpointSink.Point.AFTER_LEDGER;
        int[] cuts = {-1};
        Await.until(() -> victim + " comes by " + point, () -> {
            // The ledger is asked when the outcome of a write is in doubt: of its own, sooner or later.
            if (ledger && proxy.cutsAtCommit() != cuts[0]) {
                cuts[0] = proxy.cutsAtCommit();
                proxy.cutAtCommit(Cut.DURING_COMMIT, 1, Torture::isFlush);
            }
            return !victim.isAlive();
        });
        proxy.cutAtCommit(null, 0, Torture::isFlush);
        victim.awaitEnd();
        if (victim.status() != FailpointSink.HALTED) {
            violations.add("ended otherwise than at " + point + ": " + victim);
        }
        kill(victim);
    }

    private void abandon() {
        live.forEach(Victim::awaitReady);
        Victim first = kill(anyone());
        Victim second = kill(anyone());
        Victim survivor = start(settings);
        Set<UUID> left = new HashSet<>(Set.of(first.instanceId(), second.instanceId()));
        // One that was started shortly before may still be looking around, and be the quicker one.
        Await.until(() -> left + " are adopted or gone on with, by " + survivor + " or another", () -> {
            live.forEach(victim -> left.removeAll(victim.adopted()));
            left.remove(survivor.instanceId());
            return left.isEmpty() || !survivor.isAlive();
        });
    }

    private void cut(Cut when) {
        awaitProgress();
        int cuts = proxy.cutsAtCommit();
        proxy.cutAtCommit(when, 1 + random.nextInt(3), Torture::isFlush);
        Await.until("a cut", () -> proxy.cutsAtCommit() > cuts);
        awaitProgress();
    }

    private static boolean isFlush(String sql) {
        return sql.contains("INTO everycount_counter");
    }

    private Path copyOfDatabase() {
        Path copy = directory.resolve("database-" + copies++);
        server.stop(Shutdown.FAST);
        server.copyTo(copy);
        server.start();
        return copy;
    }

    private void rewind() {
        awaitProgress();
        Path copy = copyOfDatabase();
        awaitProgress();
        if (random.nextBoolean()) {
            kill(anyone());
            start(settings);
            awaitProgress();
        }
        anyMoment(300);
        server.stop(Shutdown.IMMEDIATE);
        server.restoreFrom(copy);
        server.start();
        awaitProgress();
    }

    private void rewindIdle() {
        awaitProgress();
        Path copy = copyOfDatabase();
        awaitProgress();
        live.forEach(Victim::pause);
        Map<UUID, String> before = Checker.ledger(database);
        server.stop(Shutdown.FAST);
        server.restoreFrom(copy);
        server.start();
        for (Victim victim : live) {
            Await.until(
                    () -> victim + " is at " + before.get(victim.instanceId()) + " again, without any new count",
                    () -> before.get(victim.instanceId())
                                    .equals(Checker.ledger(database).get(victim.instanceId()))
                            || !victim.stopped().isEmpty());
        }
        live.forEach(Victim::resume);
        awaitProgress();
    }

    private void outage(boolean killOne) {
        awaitProgress();
        proxy.refuse(true);
        proxy.cutNow();
        Victim victim;
        if (killOne) {
            Victim killed = anyone();
            anyMoment(500);
            kill(killed);
            victim = start(settings);
            victim.awaitReady();
        } else {
            victim = anyone();
        }
        UUID id = victim.instanceId();
        int before = archive.summaries(id);
        Await.until(
                () -> victim.explained() + " sums up what it cannot write, or has no room",
                () -> archive.summaries(id) > before || !victim.isAlive() || hasNoRoom(id));
        anyMoment(300);
        proxy.refuse(false);
        awaitProgress();
    }

    /** Whether so much of different keys is pending that summing up would not help: then nothing more is journaled. */
    private boolean hasNoRoom(UUID id) {
        long last = Archive.segments(root.resolve(id.toString())).stream()
                .mapToLong(segment -> segment.toFile().lastModified())
                .max()
                .orElse(0);
        return System.currentTimeMillis() - last > ROOM_AWAITED_MILLIS;
    }

    /**
     * What a copy counts is not kept, and what the original counts is not counted twice.
     *
     * @param longer whether the copy gets to numbers that the original has written, before it gets to the database
     */
    private void copy(boolean longer) {
        Victim original = anyone();
        UUID id = original.instanceId();
        Path copy = directory.resolve("copy-" + copies++);
        original.signal("STOP");
        copyDirectory(root.resolve(id.toString()), copy.resolve(id.toString()));
        original.signal("CONT");
        Path copied = copy.resolve(id.toString());
        long common = lastNumber(id, copied);
        Await.until(
                () -> original + " has written more than the copy has",
                () -> written(id) > common || !original.isAlive());
        if (longer) {
            proxy.refuse(true);
            proxy.cutNow();
        }
        Victim other = start(settings, copy);
        other.discard();
        if (longer) {
            long written = written(id);
            Await.until(
                    () -> other + " has a record " + written + " of its own", () -> lastNumber(id, copied) > written);
            proxy.refuse(false);
        }
        Await.until(() -> other + " is forked", () -> !other.stopped().isEmpty() || !other.isAlive());
        if (!other.stopped().toString().contains("FORKED") || !Files.exists(copied.resolve("forked"))) {
            violations.add("a copy was not recognised: " + other);
        }
        other.kill();
        // The copy had registered for a moment.
        awaitProgress();
    }

    /** The last record in a directory; 0 if that cannot be told because a segment goes while it is read. */
    private static long lastNumber(UUID id, Path directory) {
        try {
            return ArchivedJournal.read(id, Archive.segments(directory)).lastNumber();
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    /** The last record of an instance that the database has. */
    private long written(UUID id) {
        String mark = Checker.ledger(database).getOrDefault(id, "0|0");
        return Long.parseLong(mark.substring(0, mark.indexOf('|')));
    }

    private void deleteSegments() {
        proxy.refuse(true);
        proxy.cutNow();
        Victim victim = anyone();
        int before = victim.journalAcknowledgements();
        Await.until(() -> victim + " journals", () -> victim.journalAcknowledgements() > before + 20);
        kill(victim);
        List<Path> segments = Archive.segments(root.resolve(victim.instanceId().toString()));
        String last = segments.get(segments.size() - 1).getFileName().toString();
        String incarnation = last.substring(0, last.indexOf('-'));
        segments.stream()
                .filter(file -> file.getFileName().toString().startsWith(incarnation))
                .forEach(Torture::delete);
        proxy.refuse(false);
    }

    private static void copyDirectory(Path from, Path to) {
        try {
            Files.createDirectories(to);
            for (Path file : Archive.list(from)) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends everybody in peace, and lets a last one write what those left that were killed. */
    private void settle() {
        muster();
        live.forEach(Victim::awaitReady);
        live.forEach(Victim::stop);
        for (Victim victim : live) {
            victim.awaitEnd();
            if (!victim.isComplete()) {
                violations.add("did not close with everything written: " + victim);
            }
        }
        live.clear();
        journals.putAll(archive.read());
        Victim last = start(Victim.Settings.DRAIN);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(violations.isEmpty() ? 30 : 5);
        while (!Checker.isSettled(database, journals) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(20 * MILLI);
        }
        last.awaitReady();
        last.stop();
        last.awaitEnd();
        if (!last.isComplete() || !last.stopped().isEmpty()) {
            violations.add("did not close with everything written: " + last);
        }
        live.clear();
        journals.putAll(archive.read());
    }

    @Override
    public void close() {
        all.forEach(Victim::close);
        archive.close();
        proxy.close();
        if (!server.isRunning()) {
            server.start();
        }
        database.close();
    }
}
