// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import io.everycount.http.exchange.RequestHead;
import java.util.Map;
import java.util.TreeMap;

/** A request with some headers. */
record Head(Map<String, String> headers, boolean isSecure) implements RequestHead {
    static Head of(String... namesAndValues) {
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return new Head(headers, false);
    }

    static Head bearer(KeyRing.Made made) {
        return of("Authorization", "Bearer " + made.credential());
    }

    @Override
    public String method() {
        return "GET";
    }

    @Override
    public String path() {
        return "/stats";
    }

    @Override
    public String query() {
        return null;
    }

    @Override
    public String header(String name) {
        return headers.get(name);
    }

    @Override
    public String remoteAddress() {
        return "192.0.2.7";
    }
}
