// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import io.everycount.LimitPolicy;

/**
 * What happens to increments that find no room.
 *
 * @param overflowKey the key to count them under; empty if they are rejected
 */
record OnLimit(String overflowKey) {
    private static final String OVERFLOW = "overflow:";

    /**
     * Reads {@code reject} or {@code overflow:KEY}.
     *
     * @throws IllegalArgumentException for anything else
     */
    static OnLimit parse(String text) {
        if (text.equals("reject")) {
            return new OnLimit("");
        }
        if (text.startsWith(OVERFLOW) && text.length() > OVERFLOW.length()) {
            return new OnLimit(text.substring(OVERFLOW.length()));
        }
        throw new IllegalArgumentException(text);
    }

    /** The same for the cache. */
    LimitPolicy policy() {
        return overflowKey.isEmpty() ? LimitPolicy.reject() : LimitPolicy.overflowTo(overflowKey);
    }
}
