// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.everycount.http.auth.KeyRing;
import io.everycount.http.auth.Scope;
import io.everycount.jdbc.testing.PostgresServer;
import io.everycount.jdbc.testing.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The live page in a real browser, served by the jar. Where there is no Chromium, the build says so. */
@Tag("chromium")
class PageIT {
    private static final String LIVE = "document.body.dataset.link === 'Live'";
    private static final String GOOD = "document.getElementById('verdict').className === 'good'";
    private static final List<String> HOSTILE = List.of(
            "<script>window.taken = 1</script>",
            "\"><img src=x onerror=\"window.taken = 1\">",
            "javascript:window.taken=1",
            "'; DROP TABLE everycount_counter; --",
            "\u202Eevil\u2028line",
            "&lt;b&gt;");

    @TempDir
    Path directory;

    private Browser browser(String name) throws Exception {
        return new Browser(Files.createDirectory(directory.resolve(name)));
    }

    private static String shown(String id) {
        return "document.getElementById('" + id + "').dataset.value";
    }

    private static void count(Adapter adapter, String json) throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(adapter.url() + "/increments"))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(json))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    }

    private static void shot(Browser browser, String name) throws Exception {
        Path pictures = Files.createDirectories(Path.of("target/system/page"));
        Files.write(pictures.resolve(name + ".png"), browser.page());
    }

    @Test
    void it_shows_what_the_database_has_to_the_last_digit_whatever_keys_are_called() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(database.jdbcUrl());
                Browser browser = browser("numbers")) {
            browser.look(1280, 900, false, false);
            browser.open(adapter.url() + "/");
            browser.await(LIVE);
            for (int i = 0; i < 5; i++) {
                // Sums go beyond 2^53, where a number of JavaScript has no last digit.
                count(adapter, "{\"big\":1152921504606846975,\"small\":" + i + "}");
                for (String key : HOSTILE) {
                    count(adapter, "[{\"key\":" + Browser.quoted(key) + ",\"value\":" + (1_000_000 + i) + "}]");
                }
            }
            long expected = 5 * 1152921504606846975L + 10 + HOSTILE.size() * 5_000_010L;
            browser.await(shown("accepted") + " === '" + expected + "' && " + shown("pending") + " === '0'");
            browser.await(GOOD);

            String stored = database.query("SELECT sum(value)::text FROM everycount_counter")
                    .get(0);
            assertThat(browser.eval(shown("persisted"))).isEqualTo(stored).isEqualTo(Long.toString(expected));
            assertThat(browser.eval("document.getElementById('persisted').textContent"))
                    .isEqualTo(String.format(java.util.Locale.ROOT, "%,d", expected));

            browser.await("document.querySelectorAll('#counters bdi').length === " + (HOSTILE.size() + 2));
            List<String> keys = new ArrayList<>(HOSTILE);
            Collections.replaceAll(keys, "\u202Eevil\u2028line", "\\u{202e}evil\\u{2028}line");
            keys.addAll(List.of("big", "small"));
            assertThat(browser.eval(
                                    "[...document.querySelectorAll('#counters bdi')].map(k => k.textContent).join('\\n')")
                            .split("\n"))
                    .containsExactlyInAnyOrderElementsOf(keys);
            browser.await("[...document.querySelectorAll('#counters tr')].map(r => r.dataset.value).sort().join() === '"
                    + String.join(
                            ",",
                            database.query(
                                    "SELECT value::text FROM everycount_counter ORDER BY value::text COLLATE \"C\""))
                    + "'");
            browser.await("document.querySelector('#instances tr').dataset.accepted === '" + expected + "'");
            assertThat(browser.eval("typeof window.taken")).isEqualTo("undefined");
            assertThat(browser.eval("document.images.length + document.querySelectorAll('td script').length"))
                    .isEqualTo("0");
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void it_is_fit_to_be_read_in_light_and_dark_and_on_a_phone() throws Exception {
        Path journal = directory.resolve("journal");
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter =
                        Adapter.start(database.jdbcUrl(), "--name", "web-1", "--journal-dir", journal.toString());
                Adapter other = Adapter.start(database.jdbcUrl(), "--name", "web-2");
                Browser browser = browser("looks");
                Command load = Adapter.load(
                        adapter.url(), directory.resolve("run.tsv"), "--rate", "400/s", "--duration", "1m")) {
            browser.look(1280, 900, false, false);
            browser.open(adapter.url() + "/");
            browser.await(LIVE);
            other.increment("elsewhere");
            browser.await("document.querySelectorAll('#instances tr').length === 2");
            browser.await("document.querySelectorAll('#counters polyline').length === 10");
            browser.await("[...document.querySelectorAll('#counters polyline')]"
                    + ".every(l => l.getAttribute('points').split(' ').length >= 6)");
            assertThat(browser.eval("document.getElementById('journal').hidden"))
                    .isEqualTo("false");
            boolean[] phone = {false, false, true, true};
            boolean[] dark = {false, true, false, true};
            for (int i = 0; i < phone.length; i++) {
                browser.look(phone[i] ? 390 : 1280, phone[i] ? 844 : 900, phone[i], dark[i]);
                String name = (phone[i] ? "phone" : "wide") + (dark[i] ? "-dark" : "-light");
                browser.await("document.documentElement.scrollWidth <= innerWidth");
                browser.await("document.querySelector('#plot canvas').getBoundingClientRect().width"
                        + " <= document.querySelector('main').getBoundingClientRect().width");
                shot(browser, name);
                if (i == 0) {
                    browser.look(960, 780, false, false);
                    browser.await("innerWidth === 960");
                    Files.write(Path.of("target/system/page/top.png"), browser.window());
                }
                assertThat(browser.eval(PageChecks.CONTRAST)).as(name).isEmpty();
                assertThat(browser.eval(PageChecks.NAMES)).as(name).isEmpty();
            }
            assertThat(browser.complaints()).isEmpty();
            load.terminate();
            load.status();
        }
    }

    /** Tells how long increments take to the page, each sent when the one before has just shown. */
    private static void time(String what, Adapter adapter, Browser browser) throws Exception {
        browser.eval("(window.seenAt = {}, new MutationObserver(() => {"
                + " window.seenAt[" + shown("accepted") + "] ??= Date.now(); })"
                + ".observe(document.getElementById('accepted'), { attributes: true }))");
        List<Long> millis = new ArrayList<>();
        long accepted = Long.parseLong(browser.eval(shown("accepted")));
        for (int i = 0; i < 5; i++) {
            long sent = System.currentTimeMillis();
            count(adapter, "{\"timed\":1}");
            browser.await("window.seenAt[" + ++accepted + "] !== undefined");
            millis.add(Long.parseLong(browser.eval("window.seenAt[" + accepted + "]")) - sent);
        }
        System.out.printf(
                "page, %s: first contentful paint after %.0f ms; from sending an increment to seeing it, in ms: %s%n",
                what,
                Double.parseDouble(browser.eval("performance.getEntriesByName('first-contentful-paint')[0].startTime")),
                millis);
    }

    @Test
    void an_increment_shows_with_a_journal_and_without() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter plain = Adapter.start(database.jdbcUrl());
                Adapter journaled = Adapter.start(
                        database.jdbcUrl(),
                        "--journal-dir",
                        directory.resolve("journal").toString());
                Browser browser = browser("times")) {
            for (Adapter adapter : List.of(plain, journaled)) {
                browser.open(adapter.url() + "/");
                browser.await(shown("accepted") + " === '0' && " + LIVE);
                time(adapter == plain ? "without a journal" : "with a journal", adapter, browser);
            }
        }
    }

    @Test
    void it_rests_while_it_is_hidden_or_paused_and_goes_on_where_things_are() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(database.jdbcUrl());
                Browser browser = browser("rest")) {
            browser.open(adapter.url() + "/");
            browser.await(LIVE);
            String hidden = "(Object.defineProperty(document, 'hidden', { configurable: true, get: () => %s }),"
                    + " document.dispatchEvent(new Event('visibilitychange')))";
            String press = "document.getElementById('pause').click()";
            int sum = 0;
            for (List<String> rest :
                    List.of(List.of(hidden.formatted("true"), hidden.formatted("false")), List.of(press, press))) {
                count(adapter, "{\"a\":1}");
                browser.await(shown("persisted") + " === '" + ++sum + "'");
                browser.eval(rest.get(0));
                assertThat(browser.eval("document.body.dataset.link")).startsWith("Paused");
                Await.until("its stream ends", () -> browser.streams() == 0);
                count(adapter, "{\"a\":1}");
                ++sum;
                int counted = sum;
                Await.until(
                        "it is stored",
                        () -> database.number("SELECT coalesce(sum(value), 0)::bigint FROM everycount_counter")
                                == counted);
                assertThat(browser.eval(shown("persisted"))).isEqualTo(Integer.toString(sum - 1));
                assertThat(browser.eval("document.getElementById('verdict').className"))
                        .as("old numbers are not called good")
                        .isEqualTo("unknown");
                browser.eval(rest.get(1));
                browser.await(shown("persisted") + " === '" + sum + "' && " + GOOD + " && " + LIVE);
            }
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void it_is_opened_by_logging_in_and_closed_by_logging_out() throws Exception {
        Path keys = directory.resolve("keys");
        String reader = new KeyRing(keys, Clock.systemUTC())
                .create("reader", EnumSet.of(Scope.READ), null, null)
                .credential();
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Adapter adapter = Adapter.start(database.jdbcUrl(), "--keys-file", keys.toString());
                Browser browser = browser("login")) {
            browser.open(adapter.url() + "/");
            browser.await("location.pathname === '/login' && document.readyState === 'complete'");
            shot(browser, "login");
            browser.eval("(document.getElementById('key').value = " + Browser.quoted(reader)
                    + ", document.querySelector('button').click())");
            browser.await("location.pathname === '/' && " + LIVE);
            assertThat(browser.eval("document.cookie"))
                    .as("scripts see no session")
                    .isEmpty();
            browser.eval("document.querySelector('form button').click()");
            browser.await("location.pathname === '/login'");
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void it_says_that_the_server_has_gone_and_finds_the_next_one() throws Exception {
        try (TestDatabase database = PostgresServer.shared().newDatabase();
                Browser browser = browser("gone")) {
            int port;
            try (Adapter first = Adapter.start(database.jdbcUrl(), "--drain-time", "0s")) {
                port = first.port();
                count(first, "{\"a\":5}");
                browser.open(first.url() + "/");
                browser.await(shown("persisted") + " === '5'");
                first.command().terminate();
                assertThat(first.command().status()).isZero();
            }
            browser.await("document.body.dataset.link !== 'Live' && !(" + GOOD + ")");
            assertThat(browser.eval(shown("persisted"))).isEqualTo("5");
            try (Adapter second = Adapter.start(database.jdbcUrl(), "--listen", "127.0.0.1:" + port)) {
                count(second, "{\"a\":2}");
                browser.await(LIVE + " && " + shown("persisted") + " === '2'");
                browser.await(
                        "[...document.querySelectorAll('#counters tr')].map(r => r.dataset.value).join() === '7'");
            }
        }
    }
}
