// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.CounterSchema;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerifyCommandIT {
    private final TestDatabase database = PostgresServer.shared().newDatabase();

    @TempDir
    Path directory;

    @BeforeEach
    void createTables() {
        CounterSchema.of(database.dataSource(), "everycount_").apply();
    }

    @AfterEach
    void dropDatabase() {
        database.close();
    }

    @ParameterizedTest
    @CsvSource({
        "5, 0, 5, 0",
        "5, 0, 4, -1",
        "5, 0, 6, 1",
        "5, 2, 4, -1",
        "5, 2, 5, 0",
        "5, 2, 7, 0",
        "5, 2, 8, 1",
        "0, 2, 0, 0",
        "0, 2, 2, 0",
        "0, 2, 3, 1",
        "5, 0, 0, -5",
        "5, 0, -1, -6",
    })
    void a_total_has_to_be_what_was_acknowledged_or_up_to_what_is_unknown_more(
            long acknowledged, long unknown, long stored, long difference) throws IOException {
        store("a", 1);
        store("b", stored);
        Path record =
                record("r", Map.of("a", new RecordFile.Entry(1, 0), "b", new RecordFile.Entry(acknowledged, unknown)));

        CommandRun run = verify("--record", record.toString());

        assertThat(run.status()).as(run.all()).isEqualTo(difference == 0 ? 0 : 1);
        assertThat(run.out()).startsWith(difference == 0 ? "EXACT: " : "MISMATCH: 1 of 2 keys");
        if (difference != 0) {
            assertThat(run.out())
                    .containsPattern("\nb +" + acknowledged + " +" + unknown + " +" + stored + " +"
                            + (difference > 0 ? "\\+" : "") + difference + "\n");
        }
    }

    @Test
    void a_key_that_is_not_stored_counts_as_0() throws IOException {
        CommandRun run = verify(
                "--record", record("r", Map.of("a", new RecordFile.Entry(3, 0))).toString());
        assertThat(run.status()).isOne();
        assertThat(run.out()).containsPattern("\na +3 +0 +0 +-3\n");
    }

    @Test
    void several_records_are_added_up() throws IOException {
        store("a", 5);
        Path one = record("one", Map.of("a", new RecordFile.Entry(3, 0)));
        Path two = record("two", Map.of("a", new RecordFile.Entry(2, 0)));

        CommandRun run = verify("--record", one.toString(), "--record", two.toString());

        assertThat(run.status()).isZero();
        assertThat(run.out()).startsWith("EXACT: stored = acknowledged = 5 over 1 keys");
    }

    @Test
    void more_keys_than_one_question_may_have_are_all_compared_and_the_first_20_differences_shown() throws IOException {
        database.execute("INSERT INTO everycount_counter SELECT 'k' || n, n, now() FROM generate_series(1, 25000) n");
        Map<String, RecordFile.Entry> entries = new TreeMap<>();
        for (int n = 1; n <= 25_000; n++) {
            entries.put("k" + n, new RecordFile.Entry(n % 1_000 == 0 ? n - 1 : n, 0));
        }

        CommandRun run = verify("--record", record("r", entries).toString());

        assertThat(run.status()).isOne();
        assertThat(run.out()).startsWith("MISMATCH: 25 of 25,000 keys").contains("and 5 more");
        assertThat(run.out()
                        .lines()
                        .filter(line -> line.startsWith("k1000 "))
                        .findFirst()
                        .orElseThrow())
                .endsWith("+1");
    }

    @Test
    void what_is_on_its_way_is_waited_for() throws Exception {
        Path record = record("r", Map.of("a", new RecordFile.Entry(5, 0)));
        List<CommandRun> runs = new ArrayList<>();
        // Holds back the reader until the writer has begun, and the total until the reader has looked once.
        database.logStatements();
        Thread verifier = new Thread(() -> runs.add(verifyFor("60s", record)));
        long from = database.server().logEnd();
        verifier.start();
        while (!database.server().logSince(from).contains("FROM everycount_counter")) {
            Thread.onSpinWait();
        }
        store("a", 5);
        verifier.join(60_000);

        assertThat(runs).singleElement().satisfies(run -> assertThat(run.out()).startsWith("EXACT"));
    }

    private CommandRun verifyFor(String timeout, Path record) {
        return verify("--timeout", timeout, "--record", record.toString());
    }

    @Test
    void a_database_that_does_not_answer_and_tables_that_are_missing_are_exit_1_without_a_stack_trace()
            throws IOException {
        Path record = record("r", Map.of("a", new RecordFile.Entry(5, 0)));
        database.execute("DROP TABLE everycount_counter");
        CommandRun missing = verify("--record", record.toString());
        CommandRun dead = CommandRun.of(
                "verify", "--record", record.toString(), "--database-url", "jdbc:postgresql://127.0.0.1:1/x");

        for (CommandRun run : List.of(missing, dead)) {
            assertThat(run.status()).isOne();
            assertThat(run.err()).contains("error: could not read totals").doesNotContain("at io.everycount");
        }
    }

    private CommandRun verify(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "verify",
                "--database-url",
                database.jdbcUrl(),
                "--database-user",
                database.server().user()));
        if (!List.of(more).contains("--timeout")) {
            arguments.addAll(List.of("--timeout", "0"));
        }
        arguments.addAll(List.of(more));
        return CommandRun.of(
                Map.of("EVERYCOUNT_DATABASE_PASSWORD", database.server().password()), arguments.toArray(String[]::new));
    }

    private void store(String key, long value) {
        database.execute("INSERT INTO everycount_counter VALUES ('" + key + "', " + value + ", now())");
    }

    private Path record(String name, Map<String, RecordFile.Entry> entries) throws IOException {
        Path file = directory.resolve(name);
        RecordFile.write(file, entries);
        assertThat(Files.size(file)).isPositive();
        return file;
    }
}
