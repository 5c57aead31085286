// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {
    private static final String NAME = "everycount_session=";

    @TempDir
    Path directory;

    private final SettableClock clock = new SettableClock();
    private Path file;
    private KeyRing ring;
    private ApiKeys keys;
    private Sessions sessions;
    private KeyRing.Made reader;

    @BeforeEach
    void open() {
        file = directory.resolve("keys");
        ring = new KeyRing(file, clock);
        reader = ring.create("reader", Set.of(Scope.READ), null, null);
        keys = ApiKeys.open(file, clock, 0);
        sessions = new Sessions(keys, clock, Duration.ofHours(8));
    }

    @AfterEach
    void close() {
        keys.close();
    }

    private String login(KeyRing.Made made) {
        String setCookie = sessions.login(made.credential(), false);
        return setCookie.substring(0, setCookie.indexOf(';'));
    }

    private boolean isOpen(String cookies) {
        return sessions.find(cookies, false) != null;
    }

    @Test
    void a_cookie_is_for_this_host_its_requests_and_a_bounded_time() {
        assertThat(sessions.login(reader.credential(), false))
                .matches("everycount_session=[A-Za-z0-9_-]{43}; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict");
        assertThat(sessions.login(reader.credential(), true))
                .matches("__Host-everycount_session=[A-Za-z0-9_-]{43};"
                        + " Path=/; Max-Age=28800; HttpOnly; SameSite=Strict; Secure");
        assertThat(login(reader)).isNotEqualTo(login(reader));
    }

    @Test
    void only_a_good_key_that_may_read_logs_in() {
        KeyRing.Made writer = ring.create("writer", Set.of(Scope.WRITE), null, null);
        KeyRing.Made admin = ring.create("admin", Set.of(Scope.ADMIN), null, null);
        KeyRing.Made over = ring.create("over", Set.of(Scope.READ), clock.instant(), null);
        keys.lookAgain();
        assertThat(sessions.login(admin.credential(), false)).isNotNull();
        assertThat(sessions.login(writer.credential(), false)).isNull();
        assertThat(sessions.login(over.credential(), false)).isNull();
        assertThat(sessions.login("reader.x", false)).isNull();
        assertThat(sessions.login("", false)).isNull();
    }

    @Test
    void a_session_ends_after_its_life_however_much_it_is_used() {
        String cookie = login(reader);
        for (int i = 0; i < 9; i++) {
            clock.advance(Duration.ofMinutes(53));
            assertThat(isOpen(cookie)).isTrue();
        }
        clock.advance(Duration.ofMinutes(3).minusMillis(1));
        assertThat(isOpen(cookie)).isTrue();
        clock.advance(Duration.ofMillis(1));
        assertThat(isOpen(cookie)).isFalse();
    }

    @Test
    void a_session_ends_after_an_hour_without_use() {
        String cookie = login(reader);
        clock.advance(Duration.ofMinutes(59));
        assertThat(isOpen(cookie)).isTrue();
        clock.advance(Duration.ofMinutes(60));
        assertThat(isOpen(cookie)).isFalse();
    }

    @Test
    void logging_out_ends_this_session_alone_and_empties_the_cookie() {
        String one = login(reader);
        String other = login(reader);
        assertThat(sessions.logout(one, false))
                .isEqualTo("everycount_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
        assertThat(sessions.logout(null, true))
                .isEqualTo("__Host-everycount_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
        assertThat(isOpen(one)).isFalse();
        assertThat(isOpen(other)).isTrue();
    }

    @Test
    void a_session_ends_with_the_key_that_it_came_from_and_not_with_its_sibling() {
        String ofFirst = login(reader);
        KeyRing.Made second = ring.rotate("reader", null);
        keys.lookAgain();
        String ofSecond = login(second);
        ring.revoke("reader", reader.key().fingerprint());
        keys.lookAgain();
        assertThat(isOpen(ofFirst)).isFalse();
        assertThat(isOpen(ofSecond)).isTrue();
    }

    @Test
    void a_session_ends_with_the_end_and_with_the_scope_of_its_key() throws IOException {
        KeyRing.Made brief =
                ring.create("brief", Set.of(Scope.READ), clock.instant().plusSeconds(60), null);
        keys.lookAgain();
        String ofBrief = login(brief);
        String ofReader = login(reader);
        clock.advance(Duration.ofSeconds(60));
        assertThat(isOpen(ofBrief)).isFalse();
        assertThat(isOpen(ofReader)).isTrue();
        Files.writeString(file, Files.readString(file).replace("reader read ", "reader write "));
        keys.lookAgain();
        assertThat(isOpen(ofReader)).isFalse();
    }

    @Test
    void one_key_cannot_end_the_sessions_of_others() {
        KeyRing.Made other = ring.create("other", Set.of(Scope.READ), null, null);
        keys.lookAgain();
        String ofReader = login(reader);
        List<String> ofOther = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            ofOther.add(login(other));
        }
        assertThat(isOpen(ofReader)).isTrue();
        assertThat(ofOther.stream().filter(this::isOpen)).isEqualTo(ofOther.subList(1_980, 2_000));
    }

    @Test
    void beyond_the_bound_the_ended_go_and_then_the_oldest() throws IOException {
        StringBuilder text = new StringBuilder(Files.readString(file));
        List<KeyRing.Made> all = new ArrayList<>();
        String like = text.substring(text.lastIndexOf("reader "));
        // The same secret for many ids: making so many keys one by one takes long.
        for (int i = 0; i < 60; i++) {
            text.append(like.replace("reader ", "r" + i + " "));
            all.add(new KeyRing.Made(reader.key(), reader.credential().replace("reader.", "r" + i + ".")));
        }
        Files.writeString(file, text);
        keys.lookAgain();
        List<String> cookies = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            cookies.add(login(all.get(i / 20)));
        }
        assertThat(cookies).allMatch(this::isOpen);
        cookies.add(login(all.get(50)));
        assertThat(isOpen(cookies.get(0))).isFalse();
        assertThat(cookies.subList(1, 1_001)).allMatch(this::isOpen);
        // All but one fall idle; the newcomer takes the place of one that has ended.
        clock.advance(Duration.ofMinutes(50));
        assertThat(isOpen(cookies.get(1))).isTrue();
        clock.advance(Duration.ofMinutes(50));
        String newest = login(all.get(51));
        assertThat(isOpen(newest)).isTrue();
        assertThat(isOpen(cookies.get(1))).isTrue();
        assertThat(cookies.subList(2, 1_001)).noneMatch(this::isOpen);
    }

    @Test
    void the_session_is_found_among_other_cookies() {
        String cookie = login(reader);
        for (String cookies : List.of(
                cookie,
                " " + cookie + " ",
                cookie + ";",
                "theme=dark; " + cookie,
                "theme=dark;" + cookie + ";x=y",
                ";;; ; " + cookie,
                "=; x; everycount_sessio=x; xeverycount_session=x; " + cookie,
                "theme=\"a " + NAME + "b\"; " + cookie,
                "__Host-everycount_session=x; " + cookie)) {
            assertThat(isOpen(cookies)).as(cookies).isTrue();
        }
    }

    @Test
    void hostile_cookies_are_no_session() {
        String cookie = login(reader);
        String token = cookie.substring(NAME.length());
        for (String cookies : List.of(
                "",
                ";",
                "=",
                NAME,
                NAME + "; ",
                NAME + "x",
                NAME + "\"" + token + "\"",
                NAME + token + "x",
                NAME + token.substring(1),
                NAME + token.toUpperCase(java.util.Locale.ROOT) + "é",
                NAME + "é".repeat(43),
                NAME + "\0".repeat(43),
                "Everycount_session=" + token,
                "everycount_session =" + token,
                "everycount_session= " + token,
                "x=" + cookie,
                "theme=\"" + cookie,
                cookie.replace("=", ":"),
                cookie.replace("=", "%3D"),
                NAME + "x; " + cookie,
                "__Host-" + cookie,
                "x".repeat(1 << 20),
                ";".repeat(1 << 20))) {
            assertThat(isOpen(cookies)).isFalse();
        }
        assertThat(isOpen(null)).isFalse();
        assertThat(isOpen(cookie)).isTrue();
    }

    @Test
    void over_tls_only_the_cookie_that_browsers_protect_is_taken() {
        String plain = login(reader);
        String setCookie = sessions.login(reader.credential(), true);
        String overTls = setCookie.substring(0, setCookie.indexOf(';'));
        assertThat(sessions.find(plain, true)).isNull();
        assertThat(sessions.find(overTls, true)).isNotNull();
        assertThat(sessions.find(plain + "; " + overTls, true)).isNotNull();
        assertThat(sessions.find(overTls, false)).isNull();
    }
}
