// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/**
 * A log event as one line, whatever is in its texts: for people, or as fields in logfmt or JSON. The fields are
 * {@code time} (UTC), {@code level}, {@code logger}, {@code thread}, the pairs that the event has, {@code message} and
 * {@code error}. For people, a stack trace follows on lines that are indented.
 */
final class LineEncoder extends EncoderBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", Locale.ROOT);

    /** What could end a line or move a cursor. */
    private static final Pattern UNSAFE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    private final Format format;

    /** What lines look like. */
    enum Format {
        TEXT,
        LOGFMT,
        JSON
    }

    LineEncoder(Format format) {
        this.format = format;
    }

    @Override
    public byte @Nullable [] headerBytes() {
        return null;
    }

    @Override
    public byte @Nullable [] footerBytes() {
        return null;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(200);
        if (format == Format.TEXT) {
            appendText(line, event);
        } else {
            appendFields(line, event);
        }
        return line.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void appendText(StringBuilder line, ILoggingEvent event) {
        line.append(TIME.format(event.getInstant().atZone(ZoneId.systemDefault())))
                .append(String.format(Locale.ROOT, " %-5s [", event.getLevel()))
                .append(event.getThreadName())
                .append("] ")
                .append(shortName(event))
                .append(": ")
                .append(cleaned(String.valueOf(event.getFormattedMessage())));
        IThrowableProxy error = event.getThrowableProxy();
        if (error != null) {
            ThrowableProxyUtil.asString(error)
                    .lines()
                    .forEach(part -> line.append("\n    ").append(cleaned(part)));
        }
    }

    private static String cleaned(String text) {
        return UNSAFE.matcher(text).replaceAll(" ");
    }

    private static String shortName(ILoggingEvent event) {
        String logger = event.getLoggerName();
        return logger.substring(logger.lastIndexOf('.') + 1);
    }

    private void appendFields(StringBuilder line, ILoggingEvent event) {
        boolean json = format == Format.JSON;
        fields(event).forEach((name, value) -> {
            line.append(line.isEmpty() ? json ? "{" : "" : json ? "," : " ");
            if (json) {
                line.append('"').append(name).append("\":");
            } else {
                line.append(name).append('=');
            }
            append(line, value);
        });
        line.append(json ? "}" : "");
    }

    private static Map<String, Object> fields(ILoggingEvent event) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("time", TIME.format(event.getInstant().atOffset(ZoneOffset.UTC)));
        fields.put("level", event.getLevel().toString().toLowerCase(Locale.ROOT));
        fields.put("logger", shortName(event));
        fields.put("thread", event.getThreadName());
        if (event.getKeyValuePairs() != null) {
            for (KeyValuePair pair : event.getKeyValuePairs()) {
                fields.putIfAbsent(pair.key.replaceAll("[^A-Za-z0-9_]", "_"), pair.value == null ? "" : pair.value);
            }
        }
        fields.put("message", String.valueOf(event.getFormattedMessage()));
        IThrowableProxy error = event.getThrowableProxy();
        if (error != null) {
            fields.put("error", ThrowableProxyUtil.asString(error));
        }
        return fields;
    }

    private void append(StringBuilder line, Object value) {
        String text = value.toString();
        boolean bare = format == Format.JSON
                ? value instanceof Integer || value instanceof Long || value instanceof Boolean
                : !text.isEmpty() && text.chars().allMatch(LineEncoder::isPlain);
        if (bare) {
            line.append(text);
        } else {
            appendQuoted(line, text);
        }
    }

    private static boolean isPlain(int c) {
        return c > ' ' && c < 127 && c != '"' && c != '=' && c != '\\';
    }

    /** As a JSON string, which logfmt's readers understand, too. What could end a line or move a cursor is escaped. */
    private static void appendQuoted(StringBuilder line, String text) {
        line.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> line.append('\\').append(c);
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\t' -> line.append("\\t");
                default -> {
                    if (Character.isHighSurrogate(c)
                            && i + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(i + 1))) {
                        line.append(c).append(text.charAt(++i));
                    } else if (isHarmless(c)) {
                        line.append(c);
                    } else {
                        line.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    }
                }
            }
        }
        line.append('"');
    }

    private static boolean isHarmless(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
