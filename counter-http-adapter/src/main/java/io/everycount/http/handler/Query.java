// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Shown;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters of a request's query, each known and given once at most. */
final class Query {
    private final Map<String, String> values = new HashMap<>();

    private Query() {}

    /**
     * @param query as sent; null if there is none
     * @param allowed the parameters that there are
     * @throws io.everycount.http.exchange.ProblemException 400 if it has others, or one twice
     */
    static Query of(@Nullable String query, String... allowed) {
        Query parsed = new Query();
        if (query == null || query.isEmpty()) {
            return parsed;
        }
        for (String part : query.split("&", -1)) {
            int equals = part.indexOf('=');
            String name = decoded((equals < 0 ? part : part.substring(0, equals)).replace('+', ' '), "the query");
            String value = equals < 0 ? "" : decoded(part.substring(equals + 1).replace('+', ' '), "the query");
            if (!java.util.List.of(allowed).contains(name)) {
                throw bad("The query has " + Shown.text(name) + "; allowed are " + String.join(", ", allowed) + ".");
            }
            if (parsed.values.putIfAbsent(name, value) != null) {
                throw bad("The query has " + Shown.text(name) + " twice.");
            }
        }
        return parsed;
    }

    /** The parameter, or an empty text if it was not given. */
    String text(String name) {
        return values.getOrDefault(name, "");
    }

    /** The parameter as a number. */
    int number(String name, int otherwise, int min, int max) {
        String given = values.get(name);
        if (given == null) {
            return otherwise;
        }
        if (given.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(given);
            if (number >= min && number <= max) {
                return number;
            }
        }
        throw bad(name + " is " + Shown.text(given) + "; " + min + " to " + max + " is allowed.");
    }

    /** 400. */
    static RuntimeException bad(String detail) {
        return Problem.of(400, "bad-query", "Query not understood", detail).asException();
    }

    /**
     * Undoes percent-encoding; a plus stays a plus.
     *
     * @throws io.everycount.http.exchange.ProblemException 400 if it is not properly encoded UTF-8
     */
    static String decoded(String encoded, String where) {
        byte[] bytes = new byte[3 * encoded.length()];
        int length = 0;
        for (int i = 0; i < encoded.length(); i++) {
            char c = encoded.charAt(i);
            if (c == '%') {
                int high = i + 1 < encoded.length() ? Character.digit(encoded.charAt(i + 1), 16) : -1;
                int low = i + 2 < encoded.length() ? Character.digit(encoded.charAt(i + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    throw bad("In " + where + " there is a % without two hexadecimal digits: " + Shown.text(encoded));
                }
                bytes[length++] = (byte) (16 * high + low);
                i += 2;
            } else if (c < 0x80) {
                bytes[length++] = (byte) c;
            } else {
                throw bad("In " + where + " there is a character that must be percent-encoded: " + Shown.text(encoded));
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw bad("In " + where + " there is percent-encoding that is not UTF-8: " + Shown.text(encoded));
        }
    }
}
