// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ReportOptionsTest {
    @Test
    void options_may_come_in_any_order() {
        ReportOptions options = new ReportOptions("full", "--resume", "--out", "there", "--virtual", "/jdk");

        assertThat(options.what).isEqualTo("full");
        assertThat(options.resumes).isTrue();
        assertThat(options.virtualHome).isEqualTo(Path.of("/jdk"));
        assertThat(options.resultsFile()).isEqualTo(Path.of("there", "benchmarks", "results.json"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "quickly", "quick --forks 3", "quick --out"})
    void what_there_is_not_is_refused(String line) {
        assertThatThrownBy(() -> new ReportOptions(line.split(" ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Report.USAGE);
    }
}
