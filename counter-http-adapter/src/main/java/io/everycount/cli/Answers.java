// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpResponse;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Names the answer to a request in a few words, so that the same answers can be counted. */
final class Answers {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int CHARS_MAX = 100;

    private Answers() {}

    /** The status, and the title of a problem if the answer has one. */
    static String describe(HttpResponse<byte[]> response) {
        String title = response.headers()
                .firstValue("Content-Type")
                .filter(type -> type.startsWith("application/problem+json"))
                .map(type -> title(response.body()))
                .orElse("");
        return response.statusCode() + (title.isEmpty() ? "" : " " + Text.printable(title, CHARS_MAX));
    }

    private static @Nullable String title(byte[] problem) {
        try (JsonParser json = JSON.createParser(problem)) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                    json.nextToken();
                    if (name.equals("title")) {
                        return json.getText();
                    }
                    json.skipChildren();
                }
            }
        } catch (IOException e) {
            // Not what it said it was; the status tells enough.
        }
        return null;
    }

    /** What went wrong. */
    static String describe(Throwable failure) {
        if (failure instanceof HttpConnectTimeoutException) {
            return "connecting took too long";
        }
        if (failure instanceof ConnectException) {
            return "no connection";
        }
        if (failure instanceof SSLException) {
            return "TLS: " + Text.printable(String.valueOf(failure.getMessage()), CHARS_MAX);
        }
        return "connection lost before the answer was complete";
    }
}
