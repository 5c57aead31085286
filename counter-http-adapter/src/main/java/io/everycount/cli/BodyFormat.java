// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.http.exchange.Json;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** How increments are written in a request. */
enum BodyFormat {
    /** One increment as a form. */
    FORM("application/x-www-form-urlencoded"),
    /** One increment as a JSON object, several as an array of them. */
    JSON(Json.CONTENT_TYPE),
    /** A line for each increment: key, space, delta. */
    LINES("text/plain");

    private final String contentType;

    BodyFormat(String contentType) {
        this.contentType = contentType;
    }

    String contentType() {
        return contentType;
    }

    /** Where requests with so many increments go. */
    String path(int increments) {
        return increments == 1 && this != LINES ? "/increment" : "/increments";
    }

    /**
     * A body that adds 1 to each key.
     *
     * @param keys one or more; one for {@link #FORM}; without white space for {@link #LINES}
     */
    byte[] body(List<String> keys) {
        boolean single = keys.size() == 1;
        return switch (this) {
            case FORM ->
                ("key=" + URLEncoder.encode(keys.get(0), StandardCharsets.UTF_8) + "&value=1")
                        .getBytes(StandardCharsets.UTF_8);
            case LINES -> {
                StringBuilder lines = new StringBuilder();
                keys.forEach(key -> lines.append(key).append(" 1\n"));
                yield lines.toString().getBytes(StandardCharsets.UTF_8);
            }
            case JSON ->
                Json.bytes(json -> {
                    if (!single) {
                        json.writeStartArray();
                    }
                    for (String key : keys) {
                        json.writeStartObject();
                        json.writeStringField("key", key);
                        json.writeNumberField("value", 1);
                        json.writeEndObject();
                    }
                    if (!single) {
                        json.writeEndArray();
                    }
                });
        };
    }
}
