// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.exchange;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Why a request was not done, as RFC 9457 has it. Immutable.
 *
 * @param status 400 to 599
 * @param type what kind it is, in lower case with hyphens; becomes {@code urn:everycount:problem:type}
 * @param title the kind in a few words, the same for all of that kind
 * @param detail what was given and what is allowed; never a secret
 * @param members more members: strings, numbers, booleans
 * @param headers more headers of the answer
 */
public record Problem(
        int status,
        String type,
        String title,
        String detail,
        Map<String, Object> members,
        Map<String, String> headers) {
    /** The media type of problems. */
    public static final String CONTENT_TYPE = "application/problem+json";

    /** A problem without more members and headers. */
    public static Problem of(int status, String type, String title, String detail) {
        return new Problem(status, type, title, detail, Map.of(), Map.of());
    }

    /** The same with one more member. */
    public Problem with(String member, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(members);
        more.put(member, value);
        return new Problem(status, type, title, detail, more, headers);
    }

    /** The same with one more header. */
    public Problem withHeader(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Problem(status, type, title, detail, members, more);
    }

    /** To be thrown. */
    public ProblemException asException() {
        return new ProblemException(this);
    }

    /** The answer: problem+json. */
    public Response toResponse() {
        Response response = Response.of(status, CONTENT_TYPE, Json.bytes(json -> {
            json.writeStartObject();
            json.writeStringField("type", "urn:everycount:problem:" + type);
            json.writeStringField("title", title);
            json.writeNumberField("status", status);
            json.writeStringField("detail", detail);
            for (Map.Entry<String, Object> member : members.entrySet()) {
                json.writeObjectField(member.getKey(), member.getValue());
            }
            json.writeEndObject();
        }));
        for (Map.Entry<String, String> header : headers.entrySet()) {
            response = response.with(header.getKey(), header.getValue());
        }
        return response;
    }
}
