// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.everycount.http.auth.KeyRing;
import io.everycount.http.auth.Scope;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** API keys and sessions over real HTTP. */
class AccessIT {
    @TempDir
    Path directory;

    private Path file() {
        return directory.resolve("keys");
    }

    private KeyRing ring() {
        return new KeyRing(file(), Clock.systemUTC());
    }

    private Running start() throws Exception {
        return Running.start(cache -> {}, server -> server.apiKeys(file()));
    }

    private static String bearer(KeyRing.Made made) {
        return "Bearer " + made.credential();
    }

    @Test
    void a_key_may_do_what_its_scopes_say_and_no_more() throws Exception {
        KeyRing.Made writer = ring().create("writer", EnumSet.of(Scope.WRITE), null, null);
        KeyRing.Made reader = ring().create("reader", EnumSet.of(Scope.READ), null, null);
        KeyRing.Made admin = ring().create("admin", EnumSet.of(Scope.ADMIN), null, null);
        try (Running running = start()) {
            HttpResponse<String> nobody = running.post("/increment", Running.FORM, "key=a");
            assertThat(nobody.statusCode()).isEqualTo(401);
            assertThat(nobody.headers().firstValue("WWW-Authenticate")).contains("Bearer realm=\"everycount\"");
            assertThat(running.post("/increment", Running.FORM, "key=a", "Authorization", bearer(writer))
                            .statusCode())
                    .isEqualTo(202);
            assertThat(running.post("/increments", Running.TEXT, "a 1\n", "Authorization", bearer(admin))
                            .statusCode())
                    .isEqualTo(202);
            HttpResponse<String> wrongScope =
                    running.post("/increment", Running.FORM, "key=a", "Authorization", bearer(reader));
            assertThat(wrongScope.statusCode()).isEqualTo(403);
            assertThat(wrongScope.headers().firstValue("WWW-Authenticate").orElse(""))
                    .contains("scope=\"write\"");
            for (String path : List.of("/stats", "/counters", "/metrics")) {
                assertThat(running.get(path).statusCode()).isEqualTo(401);
                assertThat(running.get(path, "Authorization", bearer(writer)).statusCode())
                        .isEqualTo(403);
                assertThat(running.get(path, "Authorization", bearer(reader)).statusCode())
                        .isEqualTo(200);
            }
            assertThat(running.get("/health/ready").statusCode()).isEqualTo(200);
            assertThat(running.get("/openapi.yaml").statusCode()).isEqualTo(200);
            running.flush();
            assertThat(running.stored("a")).isEqualTo(2);
        }
    }

