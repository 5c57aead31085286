// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.http.auth.KeyRing;
import io.everycount.http.auth.Scope;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The live page's address, its files, and its events, over real HTTP. */
@Timeout(60)
class LiveIT {
    @TempDir
    Path directory;

    /** A stream of events, read line by line. */
    private static final class Events implements AutoCloseable {
        private final HttpResponse<Stream<String>> response;
        private final Iterator<String> lines;

        Events(Running running, String... headers) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(running.uri("/events"));
            for (int i = 0; i < headers.length; i += 2) {
                request.header(headers[i], headers[i + 1]);
            }
            response = running.client.send(request.build(), HttpResponse.BodyHandlers.ofLines());
            OpenApiTest.checkDescribed("GET", "/events", response.statusCode());
            lines = response.body().iterator();
        }

        /** Of an answer that may be a stream, which would never end. */
        static int status(Running running, String... headers) throws Exception {
            try (Events events = new Events(running, headers)) {
                return events.response.statusCode();
            }
        }

        /** The data of the next event of a name whose data has a text in it. */
        String await(String event, String text) {
            String current = "";
            while (lines.hasNext()) {
                String line = lines.next();
                if (line.startsWith("event: ")) {
                    current = line.substring(7);
                } else if (line.startsWith("data: ") && current.equals(event) && line.contains(text)) {
                    return line.substring(6);
                }
            }
            throw new AssertionError("the stream ended without " + event + " with " + text);
        }

        boolean isAtEnd() {
            while (lines.hasNext()) {
                lines.next();
            }
            return true;
        }

