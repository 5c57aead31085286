// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everycount.CounterStats;
import io.everycount.LimitPolicy;
import io.everycount.UnconfirmedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The endpoints over real HTTP on a real Postgres. */
class ApiIT {
    @Test
    void increments_by_form_and_json_are_counted_and_answered_with_202() throws Exception {
        try (Running running = Running.start()) {
            HttpResponse<String> form = running.post("/increment", Running.FORM, "key=abcdef&value=2");
            assertThat(form.statusCode()).isEqualTo(202);
            assertThat(form.body()).isEqualTo("{\"accepted\":1,\"ack\":\"memory\"}\n");
            assertThat(form.headers().firstValue("Everycount-Ack")).contains("memory");
            assertThat(running.post("/increment", Running.FORM, "key=a+b%26%C3%A9")
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increment", Running.JSON, "{\"key\":\"abcdef\"}")
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increment", Running.JSON + "; charset=UTF-8", "{\"value\":-7,\"key\":\"n\"}")
                            .statusCode())
                    .isEqualTo(202);
            running.flush();
            assertThat(running.stored("abcdef")).isEqualTo(3);
            assertThat(running.stored("a b&é")).isEqualTo(1);
            assertThat(running.stored("n")).isEqualTo(-7);
        }
    }

    @Test
    void many_increments_come_in_every_format() throws Exception {
        try (Running running = Running.start()) {
            assertThat(running.post("/increments", Running.JSON, "[{\"key\":\"k\",\"value\":1},{\"key\":\"k\"}]")
                            .body())
                    .isEqualTo("{\"accepted\":2,\"ack\":\"memory\"}\n");
            assertThat(running.post("/increments", Running.JSON, "{\"k\":10,\"other\":5}")
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increments", Running.NDJSON, "{\"key\":\"k\",\"value\":100}\n\n{\"key\":\"k\"}\n")
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increments", Running.TEXT, "k 1000\r\nwith spaces \t 4\n")
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increments", Running.JSON, "[]").body())
                    .isEqualTo("{\"accepted\":0,\"ack\":\"memory\"}\n");
            running.flush();
            assertThat(running.stored("k")).isEqualTo(1_113);
            assertThat(running.stored("other")).isEqualTo(5);
            assertThat(running.stored("with spaces")).isEqualTo(4);
        }
    }

    @Test
    void of_many_increments_none_is_counted_if_one_is_not_allowed_and_the_problem_has_its_index() throws Exception {
        try (Running running = Running.start()) {
            HttpResponse<String> key =
                    running.post("/increments", Running.TEXT, "a 1\nb 1\n" + "k".repeat(257) + " 1\n");
            assertThat(key.statusCode()).isEqualTo(422);
            assertThat(key.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(key.body())
                    .contains("\"index\":2")
                    .contains("\"counted\":0")
                    .contains("257");
            HttpResponse<String> delta = running.post(
                    "/increments", Running.JSON, "[{\"key\":\"a\"},{\"key\":\"b\",\"value\":1152921504606846977}]");
            assertThat(delta.statusCode()).isEqualTo(422);
            assertThat(delta.body()).contains("\"index\":1").contains("1152921504606846976");
            HttpResponse<String> malformed =
                    running.post("/increments", Running.JSON, "[{\"key\":\"a\"},{\"key\":\"b\",}]");
            assertThat(malformed.statusCode()).isEqualTo(400);
            assertThat(malformed.body())
                    .contains("\"index\":1")
                    .contains("\"offset\":24")
                    .contains("nothing was counted");
            running.flush();
            assertThat(running.database.number("SELECT count(*) FROM everycount_counter"))
                    .isZero();
        }
    }

    @Test
    void too_many_increments_and_too_long_bodies_are_refused() throws Exception {
        try (Running running = Running.start(cache -> {}, server -> server.requestLimits(1 << 10, 3))) {
            assertThat(running.post("/increments", Running.TEXT, "a 1\nb 1\nc 1\n")
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increments", Running.TEXT, "a 1\nb 1\nc 1\nd 1\n")
                            .statusCode())
                    .isEqualTo(413);
            assertThat(running.post("/increments", Running.TEXT, ("k".repeat(100) + " 1\n").repeat(20))
                            .statusCode())
                    .isEqualTo(413);
            running.flush();
            assertThat(running.stored("a")).isEqualTo(1);
        }
    }

    @Test
    void the_sinks_acknowledgement_is_200_and_the_increment_is_stored_then() throws Exception {
        try (Running running = Running.start(cache -> cache.flushInterval(Duration.ofMillis(50)), server -> {})) {
            HttpResponse<String> one = running.post("/increment", Running.FORM, "key=a&value=5", "Prefer", "ack=sink");
            assertThat(one.statusCode()).isEqualTo(200);
            assertThat(one.headers().firstValue("Everycount-Ack")).contains("sink");
            assertThat(running.stored("a")).isEqualTo(5);
            HttpResponse<String> many = running.post(
                    "/increments", Running.TEXT, "a 1\nb 2\n", "Prefer", "respond-async, ack=\"sink\"; x, wait=30");
            assertThat(many.statusCode()).isEqualTo(200);
            assertThat(many.body()).isEqualTo("{\"accepted\":2,\"ack\":\"sink\"}\n");
            assertThat(running.stored("a")).isEqualTo(6);
        }
    }

    @Test
    void an_acknowledgement_that_does_not_come_in_time_is_202_and_says_not_to_send_again() throws Exception {
        try (Running running = Running.start()) {
            running.proxy.refuse(true);
            running.proxy.cutNow();
            HttpResponse<String> late = running.post("/increment", Running.FORM, "key=a", "Prefer", "ack=sink, wait=0");
            assertThat(late.statusCode()).isEqualTo(202);
            assertThat(late.headers().firstValue("Everycount-Ack")).contains("memory");
            assertThat(late.body()).contains("Do not send it again");
            running.proxy.refuse(false);
            running.flush();
            assertThat(running.stored("a")).isEqualTo(1);
        }
    }

    @Test
    void a_counter_shows_what_is_stored_and_what_is_pending() throws Exception {
        try (Running running = Running.start(cache -> cache.flushOnlyWhenAsked(), server -> {})) {
            assertThat(running.get("/counters/a%2Fb").statusCode()).isEqualTo(404);
            running.post("/increment", Running.FORM, "key=a/b&value=3");
            assertThat(running.get("/counters/a%2Fb").body())
                    .contains("\"key\":\"a/b\",\"value\":0,\"pending\":3,\"readAt\"");
            running.flush();
            running.post("/increment", Running.FORM, "key=a/b&value=4");
            assertThat(running.get("/counters/a/b").body()).contains("\"value\":3,\"pending\":4,\"updatedAt\"");
            running.flush();
            HttpResponse<String> counter = running.get("/counters/a%2fb");
            assertThat(counter.body()).contains("\"value\":7,\"pending\":0");
            assertThat(counter.headers().firstValue("Content-Type")).contains("application/json");
        }
    }

    @ParameterizedTest
    @CsvSource({"key", "value"})
    void pages_of_counters_go_through_all_of_them_once(String order) throws Exception {
        try (Running running = Running.start()) {
            StringBuilder lines = new StringBuilder("elsewhere 1\n");
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 25; i++) {
                String key = "p&=+ä/" + (char) ('a' + i);
                lines.append(key).append(' ').append(100 - i / 5).append('\n');
                expected.add(key);
            }
            assertThat(running.post("/increments", Running.TEXT, lines.toString())
                            .statusCode())
                    .isEqualTo(202);
            running.flush();

            List<String> seen = new ArrayList<>();
            String next = "/counters?prefix=p%26&limit=7&order=" + order;
            while (next != null && seen.size() < 100) {
                HttpResponse<String> page = running.get(next);
                assertThat(page.statusCode()).isEqualTo(200);
                Matcher keys = Pattern.compile("\"key\":\"([^\"]*)\"").matcher(page.body());
                while (keys.find()) {
                    seen.add(keys.group(1));
                }
                Matcher link = Pattern.compile("\"next\":\"([^\"]*)\"").matcher(page.body());
                next = link.find() ? link.group(1) : null;
                assertThat(page.headers().firstValue("Link").isPresent()).isEqualTo(next != null);
            }
            assertThat(seen).isEqualTo(expected);
        }
    }

    @Test
    void statistics_add_up_and_metrics_come_in_both_formats() throws Exception {
        try (Running running = Running.start()) {
            running.post("/increments", Running.TEXT, "a 5\nb 6\n");
            running.post("/increment", Running.FORM, "key=");
            running.flush();
            assertThat(running.get("/stats").body())
                    .contains("\"state\":\"running\"")
                    .contains("\"accepted\":11,\"persisted\":11,\"quarantined\":0,\"lost\":0,\"pending\":0")
                    .contains("\"invalid_key\":1");
            HttpResponse<String> text = running.get("/metrics");
            assertThat(text.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
            assertThat(text.body())
                    .contains("everycount_persisted_deltas 11.0")
                    .contains("everycount_rejected_total{reason=\"invalid_key\"} 1.0")
                    .contains("everycount_http_requests_total{status=\"202\"} 1.0")
                    .contains("everycount_http_requests_total{status=\"422\"} 1.0")
                    .contains("everycount_http_increments_total 2.0")
                    .contains("everycount_state{state=\"running\"} 1.0")
                    .contains("everycount_flush_duration_seconds_count{")
                    .contains("everycount_freshness_seconds ")
                    .contains("jvm_memory_used_bytes")
                    .doesNotContain("\"a\"");
            HttpResponse<String> open =
                    running.get("/metrics", "Accept", "application/openmetrics-text; version=1.0.0");
            assertThat(open.headers().firstValue("Content-Type").orElse("")).startsWith("application/openmetrics-text");
            assertThat(open.body()).endsWith("# EOF\n");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET    | /nothing                    |                  |           | 404
            GET    | /counters/                  |                  |           | 404
            GET    | /increment                  |                  |           | 405
            DELETE | /counters                   |                  |           | 405
            POST   | /stats                      | text/plain       | a 1       | 405
            POST   | /increment?key=a            | FORM | key=a     | 400
            POST   | /increments?x               | text/plain       | a 1       | 400
            POST   | /increment                  | text/plain       | a 1       | 415
            POST   | /increments                 | FORM | key=a     | 415
            POST   | /increment                  | FORM; charset=utf-16 | key=a   | 415
            POST   | /increment                  | FORM | value=5   | 400
            POST   | /increment                  | FORM | key=a&x=5 | 400
            POST   | /increment                  | FORM | key=a&value=1.5 | 400
            POST   | /increment                  | FORM | key=      | 422
            POST   | /increment                  | FORM | key=%ff   | 422
            POST   | /increment                  | FORM | key=%00   | 422
            POST   | /increment                  | FORM | key=a&value=9223372036854775807 | 422
            POST   | /increment                  | FORM | key=a&value=9223372036854775808 | 400
            POST   | /increment                  | application/json | [1]       | 400
            GET    | /counters?limit=0           |                  |           | 400
            GET    | /counters?limit=1001        |                  |           | 400
            GET    | /counters?order=size        |                  |           | 400
            GET    | /counters?order=value&after=x |                |           | 400
            GET    | /counters?nonsense=1        |                  |           | 400
            GET    | /counters?limit=1&limit=2   |                  |           | 400
            GET    | /counters/%ff               |                  |           | 400
            """)
    void a_mistake_is_told_as_a_problem_and_counts_nothing(
            String method, String path, String contentType, String body, int status) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(Shared.running.uri(path));
        if (contentType != null) {
            request.header("Content-Type", contentType.replace("FORM", Running.FORM));
        }
        request.method(
                method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        HttpResponse<String> answer = Shared.running.send(request);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.body()).contains("\"status\":" + status).contains("\"detail\":\"");
        if (status == 405) {
            assertThat(answer.headers().firstValue("Allow")).isPresent();
        }
        if (status == 415) {
            assertThat(answer.headers().firstValue("Accept-Post")).isPresent();
        }
        Shared.running.flush();
        assertThat(Shared.running.database.number("SELECT count(*) FROM everycount_counter"))
                .isZero();
    }

    /** One server for the table above; nothing is ever counted in it. */
    private static final class Shared {
        static final Running running = started();

        private static Running started() {
            try {
                return Running.start();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Shared.running.close();
    }

    @Test
    void what_a_client_does_not_accept_is_406_and_an_unknown_level_400() throws Exception {
        try (Running running = Running.start()) {
            assertThat(running.get("/stats", "Accept", "text/html").statusCode())
                    .isEqualTo(406);
            assertThat(running.get("/stats", "Accept", "text/html, application/*;q=0.5")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(running.get("/stats", "Accept", "application/json;q=0").statusCode())
                    .isEqualTo(406);
            HttpResponse<String> level = running.post("/increment", Running.FORM, "key=a", "Prefer", "ack=disk");
            assertThat(level.statusCode()).isEqualTo(400);
            assertThat(level.body()).contains("memory, journal and sink");
        }
    }

    @Test
    void options_lists_the_methods_and_head_has_the_headers_of_get() throws Exception {
        try (Running running = Running.start()) {
            HttpResponse<String> options = running.send(HttpRequest.newBuilder(running.uri("/counters"))
                    .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
            assertThat(options.statusCode()).isEqualTo(204);
            assertThat(options.headers().firstValue("Allow")).contains("GET, HEAD, OPTIONS");
            HttpResponse<String> head = running.send(
                    HttpRequest.newBuilder(running.uri("/stats")).method("HEAD", HttpRequest.BodyPublishers.noBody()));
            assertThat(head.statusCode()).isEqualTo(200);
            assertThat(head.body()).isEmpty();
            assertThat(head.headers().firstValue("Content-Type")).contains("application/json");
        }
    }

    @Test
    void at_the_limit_of_keys_the_answer_is_503_and_nothing_of_the_request_is_counted() throws Exception {
        try (Running running = Running.start(cache -> cache.maxKeys(10).flushOnlyWhenAsked(), server -> {})) {
            // Once a drain is on its way to a database that is away, no other makes room.
            running.proxy.refuse(true);
            running.proxy.cutNow();
            running.post("/increment", Running.FORM, "key=k0");
            assertThatThrownBy(() -> running.cache.flush(Duration.ofMillis(1)))
                    .isInstanceOf(UnconfirmedException.class);
            CounterStats stats;
            do {
                stats = running.cache.stats();
            } while (stats.pending() == 0 || !stats.sinks().get(0).failing());
            int accepted = 1;
            HttpResponse<String> one;
            do {
                one = running.post("/increment", Running.FORM, "key=k" + accepted);
                accepted += one.statusCode() == 202 ? 1 : 0;
            } while (one.statusCode() == 202 && accepted < 1_000);
            assertThat(one.statusCode()).isEqualTo(503);
            assertThat(one.headers().firstValue("Retry-After")).contains("1");
            assertThat(one.body()).contains("\"counted\":0").contains("maxKeys");
            String last = "k" + (accepted - 1);
            HttpResponse<String> many = running.post("/increments", Running.TEXT, last + " 5\nnew 5\n");
            assertThat(many.statusCode()).isEqualTo(503);
            assertThat(running.post("/increment", Running.FORM, "key=" + last).statusCode())
                    .isEqualTo(202);
            running.proxy.refuse(false);
            running.flush();
            assertThat(running.stored(last)).isEqualTo(2);
            assertThat(running.database.number("SELECT sum(value) FROM everycount_counter"))
                    .isEqualTo(accepted + 1);
        }
    }

    @Test
    void health_tells_a_database_that_is_away_from_a_server_that_stops() throws Exception {
        try (Running running = Running.start(cache -> cache.flushInterval(Duration.ofMillis(20)), server -> {})) {
            running.post("/increment", Running.FORM, "key=a", "Prefer", "ack=sink");
            assertThat(running.get("/health/live").statusCode()).isEqualTo(200);
            assertThat(running.get("/health/ready").body()).contains("\"status\":\"ready\"");
            running.proxy.refuse(true);
            running.proxy.cutNow();
            running.post("/increment", Running.FORM, "key=a");
            HttpResponse<String> ready;
            do {
                ready = running.get("/health/ready");
                assertThat(ready.statusCode()).isEqualTo(200);
            } while (!ready.body().contains("\"status\":\"degraded\""));
            assertThat(running.get("/metrics").body()).contains("everycount_sink_failing{");
            HttpResponse<String> read = running.get("/counters/a");
            assertThat(read.statusCode()).isEqualTo(503);
            assertThat(read.headers().firstValue("Retry-After")).isPresent();
            assertThat(running.post("/increment", Running.FORM, "key=a").statusCode())
                    .isEqualTo(202);
            running.proxy.refuse(false);
            do {
                ready = running.get("/health/ready");
            } while (!ready.body().contains("\"status\":\"ready\""));
            running.flush();
            assertThat(running.stored("a")).isEqualTo(3);
            running.cache.close(Duration.ofSeconds(10));
            assertThat(running.get("/health/live").statusCode()).isEqualTo(200);
            assertThat(running.get("/health/ready").statusCode()).isEqualTo(503);
            HttpResponse<String> closed = running.post("/increment", Running.FORM, "key=a");
            assertThat(closed.statusCode()).isEqualTo(503);
            assertThat(closed.body()).contains("\"counted\":0");
        }
    }

    @Test
    void a_management_port_has_health_and_metrics_and_the_other_has_them_no_more() throws Exception {
        try (Running running = Running.start(cache -> {}, server -> server.managementListen("127.0.0.1", 0))) {
            HttpRequest ready =
                    HttpRequest.newBuilder(running.uri("/health/ready")).build();
            assertThat(running.client
                            .send(ready, HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(404);
            String management = "http://127.0.0.1:" + running.server.managementPort();
            for (String path : List.of("/health/ready", "/health/live", "/metrics")) {
                assertThat(running.send(HttpRequest.newBuilder(URI.create(management + path)))
                                .statusCode())
                        .isEqualTo(200);
            }
            HttpRequest stats =
                    HttpRequest.newBuilder(URI.create(management + "/stats")).build();
            assertThat(running.client
                            .send(stats, HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void listening_beyond_this_machine_without_keys_is_refused_unless_it_is_meant() throws Exception {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Running.start(cache -> {}, server -> server.listen("0.0.0.0", 0)))
                .withMessageContaining("without API keys");
        try (Running running =
                Running.start(cache -> {}, server -> server.listen("0.0.0.0", 0).allowAnonymous())) {
            assertThat(running.get("/health/live").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void preferences_may_come_in_several_lines_and_have_commas_in_quotes() throws Exception {
        try (Running running = Running.start(cache -> cache.flushInterval(Duration.ofMillis(20)), server -> {})) {
            assertThat(running.post("/increment", Running.FORM, "key=a", "Prefer", "wait=30", "Prefer", "ack=sink")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(running.post("/increment", Running.FORM, "key=a", "Prefer", "x=\"a, ack=no\", ack=sink")
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void whoever_waits_for_the_sink_when_the_server_stops_is_answered_with_what_is_known() throws Exception {
        try (Running running = Running.start(
                cache -> cache.flushOnlyWhenAsked(), server -> server.ackTimeout(Duration.ofMinutes(5)))) {
            HttpRequest request = HttpRequest.newBuilder(running.uri("/increment"))
                    .header("Content-Type", Running.FORM)
                    .header("Prefer", "ack=sink")
                    .POST(HttpRequest.BodyPublishers.ofString("key=a"))
                    .build();
            CompletableFuture<HttpResponse<String>> answer =
                    running.client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
            long deadline = System.nanoTime() + 20_000_000_000L;
            while (running.cache.stats().waiters() == 0) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.onSpinWait();
            }
            assertThat(running.server.stop(Duration.ZERO, Duration.ofMinutes(1)))
                    .isTrue();
            assertThat(answer.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
            running.flush();
            assertThat(running.stored("a")).isEqualTo(1);
        }
    }

    @Test
    void an_interrupted_stop_leaves_nothing_behind() throws Exception {
        try (Running running = Running.start()) {
            assertThat(running.get("/health/live").statusCode()).isEqualTo(200);
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> running.server.stop(Duration.ofSeconds(5), Duration.ofSeconds(5)))
                    .isInstanceOf(InterruptedException.class);
            Thread.interrupted();
            assertThat(Thread.getAllStackTraces().keySet())
                    .noneMatch(thread -> thread.isAlive() && thread.getName().startsWith("everycount-http"));
        }
    }

    @Test
    void a_cache_that_blocks_is_refused_and_a_failed_start_can_be_repeated_with_the_same_metrics() throws Exception {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Running.start(cache -> cache.onLimit(LimitPolicy.block(Duration.ofSeconds(1))), server -> {}))
                .withMessageContaining("block for");
        CounterMetrics metrics = new CounterMetrics();
        try (Running running = Running.start()) {
            CounterServerBuilder second =
                    CounterServer.builder(running.cache).metrics(metrics).listen("127.0.0.1", running.server.port());
            assertThatThrownBy(second::start).isInstanceOf(IOException.class);
            try (CounterServer started = second.listen("127.0.0.1", 0).start()) {
                HttpRequest scrape = HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + started.port() + "/metrics"))
                        .build();
                assertThat(running.client
                                .send(scrape, HttpResponse.BodyHandlers.ofString())
                                .body())
                        .contains("everycount_accepted_deltas");
            }
        }
    }
}
