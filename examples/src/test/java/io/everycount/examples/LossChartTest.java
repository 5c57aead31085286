// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.everycount.examples.LossRun.Outcome;
import io.everycount.examples.Strategies.Contender;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class LossChartTest {
    private static final int MILLION = 1_000_000;
    private static final Outcome EXACT = lost(0);

    private static Outcome lost(long lost) {
        return new Outcome(MILLION, MILLION - lost, lost, 0);
    }

    @Test
    void barsAreAsLongAsTheLogarithmOfWhatWasLost() throws Exception {
        Document picture = draw(row(false, lost(10), lost(1_000)), row(false, lost(100_000), lost(480_000)));
        List<Element> bars = elements(picture, "rect", "paused", "steady");
        // The first two are the legend's.
        List<Integer> widths = bars.subList(2, bars.size()).stream()
                .map(bar -> Integer.parseInt(bar.getAttribute("width")))
                .toList();
        assertThat(widths).hasSize(4).isSorted();
        assertThat(widths.get(2) - widths.get(1)).isCloseTo(widths.get(1) - widths.get(0), within(1));
        assertThat(texts(picture)).contains("10", "1,000", "100,000", "480,000");
    }

    @Test
    void zeroHasNoBarAndIsOnlyOursToPromise() throws Exception {
        Document picture = draw(row(false, EXACT, EXACT), row(true, EXACT, EXACT));
        assertThat(elements(picture, "rect", "paused", "steady")).hasSize(2);
        assertThat(texts(picture)).contains("0", "0 in this run");
        assertThat(elements(picture, "text", "none"))
                .extracting(Element::getTextContent)
                .containsExactly("<Name> & Co", "0", "0");
    }

    @Test
    void aLossTooSmallForTheScaleStillShows() throws Exception {
        Outcome tiny = new Outcome(1_000_000_000_000L, 999_999_999_999L, 1, 0);
        Document picture = draw(row(false, tiny, lost(1)));
        assertThat(elements(picture, "rect", "paused").get(1).getAttribute("width"))
                .isEqualTo("3");
        assertThat(texts(picture)).contains("0.0000010", "1");
    }

    @Test
    void whatWasCountedTwiceIsSaid() throws Exception {
        Document picture = draw(row(true, new Outcome(MILLION, MILLION + 7, 0, 7), EXACT));
        assertThat(texts(picture)).contains("0, and 7 counted twice");
    }

    private static LossReport.Row row(boolean ours, Outcome paused, Outcome steady) {
        Contender contender = new Contender("<Name> & Co", "how", "", ours, Strategies.Exact::new);
        return new LossReport.Row(contender, paused, steady);
    }

    private static Document draw(LossReport.Row... rows) throws Exception {
        String svg = LossChart.svg(LossOptions.parse(List.of()), List.of(rows));
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static List<String> texts(Document picture) {
        return elements(picture, "text", "text", "none").stream()
                .map(Element::getTextContent)
                .toList();
    }

    private static List<Element> elements(Document picture, String tag, String... kinds) {
        NodeList all = picture.getElementsByTagName(tag);
        List<Element> found = new ArrayList<>();
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            if (List.of(kinds).contains(element.getAttribute("class"))) {
                found.add(element);
            }
        }
        return found;
    }
}
