// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.CounterCache;
import io.everycount.CounterStats;
import io.everycount.jdbc.JdbcCounterSink;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal subcommands on real directories and a real Postgres. */
class JournalCommandIT {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final TestDatabase database = PostgresServer.shared().newDatabase();
    private final JdbcCounterSink sink = JdbcCounterSink.builder(
                    database.jdbcUrl(),
                    database.server().user(),
                    database.server().password())
            .build();
    private final JdbcCounterSink dead = JdbcCounterSink.builder("jdbc:postgresql://127.0.0.1:1/x", "nobody", "")
            .build();

    @TempDir
    Path directory;

    private Path root;

    @BeforeEach
    void createTables() {
        sink.schema().apply();
        root = directory.resolve("journal");
    }

    @AfterEach
    void dropDatabase() {
        sink.close();
        dead.close();
        database.close();
    }

    private static CounterCache cache(JdbcCounterSink to, Path journals) {
        return CounterCache.builder(to)
                .journal(journals)
                .flushInterval(Duration.ofMillis(20))
                .build();
    }

    /** Counts into the database. */
    private UUID count(Path journals, String key, long delta) throws Exception {
        try (CounterCache cache = cache(sink, journals)) {
            cache.add(key, delta);
            cache.flush(LONG);
            return cache.instanceId();
        }
    }

