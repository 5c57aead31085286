// SPDX-License-Identifier: Apache-2.0
package io.everycount.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class KeyFinderTest {
    private static final String COMBINED =
            "203.0.113.7 - frank [10/Nov/2026:13:55:36 +0000] \"%s\" 200 2326 \"-\" \"curl\"";

    @Test
    void anAccessLogGivesThePathOfTheRequest() {
        assertThat(path(COMBINED.formatted("GET /shop/item HTTP/1.1"))).isEqualTo("/shop/item");
        assertThat(path(COMBINED.formatted("OPTIONS * HTTP/1.1"))).isEqualTo("*");
        assertThat(path("h - - [t] \"GET /common HTTP/1.0\" 200 5")).isEqualTo("/common");
    }

    @Test
    void theQueryIsNotPartOfThePath() {
        assertThat(path(COMBINED.formatted("GET /search?q=a+b HTTP/1.1"))).isEqualTo("/search");
    }

    @Test
    void aRequestWithoutAVersionStillHasAPath() {
        assertThat(path(COMBINED.formatted("GET /old"))).isEqualTo("/old");
    }

    @Test
    void anEscapedQuoteDoesNotEndThePath() {
        assertThat(path(COMBINED.formatted("GET /a\\\"b HTTP/1.1"))).isEqualTo("/a\\\"b");
    }

    @Test
    void whatIsNoRequestHasNoPath() {
        assertThat(path(COMBINED.formatted("-"))).isNull();
        assertThat(path(COMBINED.formatted("\\x16\\x03\\x01"))).isNull();
        assertThat(path(COMBINED.formatted("GET"))).isNull();
        assertThat(path(COMBINED.formatted("GET ?q HTTP/1.1"))).isNull();
        assertThat(path("")).isNull();
        assertThat(path("no quotes at all")).isNull();
        assertThat(path("\"")).isNull();
        assertThat(path("\"GET /\\")).isEqualTo("/\\");
    }

    @Test
    void fieldsLieBetweenSpacesAndTabs() {
        assertThat(find(KeyFinder.field(1), "one two")).isEqualTo("one");
        assertThat(find(KeyFinder.field(2), "  one \t two\r")).isEqualTo("two");
        assertThat(find(KeyFinder.field(3), "one two ")).isNull();
        assertThat(find(KeyFinder.field(1), " ")).isNull();
    }

    @Test
    void aPatternGivesItsFirstGroupOrAllThatItMatches() {
        assertThat(find(KeyFinder.regex(Pattern.compile("user=(\\w+)")), "x user=ann y"))
                .isEqualTo("ann");
        assertThat(find(KeyFinder.regex(Pattern.compile("[0-9]+")), "status 404"))
                .isEqualTo("404");
        assertThat(find(KeyFinder.regex(Pattern.compile("(\\S+)$")), "windows line\r"))
                .isEqualTo("line");
        assertThat(find(KeyFinder.regex(Pattern.compile("é(.)")), "éü")).isEqualTo("ü");
    }

    @Test
    void aPatternThatMatchesNothingOrAnEmptyGroupGivesNoKey() {
        assertThat(find(KeyFinder.regex(Pattern.compile("user=(\\w+)")), "nobody"))
                .isNull();
        assertThat(find(KeyFinder.regex(Pattern.compile("a(x)?")), "a")).isNull();
        assertThat(find(KeyFinder.regex(Pattern.compile("x*")), "a")).isNull();
    }

    private static String path(String line) {
        return find(KeyFinder.requestPath(), line);
    }

    /** Looks at the line in the middle of other bytes, as in a block; null if there is no key. */
    private static String find(KeyFinder finder, String line) {
        byte[] utf8 = line.getBytes(StandardCharsets.UTF_8);
        byte[] around = ("\"GET /before HTTP\"" + line + " \"GET /after HTTP\"").getBytes(StandardCharsets.UTF_8);
        int from = "\"GET /before HTTP\"".length();
        KeySpan key = new KeySpan();
        return finder.find(around, from, from + utf8.length, key)
                ? new String(key.bytes, key.offset, key.length, StandardCharsets.UTF_8)
                : null;
    }
}
