// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LoggingSinkTest {
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final Logger logger = new LoggerContext().getLogger("counters");
    private final LoggingSink sink = new LoggingSink(logger);

    @BeforeEach
    void collectLines() {
        appender.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(appender);
    }

    private List<String> linesFor(String... keys) {
        UUID instance = UUID.randomUUID();
        UUID owner = UUID.randomUUID();
        sink.register(new Registration(instance, owner, "test"));
        byte[][] bytes = Stream.of(keys).map(key -> key.getBytes(UTF_8)).toArray(byte[][]::new);
        long[] deltas = new long[keys.length];
        Arrays.setAll(deltas, i -> i + 1L);
        assertThat(sink.write(new CounterBatch(instance, owner, Mark.ORIGIN, new Mark(1, 1), bytes, deltas))
                        .isApplied())
                .isTrue();
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void everyKeyIsALineAtLevelInfo() {
        assertThat(linesFor("a", "b c")).containsExactly("a 1", "b c 2");
        assertThat(appender.list).extracting(ILoggingEvent::getLevel).containsOnly(Level.INFO);
    }

    @Test
    void aKeyCannotForgeALine() {
        assertThat(linesFor("a\r\nb 5", "x\u001b[2J", "y\u2028z"))
                .containsExactly("a\\u000d\\u000ab 5 1", "x\\u001b[2J 2", "y\\u2028z 3");
    }

    @Test
    void aKeyThatLooksEscapedIsToldFromOneThatIs() {
        assertThat(linesFor("a\n", "a\\u000a")).containsExactly("a\\u000a 1", "a\\\\u000a 2");
    }

    @Test
    void bracesAndOtherScriptsAreLeftAlone() {
        assertThat(linesFor("{}", "\u65e5\ud83d\ude00")).containsExactly("{} 1", "\u65e5\ud83d\ude00 2");
    }
}