    /** Goes on with a free journal, and leaves it with something that is in no database. */
    private UUID leave(Path journals, String key, long delta) throws Exception {
        CounterCache cache = cache(dead, journals);
        try {
            cache.add(key, delta);
            cache.commit(LONG);
        } finally {
            cache.close(Duration.ZERO);
        }
        // Who is given no time to close does so a little later.
        long deadline = System.nanoTime() + LONG.toNanos();
        String free = "(?s).*" + cache.instanceId() + " +free .*";
        while (!journal("list", journals.toString()).out().matches(free)) {
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
        return cache.instanceId();
    }

    /** So many of them in one directory; made apart, because they would adopt one another. */
    private void leaveSeveral(int journals) throws Exception {
        Files.createDirectories(root);
        for (int i = 0; i < journals; i++) {
            Path apart = directory.resolve("apart-" + i);
            UUID id = count(apart, "a", 1);
            assertThat(leave(apart, "a", 10)).isEqualTo(id);
            Files.move(apart.resolve(id.toString()), root.resolve(id.toString()));
        }
        assertThat(stored("a")).isEqualTo(journals);
    }

    /** A journal of which 1 for the key is in the database, and a hundred is not. */
    private UUID leave(String key) throws Exception {
        UUID id = count(root, key, 1);
        assertThat(leave(root, key, 100)).isEqualTo(id);
        return id;
    }

    private CommandRun journal(String... arguments) {
        List<String> all = new ArrayList<>(List.of("journal"));
        all.addAll(List.of(arguments));
        return CommandRun.of(all.toArray(String[]::new));
    }

    private CommandRun withDatabase(String... arguments) {
        List<String> all = new ArrayList<>(List.of("journal"));
        all.addAll(List.of(arguments));
        return CommandRun.of(
                Map.of(
                        "EVERYCOUNT_DATABASE_URL", database.jdbcUrl(),
                        "EVERYCOUNT_DATABASE_USER", database.server().user(),
                        "EVERYCOUNT_DATABASE_PASSWORD", database.server().password()),
                all.toArray(String[]::new));
    }

    private long stored(String key) {
        return sink.totals().get(key).value(key);
    }

    @Test
    void a_free_journal_is_listed_inspected_verified_and_exported() throws Exception {
        UUID id = leave("a");

        CommandRun list = journal("list", root.toString());
        assertThat(list.status()).as(list.all()).isZero();
        assertThat(list.out()).containsPattern(id + " +free +[0-9,]+ +[12]\n");

        CommandRun inspect = journal("inspect", root.toString());
        assertThat(inspect.status()).as(inspect.all()).isZero();
        assertThat(inspect.out())
                .contains("instance    " + id, "state       free", "records     1 to 2: 2 records, 101 in 1 key\n")
                .containsPattern("perhaps not [12] records?, 10[01] in 1 key, the oldest [0-9.]+ m?s old\n")
                .containsPattern("store       [0-9a-f-]{36} of sink 0\n");

        CommandRun verify = withDatabase("verify", root.toString(), id.toString());
        assertThat(verify.status()).as(verify.all()).isZero();
        assertThat(verify.out())
                .contains(
                        "journal     2 records, checksums and digests agree\n",
                        "database    the ledger is at record 1, which is in this journal's history\n",
                        "to write    1 record, 100 in 1 key\n  a  100\n");
        assertThat(journal("verify", root.toString()).out()).contains("agree").doesNotContain("database");

        CommandRun export = journal("export", root.toString(), id.toString());
        assertThat(export.status()).as(export.all()).isZero();
        List<String> lines = export.out().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0))
                .matches("\\{\"from\":0,\"number\":1,\"digest\":\"[0-9a-f]{16}\",\"since\":\"20[0-9T:.-]+Z\","
                        + "\"deltas\":\\{\"a\":1}}");
        assertThat(lines.get(1)).contains("\"from\":1,\"number\":2", "\"deltas\":{\"a\":100}");
        assertThat(stored("a")).isEqualTo(1);
    }

    @Test
    void every_free_journal_is_adopted_once_and_nothing_is_counted_beside() throws Exception {
        leaveSeveral(3);

        CommandRun adopt = withDatabase("adopt", root.toString());
        assertThat(adopt.status()).as(adopt.all()).isZero();
        assertThat(adopt.out()).contains("done: what 3 journals had is in the database");
        assertThat(stored("a")).isEqualTo(33);

        CommandRun verify = withDatabase("verify", root.toString());
        assertThat(verify.status()).as(verify.all()).isZero();
        assertThat(verify.out().split("to write    0 records")).hasSize(4);
        assertThat(withDatabase("adopt", root.toString()).status()).isZero();
        assertThat(database.number("SELECT sum(value) FROM everycount_counter")).isEqualTo(33);
    }

    @Test
    void one_that_was_written_to_another_database_is_not_adopted_and_that_is_exit_1() throws Exception {
        leaveSeveral(2);
        Path other;
        try (Stream<Path> directories = Files.list(root)) {
            other = directories
                    .filter(Files::isDirectory)
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
        Files.writeString(other.resolve("stores"), "everycount stores 1\n0 " + UUID.randomUUID() + "\n");

        CommandRun adopt = withDatabase("adopt", root.toString());
        assertThat(adopt.status()).as(adopt.all()).isOne();
        assertThat(adopt.err()).contains("not done: [" + other.getFileName() + "] cannot be adopted");
        assertThat(stored("a")).isEqualTo(12);
        CommandRun verify = withDatabase("verify", root.toString());
        assertThat(verify.status()).as(verify.all()).isOne();
        assertThat(verify.out()).contains("database    it was written to store ", "to write    0 records");
    }

    @Test
    void what_is_not_written_in_time_is_exit_1_and_stays() throws Exception {
        leave("a");
        CommandRun run = CommandRun.of(
                "journal",
                "adopt",
                root.toString(),
                "--timeout",
                "1s",
                "--database-url",
                "jdbc:postgresql://127.0.0.1:1/x");
        assertThat(run.status()).as(run.all()).isOne();
        assertThat(run.err()).contains("not written in time").doesNotContain("at io.everycount");
        assertThat(withDatabase("adopt", root.toString()).status()).isZero();
        assertThat(stored("a")).isEqualTo(101);
        Path empty = Files.createDirectories(directory.resolve("empty"));
        assertThat(withDatabase("adopt", empty.toString()).out()).contains("nothing to adopt");
        assertThat(empty).isEmptyDirectory();
    }

    @Test
    void one_that_is_in_use_is_named_with_its_holder_and_left_alone() throws Exception {
        try (CounterCache cache = cache(sink, root)) {
            cache.add("a", 1);
            cache.commit(LONG);
            String id = cache.instanceId().toString();
            assertThat(journal("list", root.toString()).out())
                    .containsPattern(id + " +in use .* process "
                            + ProcessHandle.current().pid() + " on ");
            for (String command : List.of("export", "carry-over")) {
                CommandRun run = command.equals("export")
                        ? journal(command, root.toString(), id)
                        : journal(command, root.toString(), id, "--from", "1", "--yes");
                assertThat(run.status()).isOne();
                assertThat(run.err())
                        .contains("in use by process " + ProcessHandle.current().pid())
                        .doesNotContain("at io.everycount");
            }
            assertThat(journal("verify", root.toString(), id).status()).isOne();
            assertThat(journal("verify", root.toString()).status()).isZero();
        }
    }

    @Test
    void damage_is_told_with_file_and_offset() throws Exception {
        UUID id = leave("a");
        Path segment;
        try (Stream<Path> files = Files.list(root.resolve(id.toString()))) {
            segment = files.filter(file -> file.toString().endsWith(".seg"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        // In the first of two frames.
        bytes[150] ^= 1;
        Files.write(segment, bytes);

        CommandRun verify = journal("verify", root.toString());
        assertThat(verify.status()).as(verify.all()).isOne();
        assertThat(verify.err()).containsPattern("error: " + segment + " is damaged at offset 1?[0-9]{2}: ");
        CommandRun adopt = withDatabase("adopt", root.toString());
        assertThat(adopt.status()).as(adopt.all()).isOne();
        assertThat(adopt.err()).contains(segment + " is damaged at offset").doesNotContain("at io.everycount");
        assertThat(Files.readAllBytes(segment)).isEqualTo(bytes);
    }

    @Test
    void chosen_records_of_a_forked_copy_are_carried_over_once_and_adopted() throws Exception {
        count(root, "a", 1);
        Path copies = directory.resolve("copies");
        copy(root, copies);
        count(root, "a", 10);
        UUID id = forked(copies);
        assertThat(stored("a")).isEqualTo(11);

        CommandRun verify = withDatabase("verify", copies.toString());
        assertThat(verify.status()).as(verify.all()).isOne();
        assertThat(verify.out()).contains("state       forked: ", "it is forked, and whoever opens it stops");
        assertThat(withDatabase("adopt", copies.toString()).out()).contains("nothing to adopt");

        String from = numberOf(
                "\"a\":100", journal("export", copies.toString(), id.toString()).out());
        CommandRun plan = journal("carry-over", copies.toString(), id.toString(), "--from", from);
        assertThat(plan.status()).as(plan.all()).isOne();
        assertThat(plan.out())
                .contains("to be carried over  1 record, 100 in 1 key\n  a  100\n")
                .contains("left out before     1 record, 1 in 1 key\n");
        assertThat(plan.err()).contains("Nothing was changed").doesNotContain("warning");
        assertThat(journal("list", copies.toString()).out()).containsPattern(id + " +forked");
        CommandRun all = journal("carry-over", copies.toString(), id.toString(), "--from", "1");
        assertThat(all.err()).contains("warning: records up to 1 were in a database once (1 record, 1 in 1 key");

        CommandRun done = journal("carry-over", copies.toString(), id.toString(), "--from", from, "--yes");
        assertThat(done.status()).as(done.all()).isZero();
        Matcher to = Pattern.compile("carried over to ([0-9a-f-]{36})").matcher(done.out());
        assertThat(to.find()).isTrue();
        assertThat(journal("list", copies.toString()).out())
                .containsPattern(id + " +carried over .* to " + to.group(1) + "\n")
                .containsPattern(to.group(1) + " +free ");
        CommandRun again = journal("carry-over", copies.toString(), id.toString(), "--from", from, "--yes");
        assertThat(again.status()).as(again.all()).isZero();
        assertThat(again.out()).contains("carried over before, to " + to.group(1));

        assertThat(withDatabase("adopt", copies.toString()).status()).isZero();
        assertThat(stored("a")).isEqualTo(111);
        assertThat(withDatabase("adopt", copies.toString()).status()).isZero();
        assertThat(stored("a")).isEqualTo(111);
    }

    /** A copy that counts on its own, until it is found out. */
    private UUID forked(Path copies) throws Exception {
        UUID id = leave(copies, "a", 100);
        CounterCache copy = cache(sink, copies);
        try {
            assertThat(copy.instanceId()).isEqualTo(id);
            long deadline = System.nanoTime() + LONG.toNanos();
            while (copy.stats().state() != CounterStats.State.FORKED) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            return id;
        } finally {
            copy.close(Duration.ZERO);
        }
    }

    private static String numberOf(String deltas, String export) {
        Matcher line = Pattern.compile("\"number\":(\\d+),.*" + deltas).matcher(export);
        assertThat(line.find()).as(export).isTrue();
        return line.group(1);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        }
    }

    @Test
    void mistakes_are_exit_2_and_say_what_to_do() throws Exception {
        UUID id = leave("a");
        String dir = root.toString();
        Map<String, CommandRun> runs = Map.of(
                "which one? adopt, carry-over, export, inspect, list, verify", journal(),
                "there is no such directory",
                        journal("list", directory.resolve("nothing").toString()),
                "no journal of instance 00000000-0000-0000-0000-000000000001",
                        journal("inspect", dir, "00000000-0000-0000-0000-000000000001"),
                "'x' is not an instance's id", journal("export", dir, "x"),
                "records 3 to 2 were given; there are 1 to 2",
                        journal("carry-over", dir, id.toString(), "--from", "3", "--yes"),
                "there are 1 to 2\n", journal("carry-over", dir, id.toString(), "--from", "1", "--to", "9"),
                "no database is given", journal("adopt", dir));
        runs.forEach((message, run) -> {
            assertThat(run.status()).as(message + ": " + run.all()).isEqualTo(2);
            assertThat(run.err()).contains(message).doesNotContain("at io.everycount");
        });
        assertThat(journal("verify", "--help").out()).contains("--database-url", "digest chain");
        assertThat(journal("list", dir).out()).containsPattern(id + " +free ");
    }
}
