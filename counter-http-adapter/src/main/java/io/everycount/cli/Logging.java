// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** What is logged, and how: on standard error, as the settings say. */
final class Logging {
    private static final String FILE = "logback.configurationFile";
    private static final String QUIET = "io/everycount/cli/logback.xml";

    private Logging() {}

    /** Logs nothing, unless the user has a configuration of their own. Before anything asks for a logger. */
    static void prepare() {
        if (System.getProperty(FILE) == null) {
            System.setProperty(FILE, QUIET);
        }
    }

    /**
     * Logs as the settings say, unless the user has a configuration of their own.
     *
     * @return whether the log is for programs, so that everything on standard error ought to be in it
     */
    static boolean start(Settings settings) {
        if (!QUIET.equals(System.getProperty(FILE))
                || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return false;
        }
        LineEncoder.Format format =
                LineEncoder.Format.valueOf(settings.get(Setting.LOG_FORMAT).toUpperCase(Locale.ROOT));
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("console");
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, format));
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
        return format != LineEncoder.Format.TEXT;
    }

    static Encoder<ILoggingEvent> encoder(LoggerContext context, LineEncoder.Format format) {
        Encoder<ILoggingEvent> encoder = new LineEncoder(format);
        encoder.setContext(context);
        encoder.start();
        return encoder;
    }
}
