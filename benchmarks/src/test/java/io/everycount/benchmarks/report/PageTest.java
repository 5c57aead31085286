// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a small file of results to a page; after a change that is meant, copy what the page is now over page.md. */
final class PageTest {
    @TempDir
    private Path directory;

    private Results results;

    @BeforeEach
    void read() throws IOException {
        Path file = directory.resolve("results.json");
        Files.writeString(file, resource("results.json"));
        results = Results.read(file);
    }

    @Test
    void results_make_the_page_that_they_should_make() throws IOException {
        new Page(results).write(directory, directory.resolve("none"));

        assertThat(Files.readString(directory.resolve("benchmarks.md"))).isEqualTo(resource("page.md"));
    }

    @Test
    void every_plot_on_the_page_is_there_and_is_xml() throws Exception {
        new Page(results).write(directory, directory.resolve("none"));

        List<Path> plots;
        try (Stream<Path> files = Files.list(directory.resolve("benchmarks"))) {
            plots = files.toList();
        }
        String page = Files.readString(directory.resolve("benchmarks.md"));
        assertThat(plots).hasSizeGreaterThan(1).allSatisfy(plot -> {
            assertThat(page).contains("](benchmarks/" + plot.getFileName() + ")");
            assertThat(DocumentBuilderFactory.newInstance()
                            .newDocumentBuilder()
                            .parse(plot.toFile())
                            .getDocumentElement()
                            .getTagName())
                    .isEqualTo("svg");
        });
        assertThat(page.split("\\.svg\\)", -1)).hasSize(plots.size() + 1);
    }

    @Test
    void what_is_written_can_be_read_again() throws IOException {
        Path again = directory.resolve("deep/er/again.json");

        results.write(again);

        assertThat(Results.read(again)).isEqualTo(results);
        assertThat(Files.readString(again)).isEqualTo(resource("results.json"));
    }

    @Test
    void the_summary_goes_between_its_marks_and_nowhere_else() {
        Page page = new Page(results);
        String readme =
                "Before\n<!-- benchmarks: made by the report, do not edit -->\nold\n<!-- /benchmarks -->\nafter\n";

        String once = page.withSummary(readme);

        assertThat(once)
                .startsWith("Before\n")
                .endsWith("\n<!-- /benchmarks -->\nafter\n")
                .contains("1,000 keys, zipf, 2 threads, against ConcurrentHashMap + LongAdder | 2.00")
                .doesNotContain("old");
        assertThat(page.withSummary(once)).isEqualTo(once);
        assertThat(page.withSummary("no marks")).isEqualTo("no marks");
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = PageTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
