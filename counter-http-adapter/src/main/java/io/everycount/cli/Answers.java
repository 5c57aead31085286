// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.everycount.http.exchange.Problem;
import java.io.IOException;
import java.net.SocketTimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Names the answer to a request in a few words, so that the same answers can be counted. */
final class Answers {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int CHARS_MAX = 100;

    private Answers() {}

    /** The status, and the title of a problem if the answer is one. */
    static String describe(int status, String contentType, byte[] body) {
        String title = contentType.startsWith(Problem.CONTENT_TYPE) ? title(body) : null;
        return title == null ? Integer.toString(status) : status + " " + Text.printable(title, CHARS_MAX);
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

    /** Why nothing was sent. */
    static String notConnected(IOException failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        if (cause instanceof SSLException) {
            return "no connection: TLS, " + Text.printable(String.valueOf(cause.getMessage()), CHARS_MAX);
        }
        return cause instanceof SocketTimeoutException ? "no connection in time" : "no connection";
    }
}
