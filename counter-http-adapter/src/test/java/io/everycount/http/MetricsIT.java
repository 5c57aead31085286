// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a scrape of a real server tells, compared with docs/metrics.md and with what happened. */
class MetricsIT {
    private static final Path TABLES = Path.of("../docs/metrics.md");
    private static final Pattern ROW =
            Pattern.compile("\\| `(everycount_\\w+)` \\| (\\w+) \\| (\\w*) ?\\| ((?:`\\w+`(?:, )?)*) ?\\| (.+) \\|");
    private static final Pattern SAMPLE = Pattern.compile("(everycount_\\w+)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"[^\"]*\"");
    private static final List<String> UNITS = List.of("seconds", "bytes");

    @TempDir
    private Path root;

    /** A metric's type, unit and labels. */
    private record Kind(String type, String unit, List<String> labels) {}

    /** What the tables say, by name. */
    private static Map<String, Kind> documented() throws IOException {
        Map<String, Kind> all = new TreeMap<>();
        for (String line : Files.readAllLines(TABLES)) {
            if (!line.startsWith("| `everycount_")) {
                continue;
            }
            Matcher row = ROW.matcher(line);
            assertThat(row.matches()).as("a row of the tables: %s", line).isTrue();
            List<String> labels = row.group(4).isEmpty()
                    ? List.of()
                    : Arrays.stream(row.group(4).split(", "))
                            .map(label -> label.replace("`", ""))
                            .sorted()
                            .toList();
            Kind before = all.put(row.group(1), new Kind(row.group(2), row.group(3), labels));
            assertThat(before).as("%s is there once", row.group(1)).isNull();
        }
        return all;
    }

    /** What a scrape in Prometheus' text format has, by name; units are what names end with. */
    private static Map<String, Kind> scraped(String text) {
        Map<String, String> types = new TreeMap<>();
        Map<String, TreeSet<String>> labels = new TreeMap<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("# TYPE everycount_")) {
                String[] words = line.split(" ");
                types.put(words[2], words[3]);
                labels.put(words[2], new TreeSet<>());
            }
            Matcher sample = SAMPLE.matcher(line);
            if (sample.matches()) {
                String name = types.containsKey(sample.group(1))
                        ? sample.group(1)
                        : sample.group(1).replaceFirst("_(bucket|sum|count)$", "");
                Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
                while (label.find()) {
                    if (!label.group(1).equals("le")) {
                        labels.get(name).add(label.group(1));
                    }
                }
            }
        }
        Map<String, Kind> all = new TreeMap<>();
        types.forEach((name, type) -> {
            String bare = name.replaceFirst("_total$", "");
            String unit = UNITS.stream().filter(bare::endsWith).findFirst().orElse("");
            all.put(name, new Kind(type, unit, List.copyOf(labels.get(name))));
        });
        return all;
    }

    private static double value(String text, String series) {
        List<Double> found = values(text, series);
        assertThat(found).as(series).hasSize(1);
        return found.get(0);
    }

    private static boolean has(String text, String series, double value) {
        return values(text, series).equals(List.of(value));
    }

    private static List<Double> values(String text, String series) {
        return text.lines()
                .filter(line -> line.startsWith(series + " "))
                .map(line -> Double.valueOf(line.substring(series.length() + 1)))
                .toList();
    }

    @Test
    void the_tables_have_every_metric_and_no_other() throws Exception {
        try (Running running = Running.start(cache -> cache.journal(root), server -> {})) {
            running.post("/increment", Running.FORM, "key=secret-key");
            running.flush();
            // Events come when they come.
            String text = awaitSeries(running, "everycount_flush_keys_count{sink=\"postgres\"}");
            assertThat(scraped(text)).isEqualTo(documented());
            assertThat(text).doesNotContain("secret-key");
        }
    }

    @Test
    void without_a_journal_there_is_nothing_about_one() throws Exception {
        try (Running running = Running.start()) {
            running.post("/increment", Running.FORM, "key=a");
            running.flush();
            String text = awaitSeries(running, "everycount_flush_keys_count{sink=\"postgres\"}");
            Map<String, Kind> expected = documented();
            expected.keySet().removeIf(name -> name.startsWith("everycount_journal_"));
            assertThat(scraped(text)).isEqualTo(expected);
        }
    }

    @Test
    void values_are_what_happened() throws Exception {
        try (Running running = Running.start(
                cache -> cache.journal(root)
                        .journalBytes(32 << 20)
                        .maxKeys(1_000)
                        .maxPendingBytes(2 << 20)
                        .flushInterval(Duration.ofMillis(50)),
                server -> {})) {
            running.post("/increments", Running.TEXT, "a 5\nb 6\nc -1\n");
            running.post("/increment", Running.FORM, "key=");
            running.get("/nothing");
            malformed(running);
            running.flush();
            // A request is counted once its answer is complete, which the client may know a moment before.
            String text = await(
                    running,
                    t -> t.contains("everycount_flush_keys_count{sink=\"postgres\"}")
                            && has(t, "everycount_http_request_duration_seconds_count{method=\"POST\"}", 2)
                            && has(t, "everycount_http_requests_total{status=\"404\"}", 1)
                            && has(t, "everycount_http_request_duration_seconds_count{method=\"other\"}", 1));
            assertThat(value(text, "everycount_persisted_deltas")).isEqualTo(10);
            assertThat(value(text, "everycount_pending_keys")).isZero();
            assertThat(value(text, "everycount_pending_limit_bytes")).isEqualTo(2 << 20);
            assertThat(value(text, "everycount_keys_limit")).isEqualTo(1_000);
            assertThat(value(text, "everycount_journal_limit_bytes")).isEqualTo(32 << 20);
            assertThat(value(text, "everycount_journal_available")).isEqualTo(1);
            assertThat(value(text, "everycount_journal_commit_duration_seconds_count"))
                    .isPositive();
            assertThat(value(text, "everycount_flush_keys_sum{sink=\"postgres\"}"))
                    .isEqualTo(3);
            assertThat(value(text, "everycount_state{state=\"running\"}")).isEqualTo(1);
            assertThat(value(text, "everycount_state{state=\"fenced\"}")).isZero();
            assertThat(value(text, "everycount_sink_state{position=\"0\",sink=\"postgres\",state=\"running\"}"))
                    .isEqualTo(1);
            assertThat(value(text, "everycount_http_request_duration_seconds_sum{method=\"other\"}"))
                    .isBetween(0.0, 3_600.0);
            assertThat(value(text, "everycount_pool_connections_limit")).isEqualTo(4);
            assertThat(value(text, "everycount_pool_connections{state=\"idle\"}")
                            + value(text, "everycount_pool_connections{state=\"active\"}"))
                    .isBetween(1.0, 4.0);
            assertThat(text).containsPattern("everycount_build_info\\{version=\"[^\"]+\"} 1");
        }
    }

    private static void malformed(Running running) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", running.server.port())) {
            OutputStream out = socket.getOutputStream();
            out.write("G E T / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 400");
        }
    }

    @Test
    void what_a_failure_leaves_behind_is_counted() throws Exception {
        try (Running running =
                Running.start(cache -> cache.retryBackoff(Duration.ofMillis(1), Duration.ofMillis(10)), server -> {})) {
            running.post("/increment", Running.FORM, "key=a");
            running.flush();
            running.proxy.refuse(true);
            running.proxy.cutNow();
            running.post("/increments", Running.TEXT, "a 1\nb 1\n");
            String away = await(
                    running,
                    text -> value(text, "everycount_pending_keys") == 2
                            && value(text, "everycount_sink_failing{position=\"0\",sink=\"postgres\"}") == 1);
            assertThat(value(away, "everycount_sink_retries_total{position=\"0\",sink=\"postgres\"}"))
                    .isPositive();
            assertThat(value(away, "everycount_freshness_seconds")).isPositive();
            running.proxy.refuse(false);
            running.flush();
            running.post("/increment", Running.FORM, "key=max&value=" + (1L << 60));
            for (int i = 0; i < 7; i++) {
                running.post("/increment", Running.FORM, "key=max&value=" + (1L << 60));
                running.flush();
            }
            String text = await(
                    running,
                    scrape ->
                            value(scrape, "everycount_sink_quarantined_entries_total{position=\"0\",sink=\"postgres\"}")
                                    == 1);
            assertThat(value(text, "everycount_quarantined_deltas")).isEqualTo(1L << 60);
        }
    }

    private static String awaitSeries(Running running, String series) {
        return await(running, text -> text.contains(series));
    }

    private static String await(Running running, java.util.function.Predicate<String> condition) {
        long deadline = System.nanoTime() + 60_000_000_000L;
        List<String> seen = new ArrayList<>();
        do {
            String text = running.get("/metrics").body();
            if (condition.test(text)) {
                return text;
            }
            seen.add(text);
        } while (System.nanoTime() < deadline);
        throw new AssertionError("not so after " + seen.size() + " scrapes; the last:\n" + seen.get(seen.size() - 1));
    }
}
