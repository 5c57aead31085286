// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.util.Objects;

/** A value that appears in no message. Immutable. */
final class Secret {
    private final String value;

    Secret(String value) {
        this.value = Objects.requireNonNull(value, "value");
    }

    /** The value itself, for whoever has to send it. */
    String value() {
        return value;
    }

    /** That it is set, and how long it is. */
    @Override
    public String toString() {
        return value.isEmpty() ? "(empty)" : "(set, " + value.length() + " characters)";
    }
}
