// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.ProblemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatekeeperTest {
    private static final String CHALLENGE = "Bearer realm=\"everycount\"";

    @TempDir
    Path directory;

    private final SettableClock clock = new SettableClock();
    private final AtomicLong nanos = new AtomicLong(-7);
    private KeyRing ring;
    private ApiKeys keys;
    private Sessions sessions;
    private Gatekeeper gatekeeper;
    private KeyRing.Made admin;

    @BeforeEach
    void open() {
        Path file = directory.resolve("keys");
        ring = new KeyRing(file, clock);
        admin = ring.create("admin", Set.of(Scope.ADMIN), null, null);
        keys = ApiKeys.open(file, clock, 0);
        sessions = new Sessions(keys, clock, Duration.ofHours(8));
        gatekeeper = Gatekeeper.of(keys, sessions, nanos::get);
    }

    @AfterEach
    void close() {
        keys.close();
    }

    private KeyRing.Made made(String id, Set<Scope> scopes, Integer rate) {
        KeyRing.Made made = ring.create(id, scopes, null, rate);
        keys.lookAgain();
        return made;
    }

    private Problem refusal(Head head, Scope scope) {
        ProblemException refused = catchThrowableOfType(ProblemException.class, () -> gatekeeper.check(head, scope));
        assertThat(refused).as("refused").isNotNull();
        return refused.problem();
    }

    @Test
    void without_keys_everybody_may_do_everything() {
        for (Scope scope : Scope.values()) {
            assertThatNoException().isThrownBy(() -> Gatekeeper.open().check(Head.of(), scope));
            assertThatNoException()
                    .isThrownBy(() -> Gatekeeper.open().check(Head.of("Authorization", "Basic x"), scope));
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            WRITE, WRITE
            READ,  READ
            ADMIN, WRITE READ ADMIN
            """)
    void a_key_may_do_what_its_scopes_say_and_no_more(Scope own, String may) {
        KeyRing.Made made = made("k", EnumSet.of(own), null);
        for (Scope wanted : Scope.values()) {
            if (List.of(may.split(" ")).contains(wanted.name())) {
                assertThatNoException().isThrownBy(() -> gatekeeper.check(Head.bearer(made), wanted));
            } else {
                Problem problem = refusal(Head.bearer(made), wanted);
                assertThat(problem.status()).isEqualTo(403);
                assertThat(problem.detail()).contains("scope " + own.text()).contains("needs " + wanted.text());
                assertThat(problem.headers())
                        .containsEntry(
                                "WWW-Authenticate",
                                CHALLENGE + ", error=\"insufficient_scope\", scope=\"" + wanted.text() + "\"");
            }
        }
    }

    /** K is a good credential, S its secret; ␣ a space, ⇥ a tab. INVALID names the error, PLAIN does not. */
    @ParameterizedTest
    @CsvSource(delimiter = '¦', quoteCharacter = '§', textBlock = """
            Bearer K              ¦ GOOD
            bearer K              ¦ GOOD
            BEARER␣␣␣K            ¦ GOOD
            §§                    ¦ PLAIN
            ␣                     ¦ PLAIN
            Bearer                ¦ PLAIN
            BearerK               ¦ PLAIN
            Bearer:␣K             ¦ PLAIN
            Bearer⇥K              ¦ PLAIN
            ␣Bearer K             ¦ PLAIN
            Basic K               ¦ PLAIN
            Basic YWRtaW46eA==    ¦ PLAIN
            Digest username=admin ¦ PLAIN
            Ｂearer K              ¦ PLAIN
            K                     ¦ PLAIN
            Bearer␣               ¦ INVALID
            Bearer␣␣␣             ¦ INVALID
            Bearer Bearer K       ¦ INVALID
            Bearer K,Bearer K     ¦ INVALID
            Bearer K, Bearer K    ¦ INVALID
            Bearer K K            ¦ INVALID
            Bearer K␣             ¦ INVALID
            Bearer ⇥K             ¦ INVALID
            Bearer K;             ¦ INVALID
            Bearer "K"            ¦ INVALID
            Bearer S              ¦ INVALID
            Bearer admin          ¦ INVALID
            Bearer admin.         ¦ INVALID
            Bearer .S             ¦ INVALID
            Bearer ..S            ¦ INVALID
            Bearer admin:S        ¦ INVALID
            Bearer admin S        ¦ INVALID
            Bearer Admin.S        ¦ INVALID
            Bearer nobody.S       ¦ INVALID
            Bearer ädmin.S        ¦ INVALID
            Bearer admin.Sx       ¦ INVALID
            Bearer admin.é        ¦ INVALID
            """)
    void only_one_bearer_token_is_taken(String shown, String expected) {
        String secret = admin.credential().substring("admin.".length());
        String authorization = shown.replace("␣", " ")
                .replace("⇥", "\t")
                .replace("K", "admin.S")
                .replace("S", secret);
        Head head = Head.of("authorization", authorization);
        if (expected.equals("GOOD")) {
            assertThatNoException().isThrownBy(() -> gatekeeper.check(head, Scope.WRITE));
            return;
        }
        Problem problem = refusal(head, Scope.WRITE);
        assertThat(problem.status()).isEqualTo(401);
        assertThat(problem.headers())
                .containsEntry(
                        "WWW-Authenticate",
                        expected.equals("PLAIN") ? CHALLENGE : CHALLENGE + ", error=\"invalid_token\"");
        assertThat(problem.toString()).doesNotContain(secret.substring(5, 20));
    }

    @Test
    void without_any_authorization_the_answer_says_what_to_send() {
        Problem problem = refusal(Head.of(), Scope.READ);
        assertThat(problem.status()).isEqualTo(401);
        assertThat(problem.detail()).contains("Bearer id.secret");
        assertThat(problem.headers()).containsEntry("WWW-Authenticate", CHALLENGE);
        assertThat(refusal(Head.of("Authorization", "Bearer " + "x".repeat(1 << 20)), Scope.READ)
                        .status())
                .isEqualTo(401);
    }

    @Test
    void beyond_its_rate_a_key_is_told_how_long_to_wait() {
        KeyRing.Made made = made("slow", EnumSet.of(Scope.READ), 3);
        Head head = Head.bearer(made);
        for (int i = 0; i < 3; i++) {
            gatekeeper.check(head, Scope.READ);
            assertThat(refusal(head, Scope.WRITE).status())
                    .as("what is not allowed costs nothing")
                    .isEqualTo(403);
        }
        Problem problem = refusal(head, Scope.READ);
        assertThat(problem.status()).isEqualTo(429);
        assertThat(problem.headers()).containsEntry("Retry-After", "1");
        assertThat(problem.detail()).contains("slow may send 3 requests a second");
        assertThat(problem.members()).containsEntry("counted", 0);
        nanos.addAndGet(333_333_333);
        assertThat(refusal(head, Scope.READ).status()).isEqualTo(429);
        nanos.incrementAndGet();
        gatekeeper.check(head, Scope.READ);
        assertThat(refusal(head, Scope.READ).status()).isEqualTo(429);
        gatekeeper.check(Head.bearer(admin), Scope.READ);
    }

    @Test
    void one_request_a_second_may_come_again_after_one_second() {
        Head head = Head.bearer(made("slow", EnumSet.of(Scope.READ), 1));
        gatekeeper.check(head, Scope.READ);
        assertThat(refusal(head, Scope.READ).headers()).containsEntry("Retry-After", "1");
        nanos.addAndGet(1_000_000_000L);
        gatekeeper.check(head, Scope.READ);
    }

    @Test
    void a_session_reads_and_never_writes_whatever_its_key_may() {
        String cookie = cookie(sessions.login(admin.credential(), false));
        gatekeeper.check(Head.of("Cookie", cookie), Scope.READ);
        assertThat(refusal(Head.of("Cookie", cookie), Scope.WRITE).status()).isEqualTo(401);
        assertThat(refusal(Head.of("Cookie", cookie), Scope.ADMIN).status()).isEqualTo(401);
        assertThat(refusal(Head.of("Cookie", cookie, "Authorization", "Bearer x"), Scope.READ)
                        .status())
                .as("a wrong key is not made good by a session")
                .isEqualTo(401);
    }

    @Test
    void a_session_has_the_rate_of_its_key() {
        KeyRing.Made made = made("slow", EnumSet.of(Scope.READ), 2);
        Head head = Head.of("Cookie", cookie(sessions.login(made.credential(), false)));
        gatekeeper.check(head, Scope.READ);
        gatekeeper.check(Head.bearer(made), Scope.READ);
        assertThat(refusal(head, Scope.READ).status()).isEqualTo(429);
        assertThat(refusal(Head.bearer(made), Scope.READ).status()).isEqualTo(429);
    }

    private static String cookie(String setCookie) {
        return setCookie.substring(0, setCookie.indexOf(';'));
    }

    @Test
    void the_log_says_why_with_known_ids_only_and_not_more_than_once_in_ten_seconds() {
        String secret = admin.credential().substring("admin.".length());
        try (LogLines log = new LogLines(Gatekeeper.class)) {
            refusal(Head.of("Authorization", "Bearer admin." + secret.substring(1) + "x"), Scope.READ);
            assertThat(log.of(Level.WARN))
                    .containsExactly(
                            "refused 1 API key(s) since the last such line; the latest, from 192.0.2.7: not a key that admin has");
            for (int i = 0; i < 100; i++) {
                refusal(Head.of("Authorization", "Bearer " + secret), Scope.READ);
            }
            assertThat(log.of(Level.WARN)).hasSize(1);
            nanos.addAndGet(10_000_000_000L);
            refusal(Head.of("Authorization", "Bearer " + secret + ".x\r\nERROR"), Scope.READ);
            assertThat(log.of(Level.WARN)).hasSize(2);
            assertThat(log.of(Level.WARN).get(1))
                    .startsWith("refused 101 API key(s)")
                    .contains("its id is not in ")
                    .doesNotContain(secret.substring(5, 20))
                    .doesNotContain("\n");
        }
    }
}
