// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.examples.Strategies.Contender;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class LossDemoTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            100);

    @Test
    void allWaysAreRunAndEverycountIsExact(@TempDir Path directory) throws Exception {
        Path svg = directory.resolve("loss.svg");
        Path page = directory.resolve("loss.md");
        int status = LossDemo.run(
                List.of("--seconds", "0.05", "--threads", "2", "--svg", svg.toString(), "--markdown", page.toString()),
                console);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("Drained every 100 ms:", "Drained without a pause:", "EXACT: Everycount lost none of ");
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("12 of 12", "Wrote " + svg, "Wrote " + page);
        assertThat(status).isZero();

        Document picture =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(svg.toFile());
        assertThat(picture.getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(Files.readString(page)).contains("](loss.svg)", "--threads 2");
        for (Contender contender : Strategies.ALL) {
            assertThat(Files.readString(page)).contains("| " + contender.title() + " |", contender.weakness());
        }
    }

    @Test
    void aLossOfOursIsAFailure() throws InterruptedException {
        Contender lossy = new Contender("ours", "forget", "all", true, () -> new Strategies.CopyThenClear() {
            @Override
            void finish() {}
        });
        LossOptions options = LossOptions.parse(List.of("--seconds", "0.05", "--drain-millis", "10000"));
        assertThat(new LossDemo(options, List.of(lossy), console).run()).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("NOT EXACT: of ");
    }

    @Test
    void aMistakeIsToldAndHasAStatusOfItsOwn() {
        assertThat(LossDemo.run(List.of("--threads", "0"), console)).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8).strip())
                .isEqualTo("loss: --threads is 0; a whole number from 1 to 64 is needed");
    }
}
