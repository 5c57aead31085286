// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OptionsTest {
    @Test
    void withoutAFileWhatIsPipedInIsCountedAndOtherwiseTheTortureCaseRuns() {
        assertThat(parse(true).files()).containsExactly("-");
        assertThat(parse(false).files()).isEmpty();
        assertThat(parse(true, "a.log").files()).containsExactly("a.log");
        assertThat(parse(false, "-").files()).containsExactly("-");
    }

    @Test
    void valuesFollowAfterABlankOrAnEqualsSign() {
        assertThat(parse(false, "--threads", "3", "--top=7", "--data", "d", "f"))
                .returns(3, Options::threads)
                .returns(7, Options::top)
                .returns(Path.of("d"), Options::data)
                .returns(List.of("f"), Options::files);
        assertThat(parse(false, "--regex=a=(b)").what()).isEqualTo("regex a=(b)");
    }

    @Test
    void afterTwoDashesEverythingIsAFile() {
        assertThat(parse(false, "--", "--field").files()).containsExactly("--field");
    }

    @Test
    void theServerMayComeFromTheEnvironment() {
        Options options = Options.parse(
                List.of(),
                Map.of("EVERYCOUNT_JDBC_URL", "jdbc:postgresql://h/d", "EVERYCOUNT_JDBC_PASSWORD", "secret"),
                false,
                Path.of("data"));
        assertThat(options.url()).isEqualTo("jdbc:postgresql://h/d");
        assertThat(options.password()).isEqualTo("secret");
    }

    @Test
    void aMistakeIsToldWithWhatWasGivenAndWhatIsAllowed() {
        assertMistake("unknown option --foo; --help lists them", "--foo");
        assertMistake("--field needs a value", "--field");
        assertMistake("--field is 0; a whole number from 1 to 100000 is needed", "--field", "0");
        assertMistake("--threads is many; a whole number from 1 to 256 is needed", "--threads", "many");
        assertMistake("--regex ( is not a regular expression: Unclosed group at position 1", "--regex", "(");
        assertMistake("--field and --regex do not go together: give one of them, once", "--field=1", "--regex=x");
        assertMistake("standard input (-) can be read only once", "-", "-");
        assertMistake("the URL does not begin with jdbc:postgresql: but is http://x", "--url", "http://x?password=p");
    }

    private static void assertMistake(String message, String... arguments) {
        assertThatThrownBy(() -> parse(false, arguments))
                .isInstanceOf(UserError.class)
                .hasMessage(message);
    }

    private static Options parse(boolean piped, String... arguments) {
        return Options.parse(List.of(arguments), Map.of(), piped, Path.of("data"));
    }
}
