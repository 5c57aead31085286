// SPDX-License-Identifier: Apache-2.0
package io.everycount.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Where to listen.
 *
 * @param host a name or an IP address without brackets; empty for every address of this machine
 * @param port 0 to 65535; 0 lets the system choose
 */
record Address(String host, int port) {
    private static final String ALLOWED = "host:port, :port or [IPv6]:port is allowed";

    /**
     * Reads {@code 127.0.0.1:8080}, {@code :8080}, {@code [::1]:8080}.
     *
     * @throws IllegalArgumentException with what is allowed
     */
    static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException(ALLOWED);
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]") && host.indexOf(':') > 0) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0 || host.indexOf('[') >= 0 || host.indexOf('/') >= 0) {
            throw new IllegalArgumentException(ALLOWED + ", an IPv6 address in brackets");
        }
        if (host.equals("*")) {
            host = "";
        }
        return new Address(host, port(text.substring(colon + 1)));
    }

    private static int port(String text) {
        if (text.matches("[0-9]{1,5}")) {
            int port = Integer.parseInt(text);
            if (port <= 65_535) {
                return port;
            }
        }
        throw new IllegalArgumentException(ALLOWED + ", with a port from 0 to 65535");
    }

    /** Whether only this machine can reach it. */
    boolean isLoopback() {
        if (host.isEmpty()) {
            return false;
        }
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
