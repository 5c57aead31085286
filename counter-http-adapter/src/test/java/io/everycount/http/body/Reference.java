// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.body;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.everycount.http.body.Parsed.Entry;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a body means, by Jackson, by URLDecoder and by regular expressions: slow, and short enough to be seen
 * to be right. Empty for a body that has to be refused. JSON is read as text, because keys that are not UTF-8
 * are the cache's business.
 */
final class Reference {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]+");
    private static final Pattern LINE =
            Pattern.compile("([^\\x00-\\x20](?:[^\\x00-\\x08\\x0a-\\x1f]*[^\\x00-\\x20])?)[ \\t]+(-?[0-9]+)[ \\t]*");
    private static final Pattern BAD_ESCAPE = Pattern.compile("%(?![0-9a-fA-F]{2})");
    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f]");
    private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

    /** The body has to be refused. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused() {
            super(null, null, false, false);
        }
    }

    @FunctionalInterface
    private interface Reading {
        List<Entry> entries() throws Refused, IOException;
    }

    private Reference() {}

    private static Optional<List<Entry>> reading(int max, Reading reading) {
        try {
            List<Entry> entries = reading.entries();
            return entries.size() > max ? Optional.empty() : Optional.of(entries);
        } catch (Refused | IOException e) {
            return Optional.empty();
        }
    }

    static Optional<List<Entry>> one(byte[] body) {
        return reading(1, () -> List.of(entry(new String(body, StandardCharsets.UTF_8))));
    }

    private static Entry entry(String document) throws Refused, IOException {
        try (JsonParser json = JSON.createParser(document)) {
            require(json.nextToken() == JsonToken.START_OBJECT);
            Entry entry = entry(json);
            require(json.nextToken() == null);
            return entry;
        }
    }

    /** An object whose beginning was read. */
    private static Entry entry(JsonParser json) throws Refused, IOException {
        Optional<String> key = Optional.empty();
        Optional<Long> delta = Optional.empty();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals("key")) {
                require(key.isEmpty() && json.currentToken() == JsonToken.VALUE_STRING);
                key = Optional.of(wellFormed(json.getText()));
            } else {
                require(name.equals("value") && delta.isEmpty());
                delta = Optional.of(delta(json));
            }
        }
        require(key.isPresent());
        return new Entry(key.get(), delta.orElse(1L));
    }

    static Optional<List<Entry>> many(byte[] body, int max) {
        return reading(max, () -> {
            List<Entry> entries = new ArrayList<>();
            try (JsonParser json = JSON.createParser(new String(body, StandardCharsets.UTF_8))) {
                if (json.nextToken() == JsonToken.START_ARRAY) {
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        require(json.currentToken() == JsonToken.START_OBJECT);
                        entries.add(entry(json));
                    }
                } else {
                    require(json.currentToken() == JsonToken.START_OBJECT);
                    while (json.nextToken() == JsonToken.FIELD_NAME) {
                        String key = wellFormed(json.currentName());
                        json.nextToken();
                        entries.add(new Entry(key, delta(json)));
                    }
                }
                require(json.nextToken() == null);
            }
            return entries;
        });
    }

    static Optional<List<Entry>> ndjson(byte[] body, int max) {
        return reading(max, () -> {
            List<Entry> entries = new ArrayList<>();
            for (String line : new String(body, StandardCharsets.UTF_8).split("\n", -1)) {
                if (!line.matches("[ \t\r]*")) {
                    entries.add(entry(line));
                }
            }
            return entries;
        });
    }

    private static long delta(JsonParser json) throws Refused, IOException {
        require(json.currentToken() == JsonToken.VALUE_NUMBER_INT);
        return fitting(json.getText());
    }

    /** Jackson lets half a surrogate pair pass. */
    private static String wellFormed(String text) throws Refused {
        require(StandardCharsets.UTF_16BE.newEncoder().canEncode(text));
        return text;
    }

    static Optional<List<Entry>> text(byte[] body, int max) {
        return reading(max, () -> {
            List<Entry> entries = new ArrayList<>();
            for (String line : withoutMark(body).split("\n", -1)) {
                String shown = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
                if (!shown.isEmpty()) {
                    Matcher matcher = LINE.matcher(shown);
                    require(matcher.matches());
                    entries.add(new Entry(utf8(matcher.group(1)), fitting(matcher.group(2))));
                }
            }
            return entries;
        });
    }

    static Optional<List<Entry>> form(byte[] body) {
        return reading(1, () -> {
            Optional<String> key = Optional.empty();
            Optional<Long> delta = Optional.empty();
            String form = withoutMark(body);
            require(!CONTROL.matcher(form).find() && !BAD_ESCAPE.matcher(form).find());
            for (String field : form.split("&", -1)) {
                if (!field.isEmpty()) {
                    String[] parts = field.split("=", 2);
                    require(parts.length == 2);
                    String name = URLDecoder.decode(parts[0], StandardCharsets.ISO_8859_1);
                    String value = URLDecoder.decode(parts[1], StandardCharsets.ISO_8859_1);
                    if (name.equals("key")) {
                        require(key.isEmpty());
                        key = Optional.of(utf8(value));
                    } else {
                        require(name.equals("value") && delta.isEmpty());
                        require(INTEGER.matcher(value).matches());
                        delta = Optional.of(fitting(value));
                    }
                }
            }
            require(key.isPresent());
            return List.of(new Entry(key.get(), delta.orElse(1L)));
        });
    }

    /** The body, a character for each byte. */
    private static String withoutMark(byte[] body) throws Refused {
        String bytes = new String(body, StandardCharsets.ISO_8859_1);
        require(!bytes.startsWith(BYTE_ORDER_MARK));
        return bytes;
    }

    private static String utf8(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static long fitting(String integer) throws Refused {
        BigInteger value = new BigInteger(integer);
        require(value.bitLength() < Long.SIZE);
        return value.longValue();
    }

    private static void require(boolean allowed) throws Refused {
        if (!allowed) {
            throw new Refused();
        }
    }
}
