// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.handler;

import io.everycount.http.exchange.Shown;
import org.jspecify.annotations.Nullable;

/** Where a page of totals by value ended: written as the value, a colon, and the key. */
record ValueCursor(long value, String key) {
    /** Null for an empty text: the first page. */
    static @Nullable ValueCursor parse(String text) {
        if (text.isEmpty()) {
            return null;
        }
        int colon = text.indexOf(':');
        if (colon > 0) {
            try {
                return new ValueCursor(Long.parseLong(text.substring(0, colon)), text.substring(colon + 1));
            } catch (NumberFormatException e) {
                // Said below.
            }
        }
        throw Query.bad("after is " + Shown.text(text)
                + "; with order=value it is a value, a colon and a key, as the page before had it in next.");
    }

    String text() {
        return value + ":" + key;
    }
}
