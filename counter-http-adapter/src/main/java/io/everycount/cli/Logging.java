// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import org.slf4j.LoggerFactory;

/** What is logged, and how: on standard error, as the settings say. */
final class Logging {
    private static final String FILE = "logback.configurationFile";
    private static final String QUIET = "io/everycount/cli/logback.xml";
    private static final String PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{0}: %msg%n";

    private Logging() {}

    /** Logs nothing, unless the user has a configuration of their own. Before anything asks for a logger. */
    static void prepare() {
        if (System.getProperty(FILE) == null) {
            System.setProperty(FILE, QUIET);
        }
    }

    /** Logs as the settings say, unless the user has a configuration of their own. */
    static void start(Settings settings) {
        if (!QUIET.equals(System.getProperty(FILE))
                || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("console");
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, settings.get(Setting.LOG_FORMAT).equals("json")));
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        Level level = Level.toLevel(settings.get(Setting.LOG_LEVEL));
        // Others are louder than they are worth, below warnings.
        root.setLevel(level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN);
        context.getLogger("io.everycount").setLevel(level);
        // Warns of what clients send, as often as they like; they are answered, and that is counted.
        context.getLogger("org.eclipse.jetty.http").setLevel(Level.ERROR);
        context.getLogger("org.eclipse.jetty.util.HostPort").setLevel(Level.ERROR);
    }

    private static Encoder<ILoggingEvent> encoder(LoggerContext context, boolean json) {
        EncoderBase<ILoggingEvent> encoder;
        if (json) {
            JsonEncoder inJson = new JsonEncoder();
            inJson.setWithSequenceNumber(false);
            inJson.setWithContext(false);
            inJson.setWithFormattedMessage(true);
            inJson.setWithMessage(false);
            inJson.setWithArguments(false);
            encoder = inJson;
        } else {
            PatternLayoutEncoder pattern = new PatternLayoutEncoder();
            pattern.setPattern(PATTERN);
            encoder = pattern;
        }
        encoder.setContext(context);
        encoder.start();
        return encoder;
    }
}