    @Test
    void whatever_is_not_a_good_key_is_401_and_is_not_repeated() throws Exception {
        KeyRing.Made key = ring().create("k", EnumSet.of(Scope.ADMIN), null, null);
        KeyRing.Made over = ring().create("over", EnumSet.of(Scope.ADMIN), Instant.EPOCH, null);
        String secret = key.credential().substring(2);
        try (Running running = start()) {
            for (String authorization : List.of(
                    "Bearer",
                    "Bearer ",
                    "Bearer k",
                    "Bearer k.",
                    "Bearer ." + secret,
                    "Bearer x." + secret,
                    "Bearer k." + secret + "x",
                    "Bearer k." + secret.toLowerCase(),
                    "Bearer k." + secret.substring(1),
                    "Basic azo" + secret,
                    key.credential(),
                    bearer(over),
                    bearer(key) + " " + bearer(key))) {
                HttpResponse<String> answer = running.get("/stats", "Authorization", authorization);
                assertThat(answer.statusCode()).as(authorization).isEqualTo(401);
                assertThat(answer.body()).doesNotContain(secret.substring(5, 20));
            }
            assertThat(running.get("/stats", "Authorization", "bearer  " + key.credential())
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void keys_are_made_rotated_and_revoked_while_the_server_runs() throws Exception {
        KeyRing.Made first = ring().create("app", EnumSet.of(Scope.READ), null, null);
        try (Running running = start()) {
            assertThat(running.get("/stats", "Authorization", bearer(first)).statusCode())
                    .isEqualTo(200);
            KeyRing.Made second = ring().rotate("app", null);
            awaitStatus(running, second, 200);
            assertThat(running.get("/stats", "Authorization", bearer(first)).statusCode())
                    .isEqualTo(200);
            ring().revoke("app", first.key().fingerprint());
            awaitStatus(running, first, 401);
            assertThat(running.get("/stats", "Authorization", bearer(second)).statusCode())
                    .isEqualTo(200);
            // A file that cannot be read leaves things as they are; the next good one counts again.
            String good = Files.readString(file());
            Files.writeString(file(), "everycount-keys 1\nnonsense\n");
            KeyRing.Made other = null;
            Files.writeString(file(), good);
            other = ring().create("other", EnumSet.of(Scope.READ), null, null);
            awaitStatus(running, other, 200);
            assertThat(running.get("/stats", "Authorization", bearer(second)).statusCode())
                    .isEqualTo(200);
        }
    }

    private static void awaitStatus(Running running, KeyRing.Made key, int status) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (running.get("/stats", "Authorization", bearer(key)).statusCode() != status) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void beyond_its_rate_a_key_is_429_and_nothing_is_counted() throws Exception {
        KeyRing.Made key = ring().create("slow", EnumSet.of(Scope.WRITE), null, 1);
        try (Running running = start()) {
            int accepted = 0;
            HttpResponse<String> answer;
            do {
                answer = running.post("/increment", Running.FORM, "key=a", "Authorization", bearer(key));
                accepted += answer.statusCode() == 202 ? 1 : 0;
            } while (answer.statusCode() == 202);
            assertThat(answer.statusCode()).isEqualTo(429);
            assertThat(answer.headers().firstValue("Retry-After")).isPresent();
            assertThat(answer.body()).contains("1 requests a second").contains("\"counted\":0");
            running.flush();
            assertThat(running.stored("a")).isEqualTo(accepted);
        }
    }

    @Test
    void a_browser_logs_in_with_a_key_and_may_read_but_not_write() throws Exception {
        KeyRing.Made admin = ring().create("admin", EnumSet.of(Scope.ADMIN), null, null);
        KeyRing.Made writer = ring().create("writer", EnumSet.of(Scope.WRITE), null, null);
        try (Running running = start()) {
            HttpResponse<String> form = running.get("/login");
            assertThat(form.statusCode()).isEqualTo(200);
            assertThat(form.body()).contains("type=\"password\"").doesNotContain("{{");
            assertThat(form.headers().firstValue("Content-Security-Policy").orElse(""))
                    .contains("default-src 'none'");
            assertThat(running.get("/login.css").statusCode()).isEqualTo(200);
            for (String wrong : List.of("key=admin.x", "key=" + writer.credential(), "key=", "")) {
                HttpResponse<String> refused = running.post("/login", Running.FORM, wrong);
                assertThat(refused.statusCode()).isEqualTo(401);
                assertThat(refused.headers().firstValue("Set-Cookie")).isEmpty();
                assertThat(refused.body()).contains("unknown, revoked or expired");
            }
            HttpResponse<String> in = running.post("/login", Running.FORM, "key=" + admin.credential());
            assertThat(in.statusCode()).isEqualTo(303);
            String cookie = in.headers().firstValue("Set-Cookie").orElseThrow();
            assertThat(cookie)
                    .contains("HttpOnly")
                    .contains("SameSite=Strict")
                    .contains("Max-Age=28800")
                    .doesNotContain("admin");
            String session = "theme=dark; " + cookie.substring(0, cookie.indexOf(';'));
            assertThat(running.get("/stats", "Cookie", session).statusCode()).isEqualTo(200);
            assertThat(running.post("/increment", Running.FORM, "key=a", "Cookie", session)
                            .statusCode())
                    .isEqualTo(401);
            assertThat(running.get("/stats", "Cookie", session + "x").statusCode())
                    .isEqualTo(401);
            HttpResponse<String> out = running.send(
                    HttpRequest.newBuilder(running.uri("/logout")).POST(HttpRequest.BodyPublishers.noBody()),
                    "Cookie",
                    session);
            assertThat(out.statusCode()).isEqualTo(303);
            assertThat(out.headers().firstValue("Set-Cookie").orElse("")).contains("Max-Age=0");
            assertThat(running.get("/stats", "Cookie", session).statusCode()).isEqualTo(401);
        }
    }

    @Test
    void a_session_ends_with_its_key() throws Exception {
        KeyRing.Made reader = ring().create("reader", EnumSet.of(Scope.READ), null, null);
        ring().create("other", EnumSet.of(Scope.READ), null, null);
        try (Running running = start()) {
            String cookie = running.post("/login", Running.FORM, "key=" + reader.credential())
                    .headers()
                    .firstValue("Set-Cookie")
                    .orElseThrow();
            String session = cookie.substring(0, cookie.indexOf(';'));
            assertThat(running.get("/stats", "Cookie", session).statusCode()).isEqualTo(200);
            ring().revoke("reader", null);
            awaitStatus(running, reader, 401);
            assertThat(running.get("/stats", "Cookie", session).statusCode()).isEqualTo(401);
        }
    }

    @Test
    void a_server_does_not_start_with_a_file_that_it_cannot_read() throws Exception {
        assertThatIllegalArgumentException().isThrownBy(this::start).withMessageContaining("keys create");
        Files.writeString(file(), "everycount-keys 1\na write secret 2026-11-24T08:00:00Z\n");
        assertThatIllegalArgumentException()
                .isThrownBy(this::start)
                .withMessageContaining("line 2")
                .withMessageNotContaining("secret 2026");
    }
}