        @Override
        public void close() {
            response.body().close();
        }
    }

    @Test
    void the_page_and_its_files_are_there_and_strict() throws Exception {
        try (Running running = Running.start()) {
            HttpResponse<String> page = running.get("/");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body()).contains("<title>Everycount</title>").doesNotContain("{{");
            String policy = page.headers().firstValue("Content-Security-Policy").orElse("");
            assertThat(policy)
                    .contains("default-src 'none'")
                    .contains("frame-ancestors 'none'")
                    .doesNotContain("unsafe")
                    .doesNotContain("http");
            assertThat(page.headers().firstValue("Cache-Control")).contains("no-store");
            for (String path :
                    List.of("/page.css", "/page.js", "/uplot.css", "/uplot.js", "/icon.svg", "/openapi.yaml")) {
                HttpResponse<String> file = running.get(path);
                assertThat(file.statusCode()).as(path).isEqualTo(200);
                assertThat(file.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
                String tag = file.headers().firstValue("ETag").orElseThrow();
                HttpResponse<String> again = running.get(path, "If-None-Match", "\"other\", " + tag);
                assertThat(again.statusCode()).as(path).isEqualTo(304);
                assertThat(again.body()).isEmpty();
                assertThat(again.headers().firstValue("ETag")).contains(tag);
                assertThat(running.get(path, "If-None-Match", "\"other\"").statusCode())
                        .isEqualTo(200);
            }
            assertThat(running.get("/page.js").body())
                    .as("keys come from anybody")
                    .doesNotContain("innerHTML")
                    .doesNotContain("insertAdjacentHTML")
                    .doesNotContain("eval(")
                    .doesNotContain("https:");
        }
    }

    @Test
    void events_show_what_was_counted_and_what_the_database_has() throws Exception {
        try (Running running = Running.start();
                Events events = new Events(running)) {
            assertThat(events.response.statusCode()).isEqualTo(200);
            assertThat(events.response.headers().firstValue("Content-Type")).contains("text/event-stream");
            assertThat(events.response.headers().firstValue("Cache-Control")).contains("no-store");
            running.post("/increments", Running.JSON, "[{\"key\":\"<b>\\u2028\",\"value\":1152921504606846975}]");
            running.flush();
            String now = events.await("now", "\"persisted\":\"1152921504606846975\"");
            assertThat(now)
                    .contains("\"accepted\":\"1152921504606846975\"")
                    .contains("\"pending\":\"0\",\"quarantined\":\"0\",\"lost\":\"0\"")
                    .contains("\"journal\":null");
            assertThat(events.await("now", "\"flushes\":{")).contains("\"p50Millis\":");
            assertThat(events.await("database", "\"value\":\"1152921504606846975\""))
                    .contains("\"problem\":null")
                    .contains("\"behind\":false")
                    .contains("\"instanceCount\":1")
                    .contains("\"instance\":\"" + running.cache.instanceId() + "\"")
                    .contains("\"accepted\":\"1152921504606846975\",\"pending\":\"0\"");
        }
    }

    @Test
    void a_database_that_is_away_is_said_and_this_instance_goes_on() throws Exception {
        try (Running running = Running.start();
                Events events = new Events(running)) {
            events.await("database", "\"problem\":null");
            running.proxy.refuse(true);
            running.proxy.cutNow();
            running.post("/increment", Running.FORM, "key=a&value=3");
            assertThat(events.await("database", "did not answer")).doesNotContain("\"instances\"");
            assertThat(events.await("now", "\"failing\":true")).contains("\"pending\":\"3\"");
            running.proxy.refuse(false);
            events.await("now", "\"persisted\":\"3\"");
            events.await("database", "\"value\":\"3\"");
        }
    }

    @Test
    void a_ledger_that_is_behind_is_said() throws Exception {
        try (Running running = Running.start(cache -> cache.ledgerCheckInterval(Duration.ofMinutes(30)), server -> {});
                Events events = new Events(running)) {
            running.post("/increment", Running.FORM, "key=a&value=3");
            running.flush();
            events.await("database", "\"behind\":false");
            running.database.execute("UPDATE everycount_instance SET last_record = 0, last_digest = 0"
                    + " WHERE instance_id = '" + running.cache.instanceId() + "'");
            events.await("database", "\"behind\":true");
        }
    }

    @Test
    void pages_of_other_sites_get_no_stream() throws Exception {
        try (Running running = Running.start()) {
            for (String site : List.of("cross-site", "same-site")) {
                assertThat(Events.status(running, "Sec-Fetch-Site", site)).isEqualTo(403);
            }
            for (String site : List.of("same-origin", "none")) {
                try (Events events = new Events(running, "Sec-Fetch-Site", site)) {
                    assertThat(events.response.statusCode()).isEqualTo(200);
                    assertThat(events.response.headers().map().keySet())
                            .noneMatch(name -> name.startsWith("access-control"));
                }
            }
        }
    }

    @Test
    void the_number_of_streams_is_bounded_and_a_stop_ends_them() throws Exception {
        Running running = Running.start();
        List<Events> streams = new ArrayList<>();
        try (running) {
            for (int i = 0; i < 64; i++) {
                streams.add(new Events(running));
            }
            assertThat(Events.status(running)).isEqualTo(503);
            assertThat(running.get("/stats").statusCode()).isEqualTo(200);
            streams.forEach(stream -> stream.await("now", "\"state\":\"running\""));

            assertThat(running.server.stop(Duration.ZERO, Duration.ofSeconds(20)))
                    .as("nothing is left unanswered")
                    .isTrue();
            for (Events stream : streams) {
                stream.await("stopping", "null");
                assertThat(stream.isAtEnd()).isTrue();
            }
        } finally {
            streams.forEach(Events::close);
        }
    }

    @Test
    void a_session_opens_the_page_and_its_stream_ends_with_its_key() throws Exception {
        Path file = directory.resolve("keys");
        KeyRing ring = new KeyRing(file, Clock.systemUTC());
        KeyRing.Made reader = ring.create("reader", EnumSet.of(Scope.READ), null, null);
        KeyRing.Made writer = ring.create("writer", EnumSet.of(Scope.WRITE), null, null);
        try (Running running = Running.start(cache -> {}, server -> server.apiKeys(file))) {
            HttpResponse<String> stranger = running.get("/");
            assertThat(stranger.statusCode()).isEqualTo(303);
            assertThat(stranger.headers().firstValue("Location")).contains("/login");
            assertThat(Events.status(running)).isEqualTo(401);
            assertThat(Events.status(running, "Authorization", "Bearer " + writer.credential()))
                    .isEqualTo(403);
            assertThat(running.get("/page.js").statusCode()).isEqualTo(200);

            HttpResponse<String> login = running.post("/login", Running.FORM, "key=" + reader.credential());
            assertThat(login.headers().firstValue("Location")).contains("/");
            String cookie = login.headers().firstValue("Set-Cookie").orElseThrow();
            String session = cookie.substring(0, cookie.indexOf(';'));
            assertThat(running.get("/", "Cookie", session).body()).doesNotContain("action=\"/logout\" hidden");
            try (Events bySession = new Events(running, "Cookie", session);
                    Events byKey = new Events(running, "Authorization", "Bearer " + reader.credential())) {
                bySession.await("now", "\"state\":\"running\"");
                byKey.await("now", "\"state\":\"running\"");
                ring.revoke("reader", null);
                bySession.await("logged-out", "null");
                byKey.await("logged-out", "null");
                assertThat(bySession.isAtEnd()).isTrue();
            }
        }
    }

    @Test
    void a_logout_ends_the_stream() throws Exception {
        Path file = directory.resolve("keys");
        KeyRing.Made reader = new KeyRing(file, Clock.systemUTC()).create("reader", EnumSet.of(Scope.READ), null, null);
        try (Running running = Running.start(cache -> {}, server -> server.apiKeys(file))) {
            String cookie = running.post("/login", Running.FORM, "key=" + reader.credential())
                    .headers()
                    .firstValue("Set-Cookie")
                    .orElseThrow();
            String session = cookie.substring(0, cookie.indexOf(';'));
            try (Events events = new Events(running, "Cookie", session)) {
                events.await("now", "\"state\":\"running\"");
                running.send(
                        HttpRequest.newBuilder(running.uri("/logout")).POST(HttpRequest.BodyPublishers.noBody()),
                        "Cookie",
                        session);
                events.await("logged-out", "null");
            }
        }
    }
}
