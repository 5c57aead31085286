// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as its user runs it, but for the shell script around it. */
@Tag(PostgresServer.OWN_SERVER)
class CountLinesIT {
    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Interrupts interrupts = new Interrupts();

    @Test
    void totalsOfAFileAreExactAndAddUpOverRuns() throws Exception {
        Map<String, Long> expected = new HashMap<>();
        Path log = accessLog(200_000, expected);

        assertThat(run(InputStream.nullInputStream(), log.toString())).isZero();
        assertThat(shown())
                .contains("lines read  200,000")
                .contains("accepted    200,000")
                .contains("0 before, 200,000 now")
                .contains("EXACT: lines read = accepted = persisted")
                .contains("without a request path, counted as (no match)");
        assertThat(run(InputStream.nullInputStream(), log.toString(), "--threads", "5"))
                .isZero();
        assertThat(shown()).contains("200,000 before, 400,000 now");

        expected.replaceAll((key, count) -> 2 * count);
        assertThat(totals()).isEqualTo(expected);
    }

    @Test
    void badInputIsCountedAndToldAndDoesNotEndTheRun() throws Exception {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        lines.write("good\n".getBytes(StandardCharsets.UTF_8));
        lines.write(new byte[] {'b', (byte) 0xff, 0, '\n', '\n'});
        lines.write("k".repeat(300).getBytes(StandardCharsets.UTF_8));
        assertThat(run(new ByteArrayInputStream(lines.toByteArray()), "--field", "1", "-"))
                .isZero();
        assertThat(shown())
                .contains("1 line without a field 1, counted as (no match)")
                .contains("1 line with a key of more than 256 bytes")
                .contains("1 line with a key that is not UTF-8");
        assertThat(totals())
                .isEqualTo(Map.of("good", 1L, "b\uFFFD\uFFFD", 1L, LineCount.NO_MATCH, 1L, "k".repeat(253) + "…", 1L));
    }

    @Test
    void afterCtrlCWhatWasReadIsPersistedAndTheInputIsNotWaitedFor() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        InputStream hanging = new InputStream() {
            private int lines;

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                if (lines == 1_000) {
                    interrupts.happen();
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        return -1;
                    }
                }
                lines++;
                byte[] line = "key\n".getBytes(StandardCharsets.UTF_8);
                int size = Math.min(length, line.length);
                System.arraycopy(line, 0, into, offset, size);
                return size;
            }
        };
        int status = run(hanging, "--field=1", "-");
        never.countDown();
        assertThat(status).isEqualTo(130);
        assertThat(shown()).contains("EXACT: lines read = accepted = persisted, up to where it was stopped");
        long persisted = totals().getOrDefault("key", 0L);
        assertThat(shown()).contains("0 before, " + Text.count(persisted) + " now");
    }

    @Test
    void aMistakeEndsWithStatus2AndOneSentence() {
        assertThat(run(InputStream.nullInputStream(), "--wrong")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualTo("count-lines: unknown option --wrong; --help lists them\n");
    }

    @Test
    void theTortureCaseIsOneUpsertStatementInOneTransaction() throws Exception {
        assertThat(run(InputStream.nullInputStream())).isZero();
        assertThat(shown())
                .contains("persisted   100,000  more in Postgres, +1,000 on each of 100 keys")
                .contains("EXACT: increments = accepted = persisted, by one upsert statement in one transaction");

        // The log again, on its own: all rounds, the ones to warm up and to be timed included.
        List<ServerLog.Statement> upserts =
                ServerLog.statements(Files.readString(directory.resolve("data/postgres.log")), TortureCase.DATABASE)
                        .stream()
                        .filter(ServerLog.Statement::isUpsert)
                        .filter(statement -> !statement.text().contains("one_by_one"))
                        .toList();
        assertThat(upserts).hasSize(TortureCase.ROUNDS);
        assertThat(upserts).extracting(ServerLog.Statement::transaction).doesNotHaveDuplicates();
    }

    private int run(InputStream standardInput, String... arguments) {
        List<String> all =
                new ArrayList<>(List.of("--data", directory.resolve("data").toString()));
        all.addAll(List.of(arguments));
        out.reset();
        err.reset();
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                80);
        return CountLines.run(all, Map.of(), standardInput, false, directory, console, interrupts);
    }

    private String shown() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private Path accessLog(int lines, Map<String, Long> expected) throws Exception {
        Random random = new Random(1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            String path = "/item/" + (int) (500 * Math.pow(random.nextDouble(), 3));
            boolean broken = random.nextInt(100) == 0;
            text.append("203.0.113.7 - - [10/Nov/2026:13:55:36 +0000] \"")
                    .append(broken ? "-" : "GET " + path + "?x=" + i + " HTTP/1.1")
                    .append("\" 200 2326\n");
            expected.merge(broken ? LineCount.NO_MATCH : path, 1L, Long::sum);
        }
        return Files.writeString(directory.resolve("access.log"), text);
    }

    private Map<String, Long> totals() throws SQLException {
        Map<String, Long> totals = new HashMap<>();
        try (PostgresServer server = PostgresServer.builder()
                        .dataDirectory(directory.resolve("data/postgres"))
                        .start();
                Connection connection = DriverManager.getConnection(
                        server.jdbcUrl(LineCount.DATABASE), server.user(), server.password());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT key, value FROM " + LineCount.PREFIX + "counter")) {
            while (rows.next()) {
                totals.put(rows.getString(1), rows.getLong(2));
            }
        }
        return totals;
    }
}
