// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.AckLevel;
import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Shown;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a caller prefers: the {@code Prefer} header of RFC 7240, with its {@code wait} and our {@code ack}.
 * Other preferences are ignored, as the RFC wants it.
 *
 * @param ack the level that is wanted; null if not said
 * @param waitSeconds how long the caller would wait for it; -1 if not said
 */
record Prefer(@Nullable AckLevel ack, int waitSeconds) {
    private static final Prefer NOTHING = new Prefer(null, -1);
    private static final int WAIT_SECONDS_MAX = 86_400;

    /** @param header null if there is none */
    static Prefer of(@Nullable String header) {
        if (header == null) {
            return NOTHING;
        }
        AckLevel ack = null;
        int wait = -1;
        for (String part : parts(header)) {
            int parameters = part.indexOf(';');
            String preference = (parameters < 0 ? part : part.substring(0, parameters)).strip();
            int equals = preference.indexOf('=');
            String name = (equals < 0 ? preference : preference.substring(0, equals))
                    .strip()
                    .toLowerCase(Locale.ROOT);
            String value =
                    equals < 0 ? "" : unquoted(preference.substring(equals + 1).strip());
            switch (name) {
                case "ack" -> ack = level(value);
                case "wait" -> wait = seconds(value);
                default -> {}
            }
        }
        return new Prefer(ack, wait);
    }

    /** Split at commas that are not within quotes. */
    private static List<String> parts(String header) {
        List<String> parts = new ArrayList<>();
        boolean quoted = false;
        int from = 0;
        for (int i = 0; i < header.length(); i++) {
            char c = header.charAt(i);
            if (quoted && c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                parts.add(header.substring(from, i));
                from = i + 1;
            }
        }
        parts.add(header.substring(from));
        return parts;
    }

    private static String unquoted(String value) {
        return value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")
                ? value.substring(1, value.length() - 1)
                : value;
    }

    private static AckLevel level(String level) {
        return switch (level) {
            case "memory" -> AckLevel.MEMORY;
            case "journal" -> AckLevel.JOURNAL;
            case "sink" -> AckLevel.SINK;
            default ->
                throw bad("Prefer: ack=" + Shown.text(level) + " was given; memory, journal and sink are levels.");
        };
    }

    private static int seconds(String value) {
        if (value.isEmpty() || value.length() > 9 || !value.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw bad("Prefer: wait=" + Shown.text(value) + " was given; a number of whole seconds is allowed.");
        }
        return Math.min(Integer.parseInt(value), WAIT_SECONDS_MAX);
    }

    private static RuntimeException bad(String detail) {
        return Problem.of(400, "bad-preference", "Preference not understood", detail)
                .asException();
    }
}
