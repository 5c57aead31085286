// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Problem;
import io.everycount.http.exchange.Shown;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What is said of bodies: their type in a request, and the types that a caller takes. */
final class MediaType {
    static final String FORM = "application/x-www-form-urlencoded";
    static final String JSON = "application/json";
    static final String NDJSON = "application/x-ndjson";
    static final String TEXT = "text/plain";

    private MediaType() {}

    /**
     * The type of a request's body, in lower case and without parameters.
     *
     * @param contentType the header; null if there is none
     * @param allowed what the endpoint takes, for the message
     * @throws io.everycount.http.exchange.ProblemException 415 if there is none, or it is not in UTF-8
     */
    static String ofBody(@Nullable String contentType, String allowed) {
        if (contentType == null) {
            throw unsupported("There is no Content-Type", allowed);
        }
        int parameters = contentType.indexOf(';');
        if (parameters < 0) {
            return contentType.strip().toLowerCase(Locale.ROOT);
        }
        for (String parameter : contentType.substring(parameters + 1).split(";", -1)) {
            String[] named = parameter.split("=", 2);
            if (named.length == 2 && named[0].strip().equalsIgnoreCase("charset")) {
                String charset = named[1].strip().replace("\"", "");
                if (!charset.equalsIgnoreCase("utf-8") && !charset.equalsIgnoreCase("us-ascii")) {
                    throw unsupported("The Content-Type was " + Shown.text(contentType) + "; only UTF-8", allowed);
                }
            }
        }
        return contentType.substring(0, parameters).strip().toLowerCase(Locale.ROOT);
    }

    /** 415. */
    static RuntimeException unsupported(String given, String allowed) {
        return Problem.of(
                        415,
                        "unsupported-media-type",
                        "Media type not supported",
                        given + "; this takes " + allowed + ".")
                .withHeader("Accept-Post", allowed)
                .asException();
    }

    /**
     * Checks that a caller takes a type.
     *
     * @param accept the header; null if there is none
     * @throws io.everycount.http.exchange.ProblemException 406 if not
     */
    static void requireAccepted(@Nullable String accept, String type) {
        if (accept == null || accept.equals("*/*")) {
            return;
        }
        String any = type.substring(0, type.indexOf('/')) + "/*";
        for (String part : accept.split(",", -1)) {
            String[] withParameters = part.split(";", -1);
            String range = withParameters[0].strip().toLowerCase(Locale.ROOT);
            if ((range.equals(type) || range.equals(any) || range.equals("*/*")) && !isZero(withParameters)) {
                return;
            }
        }
        throw Problem.of(
                        406,
                        "not-acceptable",
                        "No acceptable representation",
                        "Accept was " + Shown.text(accept) + "; there is only " + type + ".")
                .asException();
    }

    private static boolean isZero(String[] withParameters) {
        for (int i = 1; i < withParameters.length; i++) {
            if (withParameters[i].strip().matches("(?i)q=0(\\.0{0,3})?")) {
                return true;
            }
        }
        return false;
    }
}
