// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.jdbc.testing.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quickstart as its user runs it, but for the shell script around it. What its commands write goes to the build's output. */
@Tag(PostgresServer.OWN_SERVER)
class QuickstartIT {
    private static final Path ADAPTER = Path.of("../counter-http-adapter/target/counter-http-adapter.jar");

    @TempDir
    Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void what_was_sent_over_http_is_in_postgres_when_it_ends() throws Exception {
        assertThat(run("--exit", "--increments", "20000", "--data", directory.toString()))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains(" serve ", " --journal-dir ", " load ", " verify ");
        try (PostgresServer server = PostgresServer.builder()
                        .dataDirectory(directory.resolve("postgres"))
                        .start();
                Connection connection =
                        DriverManager.getConnection(server.jdbcUrl("quickstart"), server.user(), server.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT sum(value) FROM everycount_counter")) {
            row.next();
            assertThat(row.getLong(1)).isEqualTo(20_000);
        }
    }

    @Test
    void a_mistake_ends_with_status_2_and_one_sentence() {
        assertThat(run("access.log")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualTo("quickstart: unknown argument access.log; --help lists them"
                        + " (counting files: examples/count-lines.sh)\n");
        assertThat(run("--port", "0")).isEqualTo(2);
    }

    private int run(String... arguments) {
        Console console = new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                80);
        return Quickstart.run(List.of(arguments), directory, ADAPTER, console, new Interrupts());
    }
}
