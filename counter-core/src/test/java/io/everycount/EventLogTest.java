// SPDX-License-Identifier: Apache-2.0
package io.everycount;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.everycount.model.Await;
import io.everycount.model.ModelStore;
import io.everycount.model.ModelStore.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A line for each change, not for each flush or failure. */
@Timeout(120)
class EventLogTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Logger logger = (Logger) LoggerFactory.getLogger(CounterCache.class);
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final ModelStore store = new ModelStore("store");

    @BeforeEach
    void listen() {
        appender.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(appender);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(appender);
        logger.setAdditive(true);
        logger.setLevel(null);
    }

    private CounterCache cache() {
        return CounterCache.builder(store)
                .flushInterval(Duration.ofMillis(5))
                .retryBackoff(Duration.ofMillis(1), Duration.ofMillis(1))
                .build();
    }

    /** A pair's values in the lines of an event, oldest first. Once the cache is closed, all have been told. */
    private List<Object> of(String event, String pair) {
        return List.copyOf(appender.list).stream()
                .filter(line -> event.equals(value(line, "event")))
                .map(line -> value(line, pair))
                .toList();
    }

    private static Object value(ILoggingEvent line, String key) {
        return line.getKeyValuePairs() == null
                ? null
                : line.getKeyValuePairs().stream()
                        .filter(pair -> pair.key.equals(key))
                        .map(pair -> Objects.requireNonNull(pair.value))
                        .findFirst()
                        .orElse(null);
    }

    @Test
    void a_sink_that_fails_for_long_is_told_of_now_and_then_and_once_when_it_works_again() {
        store.faults((op, argument) -> Fault.BEFORE);
        CounterCache cache = cache();
        cache.increment("a");
        Await.until(() -> cache.stats().sinks().get(0).retries() >= 45);
        store.faults((op, argument) -> Fault.NONE);
        cache.close();
        Await.until(() -> !of("sink_works", "sink").isEmpty());
        long failures = cache.stats().sinks().get(0).retries();
        List<Object> told = of("sink_failed", "failures");
        assertThat(told).startsWith(1, 20, 40).hasSize((int) (1 + failures / 20));
        assertThat(of("sink_failed", "sink")).containsOnly("store");
        assertThat(of("sink_works", "failures")).hasSize(1);
    }

    @Test
    void flushes_that_work_are_not_logged() throws Exception {
        try (CounterCache cache = cache()) {
            for (int i = 0; i < 50; i++) {
                cache.increment("a");
                cache.flush(LONG);
            }
        }
        assertThat(appender.list).isEmpty();
    }

    @Test
    void a_key_that_is_refused_again_and_again_is_told_of_now_and_then() throws Exception {
        store.poison(key -> key.equals("bad"));
        try (CounterCache cache = cache()) {
            for (int i = 0; i < 25; i++) {
                cache.increment("bad");
                cache.flush(LONG);
            }
            cache.increment("good");
            cache.flush(LONG);
            cache.increment("bad");
            cache.flush(LONG);
        }
        Await.until(() -> of("quarantined", "batches").size() == 3);
        assertThat(of("quarantined", "batches")).containsExactly(1, 20, 1);
        assertThat(of("quarantined", "entries")).containsOnly(1);
    }
}
