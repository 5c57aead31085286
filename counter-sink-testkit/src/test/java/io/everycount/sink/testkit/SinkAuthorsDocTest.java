// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SinkAuthorsDocTest {
    private static final Path DOC = Path.of("../docs/sink-authors.md");
    private static final Path SOURCES = Path.of("src/test/java/io/everycount/sink/testkit");

    private static List<MatchResult> inTheDoc(String regex) throws IOException {
        return Pattern.compile(regex, Pattern.DOTALL)
                .matcher(Files.readString(DOC))
                .results()
                .toList();
    }

    @Test
    void theJavaInTheDocIsTheExampleThatCompiles() throws IOException {
        String example = Files.readString(SOURCES.resolve("FileSink.java"))
                + Files.readString(SOURCES.resolve("FileSinkTest.java"));
        assertThat(inTheDoc("```java\n(.*?)```"))
                .hasSize(2)
                .allSatisfy(block -> assertThat(withoutSpaces(example)).contains(withoutSpaces(block.group(1))));
    }

    @Test
    void theFilesThatTheDocLinksToExist() throws IOException {
        assertThat(inTheDoc("\\]\\((\\.\\./[^)]*)\\)"))
                .isNotEmpty()
                .allSatisfy(
                        link -> assertThat(DOC.resolveSibling(link.group(1))).exists());
    }

    @Test
    void everyCapabilityIsInTheDoc() throws IOException {
        String doc = Files.readString(DOC);
        for (Capability capability : Capability.values()) {
            assertThat(doc).contains("| `" + capability + "`");
        }
    }

    private static String withoutSpaces(String code) {
        return code.replaceAll("\\s+", "");
    }
}
