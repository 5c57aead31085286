// SPDX-License-Identifier: Apache-2.0
package io.everycount.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose cache has a journal. */
class JournalIT {
    @TempDir
    private Path root;

    private Running start() throws IOException {
        return Running.start(
                cache -> cache.journal(root).flushOnlyWhenAsked(), server -> server.ackTimeout(Duration.ofSeconds(30)));
    }

    private static void assertAck(HttpResponse<String> answer, int status, String level) {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Everycount-Ack")).contains(level);
        assertThat(answer.body()).contains("\"ack\":\"" + level + "\"");
    }

    @Test
    void the_journal_is_the_level_that_is_waited_for_if_none_is_asked_for() throws Exception {
        try (Running running = start()) {
            assertAck(running.post("/increment", Running.FORM, "key=a&value=5"), 202, "journal");
            assertAck(running.post("/increment", Running.JSON, "{\"key\":\"a\"}"), 202, "journal");
            assertAck(running.post("/increments", Running.TEXT, "a 1\nb 2\n"), 202, "journal");
            assertThat(running.cache.stats().lastRecord()).isEqualTo(3);
            assertThat(running.cache.stats().persisted()).isZero();
            running.flush();
            assertThat(running.stored("a")).isEqualTo(7);
        }
    }

    @Test
    void each_level_can_be_asked_for() throws Exception {
        try (Running running = start()) {
            assertAck(running.post("/increment", Running.FORM, "key=a", "Prefer", "ack=memory"), 202, "memory");
            assertAck(running.post("/increment", Running.FORM, "key=a", "Prefer", "ack=journal"), 202, "journal");
            assertAck(running.post("/increments", Running.TEXT, "a 1\n", "Prefer", "ack=journal"), 202, "journal");
            // Nobody flushes: so it is told what was reached, and that it is counted.
            HttpResponse<String> late = running.post("/increment", Running.FORM, "key=a", "Prefer", "ack=sink, wait=0");
            assertAck(late, 202, "memory");
            assertThat(late.body()).contains("the sink did not have it in time");
            HttpResponse<String> journaled =
                    running.post("/increments", Running.TEXT, "a 1\nb 1\n", "Prefer", "ack=sink, wait=3");
            assertAck(journaled, 202, "journal");
            assertThat(journaled.body()).contains("the sink did not have it in time");
            running.flush();
            assertThat(running.stored("a")).isEqualTo(5);
        }
    }

    @Test
    void what_was_answered_is_there_after_a_stop_that_could_not_write() throws Exception {
        try (Running running = start()) {
            running.proxy.refuse(true);
            running.proxy.cutNow();
            for (int i = 0; i < 10; i++) {
                assertAck(running.post("/increment", Running.FORM, "key=a&value=3"), 202, "journal");
            }
            running.server.close();
            assertThat(running.cache.close(Duration.ZERO).isJournaled()).isTrue();
            running.proxy.refuse(false);
            try (io.everycount.CounterCache next = io.everycount.CounterCache.builder(running.sink)
                    .journal(root)
                    .build()) {
                next.flush(Duration.ofSeconds(60));
            }
            assertThat(running.stored("a")).isEqualTo(30);
        }
    }

    @Test
    void a_full_journal_is_503_for_who_wants_it_and_nothing_of_that_is_counted() throws Exception {
        try (Running running = Running.start(
                cache -> cache.journal(root).journalBytes(1 << 20).maxKeyBytes(1_024),
                server -> server.ackTimeout(Duration.ofSeconds(30)))) {
            running.proxy.refuse(true);
            running.proxy.cutNow();
            HttpResponse<String> answer = null;
            long counted = 0;
            // Summing up makes room some times before it is really full.
            int refusals = 0;
            for (int i = 0; i < 5_000 && refusals < 300; i++) {
                StringBuilder lines = new StringBuilder();
                for (int k = 0; k < 20; k++) {
                    lines.append("k".repeat(900))
                            .append(i)
                            .append('.')
                            .append(k)
                            .append(" 1\n");
                }
                answer = running.post("/increments", Running.TEXT, lines.toString(), "Prefer", "ack=journal, wait=1");
                counted += answer.statusCode() == 202 ? 20 : 0;
                refusals = answer.statusCode() == 202 ? 0 : refusals + 1;
            }
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.headers().firstValue("Retry-After")).isPresent();
            assertThat(answer.body()).contains("journal-unavailable", "is full", "\"counted\":0");
            assertAck(running.post("/increment", Running.FORM, "key=m", "Prefer", "ack=memory"), 202, "memory");
            assertThat(running.get("/health/ready").body()).contains("degraded", "is full");
            assertThat(running.get("/metrics").body()).contains("everycount_journal_available 0.0");
            running.proxy.refuse(false);
            running.flush();
            assertThat(running.cache.stats().accepted()).isEqualTo(counted + 1);
            assertThat(running.cache.stats().persisted()).isEqualTo(counted + 1);
            // Room is made after what was in it is persisted, by another thread.
            long deadline = System.nanoTime() + 20_000_000_000L;
            do {
                answer = running.post("/increment", Running.FORM, "key=m");
            } while (answer.statusCode() == 503 && System.nanoTime() < deadline);
            assertAck(answer, 202, "journal");
        }
    }

    @Test
    void statistics_and_metrics_tell_of_the_journal() throws Exception {
        try (Running running = start()) {
            running.post("/increment", Running.FORM, "key=a");
            String stats = running.get("/stats").body();
            assertThat(stats)
                    .contains("\"journal\":{\"directory\":\"" + root.toString())
                    .contains("\"problem\":null", "\"forked\":0");
            assertThat(running.get("/metrics").body())
                    .contains("everycount_journal_bytes ", "everycount_journal_commits_total ")
                    .contains("everycount_journal_available 1.0");
            assertThat(running.get("/health/ready").body()).contains("\"ready\"");
        }
        assertThat(Files.list(root)).isNotEmpty();
    }
}
