// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossOptionsTest {
    @Test
    void nothingSaidMeansFourThreadsAndAThousandKeys() {
        assertThat(LossOptions.parse(List.of()))
                .isEqualTo(new LossOptions(
                        false,
                        4,
                        1_000,
                        Duration.ofSeconds(2),
                        Duration.ofMillis(100),
                        null,
                        null,
                        "examples/loss.sh"));
    }

    @Test
    void whatIsSaidIsTaken() {
        assertThat(LossOptions.parse(
                        List.of("--threads", "64", "--keys", "1", "--seconds", "0.25", "--drain-millis", "5")))
                .returns(64, LossOptions::threads)
                .returns(1, LossOptions::keys)
                .returns(Duration.ofMillis(250), LossOptions::time)
                .returns(Duration.ofMillis(5), LossOptions::interval)
                .returns(
                        "examples/loss.sh --threads 64 --keys 1 --seconds 0.25 --drain-millis 5", LossOptions::command);
    }

    @Test
    void aMistakeIsToldWithWhatWasGivenAndWhatIsAllowed(@TempDir Path directory) {
        assertMistake("unknown argument --foo; --help lists them", "--foo");
        assertMistake("--keys needs a value", "--keys");
        assertMistake("--keys is 0; a whole number from 1 to 1000000 is needed", "--keys", "0");
        assertMistake("--threads is 65; a whole number from 1 to 64 is needed", "--threads", "65");
        assertMistake("--drain-millis is 0; a whole number from 1 to 10000 is needed", "--drain-millis", "0");
        assertMistake("--seconds is 0.04; a number from 0.05 to 60 is needed", "--seconds", "0.04");
        assertMistake("--seconds is 61; a number from 0.05 to 60 is needed", "--seconds", "61");
        assertMistake("--seconds is NaN; a number from 0.05 to 60 is needed", "--seconds", "NaN");
        assertMistake("--seconds is long; a number from 0.05 to 60 is needed", "--seconds", "long");
        assertMistake("--svg " + directory + " is a directory; a file is needed", "--svg", directory.toString());
        Path missing = directory.resolve("missing");
        assertMistake(
                "--markdown " + missing + "/loss.md: there is no directory " + missing,
                "--markdown",
                missing + "/loss.md");
    }

    private static void assertMistake(String message, String... arguments) {
        assertThatThrownBy(() -> LossOptions.parse(List.of(arguments)))
                .isInstanceOf(UserError.class)
                .hasMessage(message);
    }
}
