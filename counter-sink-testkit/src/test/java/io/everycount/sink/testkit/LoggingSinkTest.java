// SPDX-License-Identifier: Apache-2.0
package io.everycount.sink.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.everycount.sink.CounterSink;
import io.everycount.sink.LoggingSink;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class LoggingSinkTest extends AtLeastOnceSinkContract {
    private static final Pattern ESCAPE = Pattern.compile("\\\\(\\\\|u([0-9a-f]{4}))");

    @Override
    protected ReceiverUnderTest newReceiver() {
        // A context of its own: nothing else's lines, and none of these on the console.
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        var logger = new LoggerContext().getLogger("counters");
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        return new ReceiverUnderTest() {
            @Override
            public CounterSink openSink() {
                return new LoggingSink(logger);
            }

            @Override
            public Map<String, Long> received() {
                Map<String, Long> sums = new HashMap<>();
                for (ILoggingEvent line : List.copyOf(lines.list)) {
                    String text = line.getFormattedMessage();
                    int end = text.lastIndexOf(' ');
                    sums.merge(unescaped(text.substring(0, end)), Long.valueOf(text.substring(end + 1)), Long::sum);
                }
                return sums;
            }
        };
    }

    private static String unescaped(String key) {
        return ESCAPE.matcher(key)
                .replaceAll(match -> Matcher.quoteReplacement(
                        match.group(2) == null ? "\\" : Character.toString(Integer.parseInt(match.group(2), 16))));
    }
}
