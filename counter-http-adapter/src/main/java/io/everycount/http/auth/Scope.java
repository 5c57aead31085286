// SPDX-License-Identifier: Apache-2.0
package io.everycount.http.auth;

import java.util.Locale;

/** What a key is good for. */
public enum Scope {
    /** Sending increments. */
    WRITE,
    /** Reading totals, statistics and metrics; logging in. */
    READ,
    /** Both, and whatever changes how a server works. */
    ADMIN;

    /** As it is written in key files and shown: in lower case. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
