// SPDX-License-Identifier: Apache-2.0
package io.everycount.benchmarks.http;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What is sent. */
enum LoadCase {
    /** One increment as a form. */
    FORM("one POST, form", 64, 1),
    /** One increment as JSON. */
    JSON("one POST, JSON", 64, 1),
    /** The same over many connections. */
    JSON_1000("one POST, JSON, 1,000 connections", 1_000, 1),
    /** 1,000 increments in a JSON array. */
    ARRAY("1,000 increments, JSON array", 64, 1_000),
    /** 1,000 increments as lines of text. */
    TEXT("1,000 increments, text lines", 64, 1_000);

    private static final int KEYS = 1_000;

    /** Requests with many increments are made in so many variants: more would not fit a processor's cache. */
    private static final int BIG_VARIANTS = 8;

    /** How much more a request with many increments costs, roughly: so many fewer are sent. */
    private static final int BIG_COST = 15;

    private static final long SEED = 3;

    /** For people. */
    final String title;

    /** How many are kept open. */
    final int connections;

    private final int increments;

    LoadCase(String title, int connections, int increments) {
        this.title = title;
        this.connections = connections;
        this.increments = increments;
    }

    /** How many requests of this take about as long as so many of one increment. */
    int requests(int singles) {
        return Math.max(connections, increments == 1 ? singles : singles / BIG_COST);
    }

    /** Whole requests, headers and body, to be sent in turn. The same each time. */
    List<byte[]> requests(String host) {
        Random random = new Random(SEED);
        int variants = increments == 1 ? KEYS : BIG_VARIANTS;
        return IntStream.range(0, variants)
                .mapToObj(i -> request(host, body(random)))
                .toList();
    }

    private String body(Random random) {
        IntFunction<String> json = i -> "{\"key\":\"" + key(random) + "\",\"value\":" + (1 + random.nextInt(99)) + "}";
        return switch (this) {
            case FORM -> "key=" + key(random) + "&value=" + (1 + random.nextInt(99));
            case JSON, JSON_1000 -> json.apply(0);
            case ARRAY -> IntStream.range(0, increments).mapToObj(json).collect(Collectors.joining(",", "[", "]"));
            case TEXT ->
                IntStream.range(0, increments)
                        .mapToObj(i -> key(random) + " " + (1 + random.nextInt(99)) + "\n")
                        .collect(Collectors.joining());
        };
    }

    private static String key(Random random) {
        return "article-" + (100_000 + random.nextInt(KEYS));
    }

    private byte[] request(String host, String body) {
        List<String> lines = new ArrayList<>();
        lines.add("POST " + (increments == 1 ? "/increment" : "/increments") + " HTTP/1.1");
        lines.add("Host: " + host);
        lines.add("User-Agent: everycount-benchmarks");
        lines.add("Accept: */*");
        lines.add("Content-Type: " + contentType());
        lines.add("Content-Length: " + body.length());
        return (String.join("\r\n", lines) + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII);
    }

    private String contentType() {
        return switch (this) {
            case FORM -> "application/x-www-form-urlencoded";
            case JSON, JSON_1000, ARRAY -> "application/json";
            case TEXT -> "text/plain";
        };
    }
}
