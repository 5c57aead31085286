// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks an adapter for the greatest totals, and for its statistics. */
final class HttpTop implements TopLook.Source {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Duration ANSWER_MAX = Duration.ofSeconds(10);

    private final HttpClient client;
    private final URI base;
    private final @Nullable Secret apiKey;

    HttpTop(HttpClient client, URI base, @Nullable Secret apiKey) {
        this.client = client;
        this.base = base;
        this.apiKey = apiKey;
    }

    @Override
    public TopLook look(String prefix, int keysMax) throws IOException, InterruptedException {
        String query = "/counters?order=value&limit=" + keysMax + "&prefix="
                + URLEncoder.encode(prefix, StandardCharsets.UTF_8);
        Map<String, Long> totals = totals(get(query));
        long nanos = System.nanoTime();
        return new TopLook(header(scalars(get("/stats"))), totals, nanos);
    }

    private byte[] get(String pathAndQuery) throws IOException, InterruptedException {
        HttpResponse<byte[]> response;
        try {
            response = client.send(
                    HttpTarget.request(base, pathAndQuery, apiKey)
                            .timeout(ANSWER_MAX)
                            .GET()
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            String why = e instanceof ConnectException ? "nobody listens there" : FileProblem.of(e);
            throw new IOException(base + " does not answer: " + why, e);
        }
        if (response.statusCode() != 200) {
            String advice = response.statusCode() == 401 ? "; give --api-key-file" : "";
            throw new IOException(base.resolve(pathAndQuery) + " answers " + describe(response) + advice);
        }
        return response.body();
    }

    private static String describe(HttpResponse<byte[]> response) {
        String contentType = response.headers().firstValue("Content-Type").orElse("");
        return Answers.describe(response.statusCode(), contentType, response.body());
    }

    /** The keys and values of {@code {"counters": [{"key": …, "value": …}, …]}}. */
    static Map<String, Long> totals(byte[] answer) throws IOException {
        Map<String, Long> totals = new LinkedHashMap<>();
        try (JsonParser json = JSON.createParser(answer)) {
            requireObject(json);
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                JsonToken value = json.nextToken();
                if (!name.equals("counters") || value != JsonToken.START_ARRAY) {
                    json.skipChildren();
                    continue;
                }
                while (json.nextToken() == JsonToken.START_OBJECT) {
                    readTotal(json, totals);
                }
            }
        }
        return totals;
    }

    private static void readTotal(JsonParser json, Map<String, Long> totals) throws IOException {
        @Nullable String key = null;
        long value = 0;
        for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
            json.nextToken();
            switch (name) {
                case "key" -> key = json.getText();
                case "value" -> value = json.getLongValue();
                default -> json.skipChildren();
            }
        }
        if (key == null) {
            throw new IOException("a counter without a key in the adapter's answer");
        }
        totals.put(key, value);
    }

    /** The members of an object that are neither objects nor arrays, as text. */
    static Map<String, String> scalars(byte[] answer) throws IOException {
        Map<String, String> scalars = new LinkedHashMap<>();
        try (JsonParser json = JSON.createParser(answer)) {
            requireObject(json);
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                if (json.nextToken().isScalarValue()) {
                    scalars.put(name, json.getText());
                } else {
                    json.skipChildren();
                }
            }
        }
        return scalars;
    }

    private static void requireObject(JsonParser json) throws IOException {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new IOException("the adapter's answer is not a JSON object");
        }
    }

    private static String header(Map<String, String> stats) {
        StringBuilder header = new StringBuilder();
        header.append(Text.printable(stats.getOrDefault("instance", "adapter"), 40));
        header.append(" · ").append(stats.getOrDefault("state", "?"));
        for (String name : new String[] {"accepted", "persisted", "pending"}) {
            String value = stats.get(name);
            if (value != null) {
                header.append(" · ").append(name).append(' ');
                header.append(value.matches("-?[0-9]{1,18}") ? Text.count(Long.parseLong(value)) : value);
            }
        }
        String freshness = stats.get("freshnessSeconds");
        if (freshness != null && freshness.matches("[0-9]{1,9}(\\.[0-9]+)?")) {
            header.append(" · freshness ").append(TopLook.seconds(Double.parseDouble(freshness)));
        }
        return header.toString();
    }

    @Override
    public void close() {}
}
