// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is logged is one line, and a program reads back what was meant. */
class LoggingTest {
    private static final String FORGED = "a\n{\"time\":\"now\",\"level\":\"error\",\"message\":\"forged\"}\r\nb";

    private final LoggerContext context = new LoggerContext();

    /** What an encoder makes of what is logged. */
    private String logged(String format, Consumer<Logger> what) {
        Encoder<ILoggingEvent> encoder =
                Logging.encoder(context, LineEncoder.Format.valueOf(format.toUpperCase(Locale.ROOT)));
        List<String> lines = new ArrayList<>();
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                lines.add(new String(encoder.encode(event), StandardCharsets.UTF_8));
            }
        };
        appender.setContext(context);
        appender.start();
        Logger logger = context.getLogger("io.everycount.CounterCache");
        logger.setLevel(Level.INFO);
        logger.addAppender(appender);
        what.accept(logger);
        assertThat(lines).hasSize(1);
        return lines.get(0);
    }

    private static Function<String, Map<String, String>> reader(String format) {
        return format.equals("json") ? LogLine::ofJson : LogLine::ofLogfmt;
    }

    private Map<String, String> fields(String format, Consumer<Logger> what) {
        String line = logged(format, what);
        assertThat(line).endsWith("\n");
        String content = line.substring(0, line.length() - 1);
        assertThat(content).doesNotContainPattern("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");
        return reader(format).apply(content);
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "logfmt"})
    void a_line_has_its_fields_in_order(String format) {
        Map<String, String> fields = fields(
                format,
                log -> log.atWarn()
                        .addKeyValue("event", "sink_failed")
                        .addKeyValue("failures", 20)
                        .addKeyValue("fatal", false)
                        .log("{} failed", "postgres"));
        assertThat(fields.keySet())
                .containsExactly("time", "level", "logger", "thread", "event", "failures", "fatal", "message");
        assertThat(Instant.parse(fields.get("time"))).isBefore(Instant.now().plusSeconds(1));
        assertThat(fields)
                .containsEntry("level", "warn")
                .containsEntry("logger", "CounterCache")
                .containsEntry("thread", Thread.currentThread().getName())
                .containsEntry("event", "sink_failed")
                .containsEntry("failures", "20")
                .containsEntry("fatal", "false")
                .containsEntry("message", "postgres failed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "logfmt"})
    void hostile_texts_come_back_as_they_were_and_end_no_line(String format) {
        List<String> texts = List.of(
                FORGED,
                "",
                " ",
                "=",
                "a=b c=\"d\"",
                "\"",
                "\\",
                "\\\"",
                "\\n",
                "\0\1\u001b[2J\u007f\u0085\u009b31m",
                "\u2028\u2029\u202e\ufeff",
                "ключ \ud83d\ude00",
                "level=error message=\"forged\"");
        for (String text : texts) {
            Map<String, String> fields =
                    fields(format, log -> log.atInfo().addKeyValue("key", text).log("about {}", text));
            assertThat(fields).containsEntry("key", text).containsEntry("message", "about " + text);
            assertThat(fields).hasSize(6).containsEntry("level", "info");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "logfmt"})
    void half_a_character_is_no_error(String format) {
        assertThat(logged(format, log -> log.info("a\ud800b\udc00"))).contains("a\\ud800b\\udc00");
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "logfmt"})
    void an_error_is_a_field_with_its_stack(String format) {
        Map<String, String> fields = fields(
                format,
                log -> log.error("failed", new IllegalStateException(FORGED, new RuntimeException("\u001b[31m"))));
        assertThat(fields.get("error"))
                .startsWith("java.lang.IllegalStateException: " + FORGED)
                .contains("LoggingTest", "Caused by: java.lang.RuntimeException: \u001b[31m");
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "logfmt"})
    void pairs_cannot_take_the_place_of_fields(String format) {
        Map<String, String> fields = fields(
                format,
                log -> log.atInfo()
                        .addKeyValue("level", "error")
                        .addKeyValue("message", "forged")
                        .addKeyValue("a b=\"c\n", (Object) null)
                        .log("real"));
        assertThat(fields)
                .containsEntry("level", "info")
                .containsEntry("message", "real")
                .containsEntry("a_b__c_", "");
    }

    @Test
    void a_line_for_people_is_one_line_too() {
        String line = logged("text", log -> log.warn("postgres failed: {}", FORGED + "\u001b[2J\u2028\u202ec"));
        assertThat(line)
                .endsWith("WARN  [" + Thread.currentThread().getName() + "] CounterCache: postgres failed: a"
                        + " {\"time\":\"now\",\"level\":\"error\",\"message\":\"forged\"} b [2J c\n")
                .matches("\\S+ .*\n");
    }

    @Test
    void a_stack_for_people_is_indented_so_that_nothing_in_it_looks_like_a_line_of_its_own() {
        String lines = logged("text", log -> log.error("failed", new IllegalStateException(FORGED)));
        List<String> all = lines.lines().toList();
        assertThat(all.get(0)).endsWith("CounterCache: failed");
        assertThat(all.subList(1, all.size()))
                .hasSizeGreaterThan(3)
                .allSatisfy(line -> assertThat(line).startsWith("    "));
    }
}
