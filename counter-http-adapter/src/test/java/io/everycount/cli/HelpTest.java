// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class HelpTest {
    static List<String> commands() {
        CommandRun run = CommandRun.of("--help");
        assertThat(run.status()).isZero();
        Console console = new Console(System.out, System.err, false, 100);
        CommandLine all = Main.commandLine(console, java.util.Map.of());
        all.getSubcommands().keySet().forEach(name -> assertThat(run.out()).contains("  " + name));
        return List.copyOf(all.getSubcommands().keySet());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void every_command_has_help_with_its_exit_statuses_and_an_example_within_100_columns(String command) {
        CommandRun run = CommandRun.of(command, "--help");

        assertThat(run.status()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .contains("Usage: java -jar counter-http-adapter.jar " + command)
                .contains("Exit status:")
                .containsPattern("Examples?:\n")
                .doesNotContain("\u001b")
                .doesNotContain("@|");
        assertThat(run.out().lines())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
    }

    @Test
    void doctor_mentions_every_setting_with_its_flag_variable_and_default() {
        String help = CommandRun.of("doctor", "--help").out().replaceAll("\\s+", " ");

        for (Setting<?> setting : Setting.all()) {
            assertThat(help).contains(setting.flag()).contains(setting.variable());
            String given = setting.defaultShown();
            if (given != null && !given.isEmpty()) {
                assertThat(help).contains("default " + given);
            }
        }
        assertThat(help).contains("--config").contains("EVERYCOUNT_CONFIG");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void every_option_of_a_command_is_in_its_help(String command) {
        Console console = new Console(System.out, System.err, false, 100);
        CommandLine all = Main.commandLine(console, java.util.Map.of());
        String help = CommandRun.of(command, "--help").out();

        all.getSubcommands()
                .get(command)
                .getCommandSpec()
                .options()
                .forEach(option -> assertThat(help).contains(option.longestName()));
    }

    @Test
    void the_commands_of_journal_have_help_within_100_columns() {
        for (String command : List.of("list", "inspect", "verify", "export", "adopt", "carry-over")) {
            CommandRun run = CommandRun.of("journal", command, "--help");
            assertThat(run.status()).isZero();
            assertThat(run.out()).contains("journal " + command, "DIR");
            assertThat(run.out().lines())
                    .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
        }
    }

    @Test
    void a_mistyped_command_and_a_missing_one_are_exit_2() {
        CommandRun mistyped = CommandRun.of("verfy");
        assertThat(mistyped.status()).isEqualTo(2);
        assertThat(mistyped.err()).contains("did you mean verify");
        CommandRun none = CommandRun.of();
        assertThat(none.status()).isEqualTo(2);
        assertThat(none.err()).contains("which command?").contains("load, verify");
    }

    @Test
    void without_a_database_what_needs_one_is_exit_2_and_says_what_to_do() {
        CommandRun run = CommandRun.of("verify", "--record", record());
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.err())
                .contains("no database is given")
                .contains("docker run")
                .contains("--database-url");
    }

    private static String record() {
        try {
            java.nio.file.Path file = java.nio.file.Files.createTempFile("record", ".tsv");
            file.toFile().deleteOnExit();
            RecordFile.write(file, java.util.Map.of("k", new RecordFile.Entry(1, 0)));
            return file.toString();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
