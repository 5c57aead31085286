// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopLookTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void rates_are_growth_since_the_look_before() {
        TopLook before = new TopLook("h", Map.of("a", 100L, "b", 50L), 0);
        TopLook look = new TopLook("header", Map.of("a", 110L, "b", 90L, "new", 70L), 2 * SECOND);

        String text = look.text(before, TopLook.Order.VALUE, 10, 80);

        assertThat(text.lines().map(String::strip))
                .containsExactly(
                        "header",
                        "",
                        "#  key  total   rate",
                        "1  a      110  5.0/s  ███",
                        "2  b       90   20/s  ████████████",
                        "3  new     70  0.0/s");
        assertThat(look.text(before, TopLook.Order.RATE, 1, 80).lines().map(String::strip))
                .endsWith("1  b       90  20/s  ████████████");
    }

    @Test
    void the_first_look_has_no_rates() {
        TopLook look = new TopLook("header", Map.of("a", 1_234_567L), 0);
        assertThat(look.text(null, TopLook.Order.VALUE, 10, 80))
                .isEqualTo("header\n\n#  key      total\n1  a    1,234,567");
        assertThat(new TopLook("header", Map.of(), 0).text(null, TopLook.Order.VALUE, 10, 80))
                .isEqualTo("header\n\nno key yet");
    }

    @Test
    void keys_cannot_move_the_cursor_and_are_cut_to_the_width() {
        TopLook look = new TopLook("h", Map.of("\u001b[2Jevil\n\u202e" + "x".repeat(300), 1L), 0);
        String text = look.text(null, TopLook.Order.VALUE, 10, 80);
        assertThat(text)
                .contains("\\u001b[2Jevil\\u000a")
                .doesNotContain("\u001b")
                .doesNotContain("\u202e");
        assertThat(text.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    }

    @Test
    void an_adapters_answers_are_read_and_members_that_we_do_not_know_passed_over() throws IOException {
        RawServer.Answer counters = RawServer.status(
                200,
                "application/json",
                "{\"readAt\":\"x\",\"more\":{\"a\":[1]},\"counters\":[{\"key\":\"a b\",\"value\":1234,\"updatedAt\":\"t\"},"
                        + "{\"value\":-7,\"key\":\"c\",\"x\":{}}],\"next\":null}");
        RawServer.Answer stats = RawServer.status(
                200,
                "application/json",
                "{\"instance\":\"i-1\",\"state\":\"running\",\"accepted\":12345,\"persisted\":12000,\"pending\":345,"
                        + "\"freshnessSeconds\":0.25,\"sinks\":[{}]}");
        try (RawServer server = new RawServer(n -> n == 0 ? counters : stats)) {
            CommandRun run = CommandRun.of("top", "--once", "--url", server.url(), "--prefix", "a b", "--limit", "5");

            assertThat(run.status()).as(run.all()).isZero();
            assertThat(server.requests.get(0).line())
                    .isEqualTo("GET /counters?order=value&limit=5&prefix=a+b HTTP/1.1");
            assertThat(run.out())
                    .startsWith("i-1 · running · accepted 12,345 · persisted 12,000 · pending 345 · freshness 0.3 s\n")
                    .contains("1  a b  1,234\n")
                    .contains("2  c       -7\n");
        }
    }

    @Test
    void an_answer_that_is_none_is_exit_1_without_a_stack_trace() throws IOException {
        RawServer.Answer denied =
                RawServer.status(401, "application/problem+json", "{\"title\":\"An API key is needed\"}");
        for (RawServer.Answer answer : new RawServer.Answer[] {
            denied,
            RawServer.status(200, "text/html", "<html>"),
            RawServer.status(200, "application/json", "[]"),
            RawServer.cut()
        }) {
            try (RawServer server = new RawServer(n -> answer)) {
                CommandRun run = CommandRun.of("top", "--once", "--url", server.url());
                assertThat(run.status()).isOne();
                assertThat(run.err()).startsWith("error: ").doesNotContain("at io.everycount");
                if (answer == denied) {
                    assertThat(run.err()).contains("401 An API key is needed; give --api-key-file");
                }
            }
        }
    }
}
