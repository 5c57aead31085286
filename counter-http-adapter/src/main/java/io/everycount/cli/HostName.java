// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** What this machine calls itself. */
final class HostName {
    private static final int CHARS_MAX = 60;

    private HostName() {}

    /** The host's name, cut to what an instance may be called; {@code everycount} if it has none. */
    static String orDefault() {
        String name;
        try {
            name = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            name = "";
        }
        if (name.isBlank()) {
            return "everycount";
        }
        return name.length() <= CHARS_MAX ? name : name.substring(0, CHARS_MAX);
    }
}
