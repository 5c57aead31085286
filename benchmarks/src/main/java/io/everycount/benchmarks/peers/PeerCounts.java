// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.peers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What the bare servers do with a request: they read its body as one would who writes such a thing once,
 * and count in a map. The same for each of them, so that only the servers differ. Thread-safe.
 */
final class PeerCounts {
    /** The longest body that is taken. */
    static final int BODY_BYTES_MAX = 1 << 20;

    /** What an answer says besides its body. */
    static final String CONTENT_TYPE = "application/json";

    static final String LEVEL_HEADER = "Everycount-Ack";
    static final String LEVEL = "memory";

    private static final byte[] ONE_ACCEPTED = accepted(1);

    private final ConcurrentHashMap<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final JsonFactory json = new JsonFactory();

    private record Increment(String key, long delta) {}

    /**
     * Counts what a POST brings; all of it or nothing.
     *
     * @return the body of the answer 202; null if there is no such path
     * @throws IOException if the body is malformed
     * @throws RuntimeException likewise
     */
    byte @Nullable [] post(String path, @Nullable String contentType, byte[] body) throws IOException {
        boolean isJson = CONTENT_TYPE.equals(contentType);
        switch (path) {
            case "/increment":
                add(isJson ? one(body) : form(body));
                return ONE_ACCEPTED;
            case "/increments":
                List<Increment> all = isJson ? array(body) : lines(body);
                all.forEach(this::add);
                return accepted(all.size());
            default:
                return null;
        }
    }

    /** What was counted for a key. */
    long count(String key) {
        LongAdder adder = counts.get(key);
        return adder == null ? 0 : adder.sum();
    }

    private void add(Increment increment) {
        counts.computeIfAbsent(increment.key, k -> new LongAdder()).add(increment.delta);
    }

    private static Increment form(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        String key = null;
        long delta = 1;
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('&', start);
            end = end < 0 ? text.length() : end;
            int equals = text.indexOf('=', start);
            String value = URLDecoder.decode(text.substring(equals + 1, end), StandardCharsets.UTF_8);
            switch (text.substring(start, equals)) {
                case "key" -> key = value;
                case "value" -> delta = Long.parseLong(value);
                default -> throw new IllegalArgumentException("unknown field");
            }
            start = end + 1;
        }
        return checked(key, delta);
    }

    private Increment one(byte[] body) throws IOException {
        try (JsonParser parser = json.createParser(body)) {
            expect(JsonToken.START_OBJECT, parser.nextToken());
            return object(parser);
        }
    }

    private List<Increment> array(byte[] body) throws IOException {
        List<Increment> all = new ArrayList<>();
        try (JsonParser parser = json.createParser(body)) {
            expect(JsonToken.START_ARRAY, parser.nextToken());
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                all.add(object(parser));
            }
            expect(JsonToken.END_ARRAY, parser.currentToken());
        }
        return all;
    }

    private static Increment object(JsonParser parser) throws IOException {
        String key = null;
        long delta = 1;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            parser.nextToken();
            switch (name) {
                case "key" -> key = parser.getText();
                case "value" -> delta = parser.getLongValue();
                default -> throw new IllegalArgumentException("unknown member");
            }
        }
        expect(JsonToken.END_OBJECT, parser.currentToken());
        return checked(key, delta);
    }

    private static List<Increment> lines(byte[] body) {
        List<Increment> all = new ArrayList<>();
        String text = new String(body, StandardCharsets.UTF_8);
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('\n', start);
            end = end < 0 ? text.length() : end;
            int space = text.lastIndexOf(' ', end);
            all.add(checked(text.substring(start, space), Long.parseLong(text, space + 1, end, 10)));
            start = end + 1;
        }
        return all;
    }

    private static Increment checked(@Nullable String key, long delta) {
        if (key == null || key.isEmpty()) {
            throw new IllegalArgumentException("no key");
        }
        return new Increment(key, delta);
    }

    private static void expect(JsonToken expected, @Nullable JsonToken token) {
        if (token != expected) {
            throw new IllegalArgumentException("not the expected JSON");
        }
    }

    private static byte[] accepted(int increments) {
        return ("{\"accepted\":" + increments + ",\"ack\":\"memory\"}\n").getBytes(StandardCharsets.US_ASCII);
    }
}
